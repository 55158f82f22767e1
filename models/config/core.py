"""The configuration that builds the golden model, the RTL, the emulators and the host.

`Geometry` is fixed when a core is built. Everything else in `CoreConfig` is a register or a
table that the host writes at run time. All values are checked here, once; no other place
carries a width or a range. The page docs/contract.md is the normative text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from axonloop.models.checks import require, require_member, require_range
from axonloop.models.config.terms import MAX_ETA_SHIFT, MAX_TERMS, Term

DECAY_ONE = 4096
"""The decay factor that keeps its operand: factors are k / 4096."""
MAX_AXONS = 2048
MAX_NEURONS = 2048
MAX_CORES = 255
MAX_ENTRIES = 65536


class ResetMode(IntEnum):
    """What a spike does to its neuron's membrane V."""

    NONE = 0
    ZERO = 1
    SUBTRACT = 2


class Rounding(IntEnum):
    """How a weight update is rounded to a whole number."""

    STOCHASTIC = 0
    NEAREST = 1


class Layout(IntEnum):
    """How a row lies over the weight banks: bank = lane, or bank = (axon + lane) mod lanes."""

    PLAIN = 0
    SKEWED = 1


def ceil_log2(value: int) -> int:
    """Bits needed to count `value` things: ceil(log2(value)); 0 for one thing."""
    return (value - 1).bit_length()


@dataclass(frozen=True)
class Geometry:
    """What a core is built with.

    Raises ValueError where a value is out of range or two values do not go together.
    """

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

    def __post_init__(self) -> None:
        object.__setattr__(self, "layout", require_member("layout", self.layout, Layout))
        for name, (low, high) in _GEOMETRY_RANGES.items():
            require_range(name, getattr(self, name), low, high)
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
        """Largest delay of a spike, in ticks beyond the shortest way: delay_slots - 2."""
        return self.delay_slots - 2

    @property
    def weight_container_bits(self) -> int:
        """Bits that one weight takes in a 32-bit word of the register map: 8 or 16."""
        return 8 if self.weight_bits <= 8 else 16

    @property
    def weights_per_word(self) -> int:
        """Weights in one 32-bit word of the register map."""
        return min(self.lanes, 32 // self.weight_container_bits)


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
}


OPTIONAL = ("qq_shift", "blank", "zeta", "z_inc", "z_shift")
"""Registers that only builds with terms or `blank_out` have, as the terms themselves."""


@dataclass(frozen=True)
class ParameterSet:
    """The registers that a population shares; ranges in docs/contract.md, section 4.

    Decays are in 1/4096. Neuron groups use the first block, `eta_shift`, `rounding` and the last
    block; axons use the second block, `qq_shift` and `blank`. A set without terms learns by the
    plain error-triggered rule. `CoreConfig` checks the ranges, which depend on the geometry.
    """

    alpha_n: int = 3686
    beta_n: int = 3277
    gamma: int = 0
    rho: int = 0
    theta: int = 1024
    box: int = 1024
    w_exp: int = 4
    i_shift: int = 0
    reset_mode: ResetMode = ResetMode.ZERO
    refractory: int = 0

    alpha_p: int = 3686
    beta_p: int = 3277
    q_inc: int = 256
    p_shift: int = 0
    pq_shift: int = 4
    pq_on: int = 64

    eta_shift: int = 12
    rounding: Rounding = Rounding.STOCHASTIC

    qq_shift: int = 0
    blank: int = 0

    zeta: int = 0
    z_inc: int = 0
    z_shift: int = 0
    terms: tuple[Term, ...] = ()

    def __post_init__(self) -> None:
        for name, kind in (("reset_mode", ResetMode), ("rounding", Rounding)):
            object.__setattr__(self, name, require_member(name, getattr(self, name), kind))
        listed = isinstance(self.terms, list | tuple)
        known = listed and all(isinstance(term, Term) for term in self.terms)
        require(known, "terms", "a tuple of Term", self.terms)
        object.__setattr__(self, "terms", tuple(self.terms))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ParameterSet:
        """The inverse of `dataclasses.asdict`; TypeError for an unknown field."""
        terms = tuple(Term(**entry) for entry in data.get("terms", ()))
        return cls(**{**data, "terms": terms})

    def register(self, name: str) -> int:
        """The word of a register by its name, `term_0` to `term_3` included."""
        if not name.startswith("term_"):
            return int(getattr(self, name))
        index = int(name.removeprefix("term_"))
        return self.terms[index].word if index < len(self.terms) else 0

    def require_ranges(self, geometry: Geometry, before: str = "", after: str = "") -> None:
        """ValueError for a register out of range, built or not; `before` its name, and `after`."""
        limits = parameter_max(dataclasses.replace(geometry, terms=MAX_TERMS, blank_out=1))
        for entry in dataclasses.fields(self):
            if entry.name != "terms":
                value = getattr(self, entry.name)
                require_range(f"{before}{entry.name}{after}", value, 0, limits[entry.name])

    def require_built(self, geometry: Geometry, where: str) -> None:
        """ValueError for a register that is out of range, or used and not built."""
        self.require_ranges(geometry, where)
        most = geometry.terms
        require(len(self.terms) <= most, f"{where}terms", f"at most {most}", len(self.terms))
        built = parameter_max(geometry)
        for name in (n for n in OPTIONAL if n not in built):
            value = getattr(self, name)
            require(value == 0, f"{where}{name}", "0 (it is not built)", value)


