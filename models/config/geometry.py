"""The geometry of a core, fixed when it is built: its sizes, widths and datapath."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import ClassVar

from axonloop.models.checks import require, require_member, require_range, take_whole
from axonloop.models.config.terms import MAX_TERMS

DECAY_ONE = 4096
"""The decay factor that keeps its operand: factors are k / 4096."""
MAX_AXONS = 2048
MAX_NEURONS = 2048
MAX_CORES = 255
MAX_ENTRIES = 65536
_GEOMETRY_RANGES = {
    "axons": (1, MAX_AXONS),
    "neurons": (1, MAX_NEURONS),
    "lanes": (1, 64),
    "update_lanes": (1, 64),
    "trace_lanes": (1, 32),
    "multipliers": (1, 64),
    "weight_ports": (1, 2),
    "weight_bits": (2, 16),
    "state_bits": (8, 24),
    "trace_bits": (4, 16),
    "error_bits": (2, 8),
    "pq_bits": (1, 8),
    "delay_slots": (2, 16),
    "parameter_sets": (1, 16),
    "entries": (1, MAX_ENTRIES),
    "terms": (0, MAX_TERMS),
    "blank_out": (0, 1),
    "memristor": (0, 2),
    "mask": (0, 1),
    "threshold_noise": (0, 1),
}


class Layout(IntEnum):
    """The order of a row in the weight banks: bank = lane, or bank = (axon + lane) mod lanes."""

    PLAIN = 0
    SKEWED = 1


class Datapath(Enum):
    """The circuits that compute neurons, traces and weights; the results are the same.

    PARALLEL: pipelines of one or several lanes, which take a new word every cycle. SERIAL: one
    adder and one multiplier take one step after the other, in few logic cells.
    """

    PARALLEL = "parallel"
    SERIAL = "serial"


def ceil_log2(value: int) -> int:
    """Bits needed to count `value` things: ceil(log2(value)); 0 for one thing."""
    return (value - 1).bit_length()


@dataclass(frozen=True)
class Geometry:
    """The geometry that a core is built with; docs/contract.md, section 1, has the ranges.

    `MOST` is the most axons or neurons. Raises ValueError where a value is out of range or two
    values do not go together.
    """

    MOST: ClassVar[int] = MAX_NEURONS

    axons: int = 256
    neurons: int = 256
    lanes: int = 16
    update_lanes: int = 16
    trace_lanes: int = 8
    multipliers: int = 16
    weight_ports: int = 2
    layout: Layout = Layout.SKEWED
    weight_bits: int = 8
    state_bits: int = 16
    trace_bits: int = 12
    error_bits: int = 8
    pq_bits: int = 8
    delay_slots: int = 4
    parameter_sets: int = 4
    entries: int = 1024
    terms: int = 0
    blank_out: int = 0
    memristor: int = 0
    mask: int = 0
    threshold_noise: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "layout", require_member("layout", self.layout, Layout))
        take_whole(self, *_GEOMETRY_RANGES)
        for name, (low, high) in _GEOMETRY_RANGES.items():
            most = self.MOST if name in ("axons", "neurons") else high
            require_range(name, getattr(self, name), low, most)
        for name in ("lanes", "update_lanes", "trace_lanes", "multipliers", "delay_slots"):
            value = getattr(self, name)
            require(value & (value - 1) == 0, name, "a power of two", value)
        for name in ("update_lanes", "trace_lanes", "multipliers"):
            value = getattr(self, name)
            require(value <= self.lanes, name, f"at most lanes ({self.lanes})", value)
        for name in ("axons", "neurons"):
            value = getattr(self, name)
            require(value % self.lanes == 0, name, f"a multiple of lanes ({self.lanes})", value)
        if self.layout is Layout.PLAIN:
            require(self.multipliers == 1, "multipliers", "1 in the plain layout", self.multipliers)
        if self.terms == 0 or self.weight_bits < 8:
            told = "0 without terms, or with weights of fewer than 8 bits"
            require(self.memristor == 0, "memristor", told, self.memristor)

    @property
    def datapath(self) -> Datapath:
        """The datapath that a core of this geometry is built with.

        SERIAL where `update_lanes`, `trace_lanes` and `multipliers` are 1 and the core has none of
        terms, blank-out, mask and noise at the threshold. It follows from the fields and is none
        itself: so the words by which a chip identifies itself tell it, and hashes of builds and
        checkpoints stay as they are.
        """
        alone = self.trace_lanes == self.update_lanes == self.multipliers == 1
        optional = self.terms or self.blank_out or self.mask or self.threshold_noise
        serial = alone and not optional
        return Datapath.SERIAL if serial else Datapath.PARALLEL

    @property
    def convolutions(self) -> int:
        """Convolutions that the core may have; those of `ConvolutionGeometry` have some."""
        return 0

    @property
    def large(self) -> bool:
        """Say whether the core is larger than any that is built: only one with convolutions."""
        return False

    def require_small(self) -> None:
        """ValueError for a core that only models have, as words do not reach all of it."""

    @property
    def weight_rows(self) -> int:
        """Rows of the weight memory: axons."""
        return self.axons

    @property
    def weight_columns(self) -> int:
        """Columns of the weight memory: neurons."""
        return self.neurons

    @property
    def groups(self) -> int:
        """Neuron groups; a group is `lanes` neighbouring neurons."""
        return self.neurons // self.lanes

    @property
    def accumulator_bits(self) -> int:
        """Width that holds the sum of a weight from every axon exactly (signed)."""
        return self.weight_bits + ceil_log2(self.axons)

    @property
    def error_sum_bits(self) -> int:
        """Width of the two error registers of a neuron (signed, wrapping)."""
        return self.error_bits + 8

    @property
    def no_synapse(self) -> int:
        """The weight code that means: there is no synapse here."""
        return -(1 << (self.weight_bits - 1))

    @property
    def weight_max(self) -> int:
        return (1 << (self.weight_bits - 1)) - 1

    @property
    def state_max(self) -> int:
        return (1 << (self.state_bits - 1)) - 1

    @property
    def trace_max(self) -> int:
        return (1 << self.trace_bits) - 1

    @property
    def pq_max(self) -> int:
        return (1 << self.pq_bits) - 1

    @property
    def error_max(self) -> int:
        return (1 << (self.error_bits - 1)) - 1

    @property
    def max_delay(self) -> int:
        """Largest delay of a spike, in ticks beyond the next one: delay_slots - 2."""
        return self.delay_slots - 2

    @property
    def weight_container_bits(self) -> int:
        """Bits that one weight takes in a 32-bit word of the register map: 8 or 16."""
        return 8 if self.weight_bits <= 8 else 16

    @property
    def weights_per_word(self) -> int:
        """Weights in one 32-bit word of the register map."""
        return min(self.lanes, 32 // self.weight_container_bits)
