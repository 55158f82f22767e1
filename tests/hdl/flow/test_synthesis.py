"""Smoke synthesis for two FPGA families: memories and multipliers land where they should."""

import re

import pytest
from amaranth.back import rtlil

from axonloop.hdl.boards import BoardTop
from axonloop.hdl.boards.icebreaker import ICEBREAKER
from axonloop.hdl.chip import Chip
from axonloop.hdl.flow import synthesise
from axonloop.hdl.flow.synthesis import design_text
from axonloop.models.config import Geometry

ECP5 = Geometry(update_lanes=4, trace_lanes=4, parameter_sets=2)
"""256 x 256, 16 lanes, skewed."""


@pytest.mark.slow
@pytest.mark.synth
def test_ecp5(tmp_path):
    cells = synthesise(Chip(ECP5), "ecp5", tmp_path)
    print(cells)
    weights = ECP5.axons * ECP5.neurons * ECP5.weight_bits // (16 * 1024)
    assert weights <= cells["DP16KD"] <= weights + 24
    # One per synapse updated in a cycle, three per neuron, two per axon.
    assert cells["MULT18X18D"] == ECP5.multipliers + 3 * ECP5.update_lanes + 2 * ECP5.trace_lanes
    assert cells["LUT4"] <= 17000


@pytest.mark.slow
@pytest.mark.synth
def test_a_learning_core_with_its_link_fits_ice40(tmp_path):
    """256 x 256 weights of 8 bits in single-port memory; cells of an iCE40UP5K, some to spare.

    A logic cell holds a LUT and a register; about one register in three finds no LUT to go with.
    """
    geometry = ICEBREAKER.build.geometry
    assert geometry.axons * geometry.neurons >= 64 * 1024
    cells = synthesise(BoardTop(ICEBREAKER, ICEBREAKER.build), "ice40", tmp_path)
    print(cells)
    assert cells["SB_SPRAM256KA"] == 2
    assert cells["SB_RAM40_4K"] <= 30
    assert cells["SB_MAC16"] <= 8
    registers = sum(count for name, count in cells.items() if name.startswith("SB_DFF"))
    assert cells["SB_LUT4"] <= 4300
    assert registers <= 1600


def test_no_wire_is_named_like_a_bit_of_another():
    """ABC9 took the register `sets[0]` for bit 0 of `sets`: 32 lanes on an ECP5 did not map."""
    chip = Chip(Geometry(axons=8, neurons=8, entries=8, lanes=2, update_lanes=2, trace_lanes=2,
                         multipliers=2, parameter_sets=2))  # fmt: skip
    bracket = re.compile(r"\\\S+\[")
    assert bracket.search(rtlil.convert(chip, name="chip", emit_src=False))
    text = design_text(chip, "chip", "ecp5")
    assert not bracket.search(text)
    assert "sets<1>.pq_on" in text
    assert re.search(r" \\\S+ \[\d+:\d+\]", text), "slices stay"


def test_unknown_family(tmp_path):
    with pytest.raises(ValueError, match="family must be one of"):
        synthesise(None, "vertex", tmp_path)
