"""The register map, declared once: the RTL, the host and docs/contract.md read it from here.

An address is a 32-bit word: region in bits 31..24, offset in bits 23..0. Every word is 32 bits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import MAX_TERMS, Geometry, ceil_log2, parameter_max

MAGIC = 0x4158_4C50
"""Word 0 of a core: "AXLP" """
VERSION = 3
"""Version of the packets and of this map; a host refuses any other."""
PARAMETER_STRIDE = 32
"""Words between two parameter sets."""
COUNTER_BITS = 48


class Region(IntEnum):
    """Bits 31..24 of an address."""

    CONTROL = 0x00
    PARAMETERS = 0x01
    ROW = 0x02
    GROUP = 0x03
    BIAS = 0x04
    FANOUT = 0x05
    ENTRY = 0x06
    CURRENT = 0x10
    MEMBRANE = 0x11
    RESET = 0x12
    COUNTDOWN = 0x13
    BOX = 0x14
    SPIKE = 0x15
    TRACE_Z = 0x16
    TRACE_Q = 0x18
    TRACE_P = 0x19
    TRACE_PQ = 0x1A
    TRACE_QQ = 0x1B
    GATED = 0x1C
    UNGATED = 0x1D
    PENDING = 0x1E
    MARK = 0x1F
    WEIGHT = 0x20


class Control(IntEnum):
    """Offsets in Region.CONTROL. Those below TICK are read-only."""

    MAGIC = 0
    VERSION = 1
    CORE = 2
    AXONS = 3
    NEURONS = 4
    LANES = 5
    UPDATE_LANES = 6
    TRACE_LANES = 7
    MULTIPLIERS = 8
    WEIGHT_PORTS = 9
    LAYOUT = 10
    WEIGHT_BITS = 11
    STATE_BITS = 12
    TRACE_BITS = 13
    ERROR_BITS = 14
    PQ_BITS = 15
    DELAY_SLOTS = 16
    PARAMETER_SETS = 17
    ENTRIES = 18
    COLUMNS = 19
    ROWS = 20
    TERMS = 21
    BLANK_OUT = 22
    TICK = 24
    SEED = 25
    LEARNED = 26
    MODULATION = 27
    COUNTERS = 32


class Counter(IntEnum):
    """Counters; number n lies at Control.COUNTERS + 2 n (low 32 bits) and + 2 n + 1 (high 16)."""

    TICKS = 0
    SPIKES = 1
    EVENTS = 2
    SYNOPS = 3
    ERRORS = 4
    VISITS = 5
    UPDATES = 6
    SATURATIONS = 7
    COLLISIONS = 8
    FAULTS = 9
    CYCLES = 10
    STALLS = 11
    NORTH = 12
    EAST = 13
    SOUTH = 14
    WEST = 15
    LOCAL = 16


RTL_COUNTERS = (Counter.FAULTS, Counter.CYCLES, Counter.STALLS)
"""Counters of the RTL alone."""
MODEL_COUNTERS = tuple(counter for counter in Counter if counter not in RTL_COUNTERS)
"""Counters that every device has, with equal values."""
PORT_COUNTERS = (Counter.NORTH, Counter.EAST, Counter.SOUTH, Counter.WEST, Counter.LOCAL)
"""Spikes that a router passed on, by port."""


def chip_counters(
    table: NDArray[np.int64], counted: Iterable[Counter] = MODEL_COUNTERS
) -> dict[Counter, int]:
    """A chip's counters from those of its cores, int64 `(cores, len(Counter))`.

    Ticks and cycles are those of the first core, all others sums.
    """
    found = {counter: int(table[:, counter].sum()) for counter in counted}
    shared = (Counter.TICKS, Counter.CYCLES)
    return found | {counter: int(table[0, counter]) for counter in shared if counter in found}


STATE_REGIONS: tuple[Region, ...] = (
    Region.CURRENT,
    Region.MEMBRANE,
    Region.RESET,
    Region.COUNTDOWN,
    Region.BOX,
    Region.SPIKE,
    Region.TRACE_Q,
    Region.TRACE_P,
    Region.TRACE_PQ,
)
"""The state words of a tick that every build has, in the order in which trace_hash takes them."""
PER_AXON = frozenset(
    {Region.TRACE_Q, Region.TRACE_P, Region.TRACE_PQ, Region.TRACE_QQ, Region.MARK}
)
"""State arrays with a word per axon; all others but PENDING have one per neuron."""
TERM_REGIONS: tuple[Region, ...] = (Region.TRACE_Z, Region.TRACE_QQ, Region.MARK)
"""State words of builds with terms; they follow the others."""


def state_regions(geometry: Geometry) -> tuple[Region, ...]:
    """Every state word of a tick, in the order in which trace_hash takes them."""
    return STATE_REGIONS + (TERM_REGIONS if geometry.terms else ())


def writable(geometry: Geometry) -> tuple[Region, ...]:
    """State arrays that a host may write; a snapshot holds them."""
    return (*state_regions(geometry), Region.PENDING)


def readable(geometry: Geometry) -> tuple[Region, ...]:
    """State arrays that a host may read."""
    return (*writable(geometry), Region.GATED, Region.UNGATED)


PARAMETER_INDEX = {name: index for index, name in enumerate(parameter_max(Geometry()))} | {
    "qq_shift": 18,
    "blank": 19,
    "zeta": 20,
    "z_inc": 21,
    "z_shift": 22,
    **{f"term_{k}": 24 + k for k in range(MAX_TERMS)},
}
"""Offset of each register inside its parameter set."""


@dataclass(frozen=True)
class Field:
    """Bits `low .. low + width - 1` of a word."""

    low: int
    width: int


ROW_FIELDS = {
    "first_group": Field(0, 12),
    "groups": Field(12, 12),
    "parameter_set": Field(24, 4),
    "plastic": Field(28, 1),
    "always_on": Field(29, 1),
}
GROUP_FIELDS = {"parameter_set": Field(0, 4), "report": Field(4, 1)}
FANOUT_FIELDS = {"first": Field(0, 16), "count": Field(16, 16)}


def pack(fields: dict[str, Field], **values: int) -> int:
    """One word from named values; every field must be given and must fit."""
    if values.keys() != fields.keys():
        raise ValueError(f"fields must be {sorted(fields)}, not {sorted(values)}")
    word = 0
    for name, value in values.items():
        if not 0 <= int(value) < 1 << fields[name].width:
            raise ValueError(f"{name} must be in 0..{(1 << fields[name].width) - 1}, not {value!r}")
        word |= int(value) << fields[name].low
    return word


def unpack(fields: dict[str, Field], word: int) -> dict[str, int]:
    """Named values of a word."""
    return {name: word >> f.low & (1 << f.width) - 1 for name, f in fields.items()}


def address(region: Region, offset: int = 0) -> int:
    """The 32-bit address of a word."""
    return region << 24 | offset


def weight_stride(geometry: Geometry) -> int:
    """Words between two rows of Region.WEIGHT: the words of a row, up to a power of two."""
    return 1 << ceil_log2(geometry.neurons // geometry.weights_per_word)


def pending_stride(geometry: Geometry) -> int:
    """Words between two slots of Region.PENDING: the words of a slot, up to a power of two."""
    return 1 << ceil_log2(geometry.axons // geometry.trace_lanes)


def region_words(geometry: Geometry) -> dict[Region, int]:
    """Number of words of every region of a core."""
    axons, neurons = geometry.axons, geometry.neurons
    per_neuron = (
        Region.BIAS,
        Region.FANOUT,
        Region.CURRENT,
        Region.MEMBRANE,
        Region.RESET,
        Region.COUNTDOWN,
        Region.BOX,
        Region.SPIKE,
        Region.GATED,
        Region.UNGATED,
    )
    words = {
        Region.CONTROL: Control.COUNTERS + 2 * len(Counter),
        Region.PARAMETERS: PARAMETER_STRIDE * geometry.parameter_sets,
        Region.ROW: axons,
        Region.GROUP: geometry.groups,
        Region.ENTRY: geometry.entries,
        Region.TRACE_Q: axons,
        Region.TRACE_P: axons,
        Region.TRACE_PQ: axons,
        Region.PENDING: geometry.delay_slots * pending_stride(geometry),
        Region.WEIGHT: axons * weight_stride(geometry),
    }
    if geometry.terms:
        words |= {Region.TRACE_Z: neurons, Region.TRACE_QQ: axons, Region.MARK: axons}
    return words | dict.fromkeys(per_neuron, neurons)


READ_ONLY = frozenset({Region.GATED, Region.UNGATED})
"""Regions that cannot be written: error registers are filled by error events alone."""


def value_bits(geometry: Geometry) -> dict[Region, tuple[int, bool]]:
    """Width of the value in a word of every state region, and whether it is signed.

    Signed values are sign-extended to 32 bits when read; a write keeps the low bits.
    """
    state, sums = (geometry.state_bits, True), (geometry.error_sum_bits, True)
    return {
        Region.BIAS: state,
        Region.CURRENT: state,
        Region.MEMBRANE: state,
        Region.RESET: state,
        Region.COUNTDOWN: (6, False),
        Region.BOX: (1, False),
        Region.SPIKE: (1, False),
        Region.TRACE_Q: (geometry.trace_bits, False),
        Region.TRACE_P: (geometry.trace_bits, False),
        Region.TRACE_PQ: (geometry.pq_bits, False),
        Region.GATED: sums,
        Region.UNGATED: sums,
        Region.PENDING: (geometry.trace_lanes, False),
        Region.TRACE_Z: (geometry.trace_bits, False),
        Region.TRACE_QQ: (geometry.pq_bits, False),
        Region.MARK: (2, False),
    }


def state_limits(geometry: Geometry, region: Region) -> tuple[int, int]:
    """Smallest and largest value of a word of a state array.

    Signed words may take all of their bits: -2^(b-1) too, which only a host can bring about.
    """
    bits, signed = value_bits(geometry)[region]
    bits = 1 if region == Region.PENDING else bits
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)


def parameter_bits(geometry: Geometry) -> dict[str, int]:
    """Width of every register of a parameter set (all unsigned)."""
    return {name: limit.bit_length() for name, limit in parameter_max(geometry).items()}


def set_bits(geometry: Geometry) -> int:
    """Bits that name a parameter set; none where there is one only."""
    return ceil_log2(geometry.parameter_sets)
