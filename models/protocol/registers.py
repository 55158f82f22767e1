"""The words of the register map: control, counters, parameters, descriptors.

An address is a 32-bit word: region in bits 31..24, offset in bits 23..0. Every word is 32 bits.
`regions` says which regions there are; the RTL and the host read both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import (
    CONVOLUTION_RANGES,
    MAX_TERMS,
    Geometry,
    ceil_log2,
    parameter_max,
)

MAGIC = 0x4158_4C50
"""Word 0 of a core: "AXLP" """
VERSION = 4
"""Version of the packets and of this map; a host refuses any other."""
CONVOLUTION_VERSION = 5
"""That of cores with convolutions."""
PARAMETER_STRIDE = 32
"""Words between two parameter sets."""
CONVOLUTION_STRIDE = 16
"""Words between two descriptors of convolutions."""
COUNTER_BITS = 48


class Control(IntEnum):
    """Offsets in Region.CONTROL. Those below TICK are read-only, and so are CONVOLUTIONS and
    KERNELS, which only cores with convolutions have."""

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
    MEMRISTOR = 23
    MASK = 24
    THRESHOLD_NOISE = 25
    TICK = 26
    SEED = 27
    LEARNED = 28
    MODULATION = 29
    CONVOLUTIONS = 30
    KERNELS = 31
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
    WRITES = 17


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


PARAMETER_INDEX = {name: index for index, name in enumerate(parameter_max(Geometry()))} | {
    "qq_shift": 18,
    "blank": 19,
    "zeta": 20,
    "z_inc": 21,
    "z_shift": 22,
    "temperature": 23,
    **{f"term_{k}": 24 + k for k in range(MAX_TERMS)},
    "cycle_to_cycle": 28,
    "device_to_device": 29,
}
"""Offset of each register inside its parameter set."""
CONVOLUTION_INDEX = {name: index for index, name in enumerate(CONVOLUTION_RANGES)}
"""Offset of each register inside the descriptor of a convolution."""


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
ENTRY_FIELDS = {"axon": Field(0, 16), "delay": Field(16, 4), "core": Field(20, 8)}


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


def parameter_bits(geometry: Geometry) -> dict[str, int]:
    """Width of every register of a parameter set (all unsigned)."""
    return {name: limit.bit_length() for name, limit in parameter_max(geometry).items()}


def version_of(geometry: Geometry) -> int:
    """The version that a core of this geometry tells."""
    return CONVOLUTION_VERSION if geometry.convolutions else VERSION


def kernels_word(geometry: Geometry) -> int:
    """Word `Control.KERNELS`: rows and columns of the weights of a core with convolutions."""
    return geometry.weight_columns << 16 | geometry.weight_rows


def set_bits(geometry: Geometry) -> int:
    """Bits that name a parameter set; none where there is one only."""
    return ceil_log2(geometry.parameter_sets)
