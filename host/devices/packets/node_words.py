"""Packets to a node's registers, and the words of its tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from axonloop.host.devices.packets.packing import Words, as_words
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ChipConfig, NodeGeometry
from axonloop.models.golden.processing import NodeConstants
from axonloop.models.protocol import (
    IS_HEARD,
    MAX_COUNT,
    NODE_CORE,
    Kind,
    NodeRegion,
    header,
    neuron_stride,
)


def write_node(region: NodeRegion, words: Any, offset: int = 0) -> Words:
    """WRITE packets to a node."""
    values, packets = as_words(words), []
    for start in range(0, values.size, MAX_COUNT):
        part = values[start : start + MAX_COUNT]
        head = [header(Kind.WRITE, NODE_CORE, part.size), region << 24 | offset + start]
        packets += [as_words(head), part]
    return np.concatenate(packets)


def read_node(region: NodeRegion, count: int, offset: int = 0) -> Words:
    """A READ packet to a node."""
    return as_words([header(Kind.READ, NODE_CORE, count), region << 24 | offset])


def node_tables(
    chip: ChipConfig, built: NodeGeometry, constants: NodeConstants, heard: Int32Array
) -> list[Words]:
    """Numbers of the neurons that are heard, and both matrices, as WRITE packets."""
    size = chip.geometry.neurons
    cores, neurons = np.divmod(np.asarray(heard), size)
    numbers = np.zeros((len(chip.cores), neuron_stride(size)), np.int64)
    numbers[cores, neurons] = 1 << IS_HEARD | np.arange(len(heard))
    own = (cores + chip.first) << 16 | neurons
    columns = np.zeros((built.neurons, built.pieces * built.lanes), np.int64)
    columns[: constants.neurons, : constants.classes] = constants.columns.T
    rows = np.zeros((built.groups, built.row_stride, built.lanes), np.int64)
    padded = np.zeros((constants.classes, built.groups * built.lanes), np.int64)
    padded[:, : constants.neurons] = constants.rows
    rows[:, : constants.classes] = padded.reshape(-1, built.groups, built.lanes).swapaxes(0, 1)
    return [
        write_node(region, words.ravel())
        for region, words in (
            (NodeRegion.NODE_NUMBER, numbers),
            (NodeRegion.CHIP_NUMBER, own),
            (NodeRegion.READOUT, columns),
            (NodeRegion.FEEDBACK, rows),
        )
    ]
