"""The regions of a core's registers, each described once.

`Region` is the table of docs/contract.md, section 7. The register map, the golden model, the
batched emulator and its compiled kernels take names, sizes and widths from it: a new state region
is one entry here, and a state array of its `key` in the part of each model that computes it.
"""

from __future__ import annotations

from enum import Enum, IntEnum, StrEnum
from functools import lru_cache

from axonloop.models.checks import require
from axonloop.models.config import TABLE_WORDS, Geometry, ceil_log2
from axonloop.models.protocol.registers import (
    CONVOLUTION_STRIDE,
    PARAMETER_STRIDE,
    Control,
    Counter,
)


class Owner(Enum):
    """The owners of words in a region: all owners of a kind have equally many of them."""

    CORE = "core"
    TABLES = "tables of a core's memristors"
    SET = "parameter set"
    CONVOLUTION = "convolution"
    GROUP = "group of neurons"
    AXON = "axon"
    NEURON = "neuron"
    ENTRY = "entry of the fan-out table"
    SLOT = "delay slot"
    ROW = "row of weights"


class Use(StrEnum):
    """The use of a region.

    SETTING: registers, tables and weights. The others are state arrays: TRACED ones are read,
    written, kept in snapshots and hashed by trace_hash after every tick; SAVED ones are not
    hashed; SUMS, of error events, can only be read.
    """

    SETTING = "setting"
    TRACED = "traced"
    SAVED = "saved"
    SUMS = "sums"