def parameter_max(geometry: Geometry) -> dict[str, int]:
    """Largest value of every register of a parameter set that is built; the smallest is 0."""
    state, trace = geometry.state_max, geometry.trace_max
    optional: dict[str, int] = {}
    if geometry.terms:
        optional |= {"qq_shift": 15, "zeta": DECAY_ONE, "z_inc": trace, "z_shift": 15}
        optional |= {f"term_{k}": (1 << 16) - 1 for k in range(geometry.terms)}
    if geometry.blank_out:
        optional["blank"] = (1 << 16) - 1
    return {
        "alpha_n": DECAY_ONE,
        "beta_n": DECAY_ONE,
        "gamma": DECAY_ONE,
        "rho": state,
        "theta": state,
        "box": (1 << (geometry.state_bits + 1)) - 1,
        "w_exp": 7,
        "i_shift": 15,
        "reset_mode": max(ResetMode),
        "refractory": 63,
        "alpha_p": DECAY_ONE,
        "beta_p": DECAY_ONE,
        "q_inc": trace,
        "p_shift": 15,
        "pq_shift": 15,
        "pq_on": geometry.pq_max,
        "eta_shift": MAX_ETA_SHIFT,
        "rounding": max(Rounding),
        **optional,
    }


@dataclass(frozen=True)
class Row:
    """Descriptor of an axon: its neuron groups, its parameter set, and how it behaves.

    `always_on` makes the row a learnable bias: a spike every tick without a packet, and a
    constant learning factor `pq_on`. A row that is not `plastic` never learns.
    """

    first_group: int = 0
    groups: int = 0
    plastic: bool = False
    parameter_set: int = 0
    always_on: bool = False


@dataclass(frozen=True)
class Group:
    """Descriptor of a neuron group: its parameter set, and whether the host hears its spikes."""

    parameter_set: int = 0
    report: bool = True


@dataclass(frozen=True)
class Destination:
    """One entry of a fan-out table: the axon that a spike reaches, `delay` ticks late."""

    axon: int
    delay: int = 0
    core: int = 0


