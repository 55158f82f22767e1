"""The configuration that builds the golden model, the RTL, the emulators and the host.

`Geometry` is fixed when a core is built. Everything else in `CoreConfig` is a register or a
table that the host writes at run time. All values are checked here, once; no other module
carries a width or a range. The page docs/contract.md is the normative text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from axonloop.models.checks import require, require_range, take_whole
from axonloop.models.config.convolution import (
    Convolution,
    ConvolutionGeometry,
    check_convolutions,
)
from axonloop.models.config.geometry import MAX_CORES, Geometry
from axonloop.models.config.memristor import (
    LOSS_MAX,
    NO_TABLES,
    ROUNDED_SHIFT_MAX,
    MemristorTables,
)
from axonloop.models.config.parameters import ParameterSet


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

    def __post_init__(self) -> None:
        take_whole(self, "first_group", "groups", "parameter_set")


@dataclass(frozen=True)
class Group:
    """Descriptor of a neuron group: its parameter set, and whether the host hears its spikes."""

    parameter_set: int = 0
    report: bool = True

    def __post_init__(self) -> None:
        take_whole(self, "parameter_set")


@dataclass(frozen=True)
class Destination:
    """One entry of a fan-out table: the axon that a spike reaches, `delay` ticks late."""

    axon: int
    delay: int = 0
    core: int = 0

    def __post_init__(self) -> None:
        take_whole(self, "axon", "delay", "core")


@dataclass(frozen=True)
class CoreConfig:
    """One core: its geometry and the contents of every register and table but the weights.

    `rows` has one entry per axon, `groups` one per neuron group, `bias` and `fanout` one per
    neuron; left empty they are filled with defaults (rows over all groups, no bias, no
    fan-out). `row_loss` of axons and `column_loss` of neurons, 0..255 of 256, are what a core with
    a mask loses, `memristor` the tables of one that sees its weights. With `convolutions` (of a
    core that has them) rows name no groups: what an axon reaches is its convolution's. Raises
    ValueError for anything out of range, and for what the geometry has not built.
    """

    geometry: Geometry = field(default_factory=Geometry)
    parameter_sets: tuple[ParameterSet, ...] = (ParameterSet(),)
    rows: tuple[Row, ...] = ()
    groups: tuple[Group, ...] = ()
    bias: tuple[int, ...] = ()
    fanout: tuple[tuple[Destination, ...], ...] = ()
    seed: int = 1
    core: int = 0
    row_loss: tuple[int, ...] = ()
    column_loss: tuple[int, ...] = ()
    memristor: MemristorTables = NO_TABLES
    convolutions: tuple[Convolution, ...] = ()

    def __post_init__(self) -> None:
        geometry = self.geometry
        defaults: dict[str, tuple[Any, ...]] = {
            "rows": (_usual_row(geometry),) * geometry.axons,
            "groups": (Group(),) * geometry.groups,
            "bias": (0,) * geometry.neurons,
            "fanout": ((),) * geometry.neurons,
            "row_loss": (0,) * geometry.axons,
            "column_loss": (0,) * geometry.neurons,
        }
        for name, default in defaults.items():
            given = tuple(getattr(self, name)) or default
            require(len(given) == len(default), name, f"{len(default)} entries", len(given))
            object.__setattr__(self, name, given)
        take_whole(self, "seed", "core")
        require_range("seed", self.seed, 0, 2**32 - 1)
        require_range("core", self.core, 0, MAX_CORES - 1)
        self._check_parameter_sets()
        self._check_rows_and_groups()
        self._check_fanout()
        self._check_losses()
        self._check_memristor()
        self._check_convolutions()

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
        limit = self.geometry.state_max
        bias = (require_range(f"bias[{k}]", b, -limit, limit) for k, b in enumerate(self.bias))
        object.__setattr__(self, "bias", tuple(bias))

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

    def _check_losses(self) -> None:
        most = LOSS_MAX if self.geometry.mask else 0
        for name in ("row_loss", "column_loss"):
            given = getattr(self, name)
            built = self.geometry.mask == 1 or not any(given)
            require(built, name, "all 0 (the core has no mask)", given)
            losses = (require_range(f"{name}[{k}]", n, 0, most) for k, n in enumerate(given))
            object.__setattr__(self, name, tuple(losses))

    def _check_memristor(self) -> None:
        tables, options = self.memristor, self.geometry.memristor
        good = isinstance(tables, MemristorTables)
        require(good, "memristor", "a MemristorTables", tables)
        told = "left out (the core has no such tables)"
        require(options > 0 or tables == NO_TABLES, "memristor", told, "tables")
        pulses = options > 1 or not tables.pulsed
        require(pulses, "shares of memristor", "all 0 (they are not built)", "others")
        gain_shift = max(tables.up_gain_shift, tables.down_gain_shift)
        for index, parameters in enumerate(self.parameter_sets):
            for k, term in enumerate(parameters.terms):
                shift = term.shift + gain_shift if term.weighted else 0
                where = f"parameter_sets[{index}].terms[{k}].shift with the gain shift"
                require(shift <= ROUNDED_SHIFT_MAX, where, f"at most {ROUNDED_SHIFT_MAX}", shift)

    def _check_convolutions(self) -> None:
        object.__setattr__(self, "convolutions", tuple(self.convolutions))
        check_convolutions(self.geometry, self.convolutions)
        if not self.geometry.convolutions:
            return
        for axon, row in enumerate(self.rows):
            told = "0 in a core with convolutions"
            require(row.groups == 0, f"rows[{axon}].groups", told, row.groups)
        for index, each in enumerate(self.convolutions):
            width = each.out_channels // self.geometry.lanes
            mine = self.groups[each.first_group :][: width * each.positions]
            for place, group in enumerate(mine):
                thing = f"groups[{each.first_group + place}].parameter_set"
                first = mine[place % width].parameter_set
                told = f"{first}, as at the first position of convolutions[{index}]"
                require(group.parameter_set == first, thing, told, group.parameter_set)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; `from_dict` is its inverse.

        `convolutions` are left out where the core has none, so that hashes of older ones stay.
        """
        found = dataclasses.asdict(self)
        if not self.geometry.convolutions:
            del found["convolutions"]
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CoreConfig:
        """Build and check a configuration; ValueError names what is unknown or out of range."""
        known = {entry.name for entry in dataclasses.fields(cls)}
        unknown = sorted(set(data) - known)
        require(not unknown, "configuration keys", f"among {sorted(known)}", unknown)
        values = dict(data)
        try:
            return cls(
                geometry=_geometry(values.pop("geometry", {})),
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
                memristor=MemristorTables.from_dict(values.pop("memristor", {})),
                convolutions=tuple(
                    Convolution(**entry) for entry in values.pop("convolutions", [])
                ),
                **values,
            )
        except TypeError as error:
            raise ValueError(f"configuration must be made of known fields: {error}") from error


def _usual_row(geometry: Geometry) -> Row:
    """A row over all groups; over none where convolutions say what an axon reaches."""
    return Row(groups=0 if geometry.convolutions else geometry.groups)


def _geometry(fields: Mapping[str, Any]) -> Geometry:
    return ConvolutionGeometry(**fields) if "convolutions" in fields else Geometry(**fields)