class Region(IntEnum):
    """Bits 31..24 of an address, and what lies there.

    Members
    -------
    owner : what has words of the region
    use : what the region is for
    bits : width of a value of a state array: a number, or the field of `Geometry` that is it
    signed : whether that value is signed
    needs : the field of `Geometry` that must not be 0 in a build with this region; "" for all
    """

    _value_: int
    owner: Owner
    use: Use
    bits: int | str
    signed: bool
    needs: str

    def __new__(
        cls,
        code: int,
        owner: Owner = Owner.CORE,
        use: Use = Use.SETTING,
        bits: int | str = 32,
        signed: bool = False,
        needs: str = "",
    ) -> Region:
        """A member with the number `code`."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.owner, member.use, member.bits = owner, use, bits
        member.signed, member.needs = signed, needs
        return member

    CONTROL = 0x00, Owner.CORE
    PARAMETERS = 0x01, Owner.SET
    ROW = 0x02, Owner.AXON
    GROUP = 0x03, Owner.GROUP
    BIAS = 0x04, Owner.NEURON, Use.SETTING, "state_bits", True
    FANOUT = 0x05, Owner.NEURON
    ENTRY = 0x06, Owner.ENTRY
    MEMRISTOR = 0x07, Owner.TABLES, Use.SETTING, 16, False, "memristor"
    ROW_LOSS = 0x08, Owner.AXON, Use.SETTING, 8, False, "mask"
    COLUMN_LOSS = 0x09, Owner.NEURON, Use.SETTING, 8, False, "mask"
    CONVOLUTION = 0x0A, Owner.CONVOLUTION, Use.SETTING, 32, False, "convolutions"
    CURRENT = 0x10, Owner.NEURON, Use.TRACED, "state_bits", True
    MEMBRANE = 0x11, Owner.NEURON, Use.TRACED, "state_bits", True
    RESET = 0x12, Owner.NEURON, Use.TRACED, "state_bits", True
    COUNTDOWN = 0x13, Owner.NEURON, Use.TRACED, 6
    BOX = 0x14, Owner.NEURON, Use.TRACED, 1
    SPIKE = 0x15, Owner.NEURON, Use.TRACED, 1
    TRACE_Z = 0x16, Owner.NEURON, Use.TRACED, "trace_bits", False, "terms"
    TRACE_Q = 0x18, Owner.AXON, Use.TRACED, "trace_bits"
    TRACE_P = 0x19, Owner.AXON, Use.TRACED, "trace_bits"
    TRACE_PQ = 0x1A, Owner.AXON, Use.TRACED, "pq_bits"
    TRACE_QQ = 0x1B, Owner.AXON, Use.TRACED, "pq_bits", False, "terms"
    GATED = 0x1C, Owner.NEURON, Use.SUMS, "error_sum_bits", True
    UNGATED = 0x1D, Owner.NEURON, Use.SUMS, "error_sum_bits", True
    PENDING = 0x1E, Owner.SLOT, Use.SAVED, 1
    MARK = 0x1F, Owner.AXON, Use.TRACED, 2, False, "terms"
    WEIGHT = 0x20, Owner.ROW

    @property
    def key(self) -> str:
        """The name of the state array in models and snapshots: that of the member, lower case."""
        return self.name.lower()

    def built(self, geometry: Geometry) -> bool:
        """Say whether a core of this geometry has the region."""
        return not self.needs or bool(getattr(geometry, self.needs))

    def width(self, geometry: Geometry) -> int:
        """Bits of a value: of a state word, a bias, or the spike of an axon in a slot."""
        return self.bits if isinstance(self.bits, int) else int(getattr(geometry, self.bits))


@lru_cache(maxsize=64)
def _used(geometry: Geometry, *uses: Use) -> tuple[Region, ...]:
    """The regions of these uses, in their order; of each use, what every build has comes first."""
    built = [region for region in Region if region.use in uses and region.built(geometry)]
    return tuple(sorted(built, key=lambda each: (uses.index(each.use), bool(each.needs))))


def state_regions(geometry: Geometry) -> tuple[Region, ...]:
    """Every state word of a tick, in the order in which trace_hash takes them."""
    return _used(geometry, Use.TRACED)


def writable(geometry: Geometry) -> tuple[Region, ...]:
    """State arrays that a host may write; a snapshot holds them."""
    return _used(geometry, Use.TRACED, Use.SAVED)


def readable(geometry: Geometry) -> tuple[Region, ...]:
    """State arrays that a host may read."""
    return _used(geometry, Use.TRACED, Use.SAVED, Use.SUMS)


def check_region(region: Region, allowed: tuple[Region, ...]) -> Region:
    """A region among those `allowed`."""
    names = ", ".join(entry.name for entry in allowed)
    require(region in allowed, "region", f"one of {names}", getattr(region, "name", region))
    return Region(region)


READ_ONLY = frozenset(region for region in Region if region.use is Use.SUMS)
"""Regions that cannot be written: error registers are filled by error events alone."""


def address(region: Region, offset: int = 0) -> int:
    """The 32-bit address of a word."""
    return region << 24 | offset


def weight_stride(geometry: Geometry) -> int:
    """Words between two rows of Region.WEIGHT: the words of a row, up to a power of two."""
    return 1 << ceil_log2(geometry.weight_columns // geometry.weights_per_word)


def pending_stride(geometry: Geometry) -> int:
    """Words between two slots of Region.PENDING: the words of a slot, up to a power of two."""
    return 1 << ceil_log2(geometry.axons // geometry.trace_lanes)


def region_words(geometry: Geometry) -> dict[Region, int]:
    """Number of words of every region of a core."""
    words = {
        Owner.CORE: Control.COUNTERS + 2 * len(Counter),
        Owner.TABLES: 4 * TABLE_WORDS + 2,
        Owner.SET: geometry.parameter_sets * PARAMETER_STRIDE,
        Owner.CONVOLUTION: geometry.convolutions * CONVOLUTION_STRIDE,
        Owner.GROUP: geometry.groups,
        Owner.AXON: geometry.axons,
        Owner.NEURON: geometry.neurons,
        Owner.ENTRY: geometry.entries,
        Owner.SLOT: geometry.delay_slots * pending_stride(geometry),
        Owner.ROW: geometry.weight_rows * weight_stride(geometry),
    }
    return {region: words[region.owner] for region in Region if region.built(geometry)}


def value_bits(geometry: Geometry) -> dict[Region, tuple[int, bool]]:
    """Width of the value in a word of state, biases and tables, and whether it is signed.

    Signed values are sign-extended to 32 bits when read; a write keeps the low bits. A word of
    PENDING holds the bits of `trace_lanes` axons.
    """
    axons = {Owner.SLOT: geometry.trace_lanes}
    return {
        region: (region.width(geometry) * axons.get(region.owner, 1), region.signed)
        for region in Region
        if region.use is not Use.SETTING or region.bits != 32
    }


def state_limits(geometry: Geometry, region: Region) -> tuple[int, int]:
    """Smallest and largest value of a word of a state array.

    Signed words may take all of their bits: -2^(b-1) too, which only a host can bring about.
    """
    half = 1 << (region.width(geometry) - 1)
    return (-half, half - 1) if region.signed else (0, 2 * half - 1)
