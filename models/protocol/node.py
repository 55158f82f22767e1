"""The registers of a processing node: docs/contract.md, section 13.1."""

from __future__ import annotations

from enum import IntEnum

from axonloop.models.config import NodeGeometry, ceil_log2
from axonloop.models.protocol.registers import Field

NODE_MAGIC = 0x41584E44
NODE_CORE = 254
"""The number that a node has in packets."""
IS_HEARD = 11
"""Bit of a word of the region NODE_NUMBER."""
HEARS, TELLS, SILENT = 1, 2, 4
"""Bits of the register HEARS: the node hears, tells the host its spikes, lets no spikes and no
answers to TICKs through to the host."""
MAP = 11
"""Kind of the packets that are maps of spikes: only a chip with a node takes them."""
MAP_FIRST, MAP_COUNT, MAP_TICK = Field(0, 11), Field(11, 8), Field(19, 1)
"""The argument of a MAP packet."""
MAP_BITS = 32
"""Axons in a word of a map."""


class NodeRegion(IntEnum):
    """Bits 31..24 of an address in a node, and what lies there."""

    REGISTERS = 0x00
    READOUT = 0x01
    FEEDBACK = 0x02
    NODE_NUMBER = 0x03
    CHIP_NUMBER = 0x04
    LEVEL = 0x10
    HEARD = 0x11
    GRADIENT = 0x12
    RESIDUE = 0x13
    HEIGHT = 0x14
    PROGRAM = 0x20
    TAPE = 0x21


class NodeRegister(IntEnum):
    """Words of the region REGISTERS, by offset."""

    MAGIC = 0
    MOST_NEURONS = 1
    MOST_CLASSES = 2
    LANES = 3
    PHASE = 4
    COMMAND = 5
    NEURONS = 6
    CLASSES = 7
    LEAK = 8
    RISE = 9
    SCALE = 10
    SCALE_SHIFT = 11
    ENCODER = 12
    LIMIT = 13
    WANTED = 14
    SHARE = 15
    SLOWNESS = 16
    CONTROL = 17
    EVENTS = 18
    CLIPPED = 19
    HEARS = 20
    RUNS = 21
    FAILED = 22
    SUM = 23
    PROGRAM = 24
    SPIKES = 25
    WHERE = 26
    GUARD = 27
    TAPE = 28
    LENGTH = 29
    PASSES = 30


class NodePhase(IntEnum):
    """What an engine does: the register PHASE."""

    LISTENING = 0
    WORKING = 1
    WAITING = 2


class NodeCommand(IntEnum):
    """What is written to the register COMMAND."""

    BEGIN = 1
    DONE = 2
    TEACH = 3


def readout_offset(geometry: NodeGeometry, neuron: int, output: int = 0) -> int:
    """Offset in the region READOUT of the weight G of `output` and `neuron`."""
    return neuron * geometry.pieces * geometry.lanes + output


def feedback_offset(geometry: NodeGeometry, neuron: int, output: int = 0) -> int:
    """Offset in the region FEEDBACK of the weight F of `output` and `neuron`."""
    group, lane = divmod(neuron, geometry.lanes)
    return (group * geometry.row_stride + output) * geometry.lanes + lane


def neuron_stride(neurons: int) -> int:
    """Words of the region NODE_NUMBER for a core of so many neurons: up to a power of two."""
    return 1 << ceil_log2(neurons)


def node_region_words(
    geometry: NodeGeometry, cores: int = 1, neurons: int = 1
) -> dict[NodeRegion, int]:
    """Words of each region of a node beside a chip of so many cores, of so many neurons each."""
    return {
        NodeRegion.REGISTERS: len(NodeRegister),
        NodeRegion.READOUT: geometry.neurons * geometry.pieces * geometry.lanes,
        NodeRegion.FEEDBACK: geometry.groups * geometry.row_stride * geometry.lanes,
        NodeRegion.NODE_NUMBER: cores * neuron_stride(neurons),
        NodeRegion.CHIP_NUMBER: geometry.neurons,
        NodeRegion.LEVEL: geometry.classes,
        NodeRegion.HEARD: geometry.classes,
        NodeRegion.GRADIENT: geometry.classes,
        NodeRegion.RESIDUE: geometry.neurons,
        NodeRegion.HEIGHT: geometry.classes,
        NodeRegion.PROGRAM: geometry.program,
        NodeRegion.TAPE: geometry.tape,
    }
