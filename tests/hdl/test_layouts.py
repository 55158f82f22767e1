"""Layouts of words between parts: no wider than what they number."""

from __future__ import annotations

from axonloop.hdl.common.state import flags_layout
from axonloop.hdl.convolution.shapes import shape_layout
from axonloop.hdl.parallel.neuron_traces import swept_layout
from axonloop.models.config import ConvolutionGeometry, Geometry

GEOMETRY = Geometry(neurons=64, update_lanes=4)


def test_words_of_neurons_are_numbered_by_as_many_bits_as_there_are_words():
    for layout in (flags_layout(GEOMETRY), swept_layout(GEOMETRY)):
        assert layout["index"].width == 4


def test_a_channel_may_be_all_axons_and_a_row_of_positions_all_groups():
    layout = shape_layout(ConvolutionGeometry(axons=64, neurons=64))
    assert layout["area"].width == 7
    assert layout["row_groups"].width == 3