@dataclass(frozen=True)
class CoreConfig:
    """One core: its geometry and the contents of every register and table but the weights.

    `rows` has one entry per axon, `groups` one per neuron group, `bias` and `fanout` one per
    neuron; left empty they are filled with defaults (rows over all groups, no bias, no
    fan-out). Raises ValueError for anything out of range.
    """

    geometry: Geometry = field(default_factory=Geometry)
    parameter_sets: tuple[ParameterSet, ...] = (ParameterSet(),)
    rows: tuple[Row, ...] = ()
    groups: tuple[Group, ...] = ()
    bias: tuple[int, ...] = ()
    fanout: tuple[tuple[Destination, ...], ...] = ()
    seed: int = 1
    core: int = 0

    def __post_init__(self) -> None:
        geometry = self.geometry
        defaults: dict[str, tuple[Any, ...]] = {
            "rows": (Row(groups=geometry.groups),) * geometry.axons,
            "groups": (Group(),) * geometry.groups,
            "bias": (0,) * geometry.neurons,
            "fanout": ((),) * geometry.neurons,
        }
        for name, default in defaults.items():
            given = tuple(getattr(self, name)) or default
            require(len(given) == len(default), name, f"{len(default)} entries", len(given))
            object.__setattr__(self, name, given)
        require_range("seed", self.seed, 0, 2**32 - 1)
        require_range("core", self.core, 0, MAX_CORES - 1)
        self._check_parameter_sets()
        self._check_rows_and_groups()
        self._check_fanout()

    def _check_parameter_sets(self) -> None:
        count = len(self.parameter_sets)
        high = self.geometry.parameter_sets
        require(1 <= count <= high, "parameter_sets", f"1..{high} sets", count)
        for index, parameters in enumerate(self.parameter_sets):
            parameters.require_built(self.geometry, f"parameter_sets[{index}].")

    def _check_rows_and_groups(self) -> None:
        sets, total = len(self.parameter_sets) - 1, self.geometry.groups
        for axon, row in enumerate(self.rows):
            require_range(f"rows[{axon}].parameter_set", row.parameter_set, 0, sets)
            require_range(f"rows[{axon}].first_group", row.first_group, 0, total - 1)
            require_range(f"rows[{axon}].groups", row.groups, 0, total - row.first_group)
        for index, group in enumerate(self.groups):
            require_range(f"groups[{index}].parameter_set", group.parameter_set, 0, sets)
        for neuron, bias in enumerate(self.bias):
            limit = self.geometry.state_max
            require_range(f"bias[{neuron}]", bias, -limit, limit)

    def _check_fanout(self) -> None:
        total = sum(len(entries) for entries in self.fanout)
        limit = self.geometry.entries
        require(total <= limit, "fan-out", f"at most {limit} entries in all", total)
        for neuron, destinations in enumerate(self.fanout):
            for entry, destination in enumerate(destinations):
                where = f"fanout[{neuron}][{entry}]"
                require_range(f"{where}.axon", destination.axon, 0, self.geometry.axons - 1)
                require_range(f"{where}.delay", destination.delay, 0, self.geometry.max_delay)
                require_range(f"{where}.core", destination.core, 0, MAX_CORES - 1)
            require(
                len(set(destinations)) == len(destinations),
                f"fanout[{neuron}]",
                "free of duplicates",
                destinations,
            )

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; `from_dict` is its inverse."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CoreConfig:
        """Build and check a configuration; ValueError names what is unknown or out of range."""
        known = {entry.name for entry in dataclasses.fields(cls)}
        unknown = sorted(set(data) - known)
        require(not unknown, "configuration keys", f"among {sorted(known)}", unknown)
        values = dict(data)
        try:
            return cls(
                geometry=Geometry(**values.pop("geometry", {})),
                parameter_sets=tuple(
                    ParameterSet.from_dict(entry) for entry in values.pop("parameter_sets", [{}])
                ),
                rows=tuple(Row(**entry) for entry in values.pop("rows", [])),
                groups=tuple(Group(**entry) for entry in values.pop("groups", [])),
                fanout=tuple(
                    tuple(Destination(**entry) for entry in entries)
                    for entries in values.pop("fanout", [])
                ),
                bias=tuple(values.pop("bias", ())),
                **values,
            )
        except TypeError as error:
            raise ValueError(f"configuration must be made of known fields: {error}") from error
