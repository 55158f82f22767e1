"""The check that a plan fits the cores of a chip; else by how much not, and what would do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from axonloop.host.network.network import Network, Projection
from axonloop.host.network.plan import Plan, groups_of, make_plan
from axonloop.models.arrays import ranged
from axonloop.models.config import (
    MAX_CORES,
    MAX_SIDE,
    MEMRISTOR_MAX,
    NO_TABLES,
    OPTIONAL,
    ConvolutionGeometry,
    Geometry,
    Mesh,
    ParameterSet,
)

_NAMED = 4
"""Parts of a sum that a message names."""


@dataclass(frozen=True)
class Need:
    """The demand of a plan on one field of the geometry.

    `least`: the smallest value that will do; `asked` is what it comes from, by `where`, and
    `made_of` says how the sum is made up.
    """

    name: str
    least: int
    where: str
    asked: int
    made_of: dict[str, int] = field(default_factory=dict)

    def message(self, geometry: Geometry) -> str:
        """The message that says what is too much, where and by how much."""
        if self.name == "delay_slots":
            limit = f"at most {geometry.max_delay}"
            return f"delay of {self.where} must be {limit}, not {self.asked}"
        if self.name == "weight_bits":
            high = geometry.weight_max
            return f"weights of {self.where} must be in {-high}..{high}, not {self.asked}"
        limit = f"at most {getattr(geometry, self.name)}"
        text = f"{self.name} of {self.where} must be {limit}, not {self.asked}"
        return text + (f" ({self._sum()})" if self.made_of else "")

    def _sum(self) -> str:
        ranked = sorted(self.made_of.items(), key=lambda entry: -entry[1])
        named = [f"{name}: {count}" for name, count in ranked[:_NAMED]]
        rest = sum(count for _, count in ranked[_NAMED:])
        return ", ".join(named + [f"others: {rest}"] * (rest > 0))


def needs(plan: Plan) -> list[Need]:
    """Everything that a plan asks of the geometry, core by core and for the whole chip."""
    found = [need for core in range(plan.cores) for need in _core_needs(plan, core)]
    for projection in plan.network.projections:
        name, delay = f"{projection.source} -> {projection.target}", projection.delay
        slots = max(2, 1 << (delay + 1).bit_length())
        found.append(Need("delay_slots", slots, name, delay))
        weights = projection.weights[projection.synapses]
        worst = int(weights[np.abs(weights).argmax()])
        found.append(Need("weight_bits", max(2, abs(worst).bit_length() + 1), name, worst))
    for population in plan.network.populations:
        worst = max(population.first_biases, key=abs, default=0)
        bits, name = max(2, abs(worst).bit_length() + 1), f"{population.name} bias"
        found.append(Need("weight_bits", bits, name, worst))
    return found


def _core_needs(plan: Plan, core: int) -> Iterator[Need]:
    where, lanes = f"core {core}", plan.lanes
    wires = _summed((str(wire), len(wire.channels)) for wire in plan.wires_on(core))
    axons = sum(wires.values())
    yield Need("axons", max(1, -(-axons // lanes)) * lanes, where, axons, wires)
    parts = _summed((part.population.name, part.groups * lanes) for part in plan.parts_on(core))
    neurons = sum(parts.values())
    yield Need("neurons", max(lanes, neurons), where, neurons, parts)
    entries = entries_on(plan, core)
    total = sum(entries.values())
    yield Need("entries", max(1, total), where, total, entries)
    if plan.network.convolutional:
        yield from _kernel_needs(plan, core)
    sets = plan.parameter_sets(core)
    yield Need("parameter_sets", max(1, len(sets)), where, len(sets))
    for name, ask in _ASKED.items():
        asked = max((ask(parameters) for parameters in sets), default=0)
        yield Need(name, asked, where, asked)
    tables = plan.network.memristor
    built = 2 if tables.pulsed else int(tables != NO_TABLES)
    yield Need("memristor", built, where, built)
    yield Need("terms", min(built, 1), where, min(built, 1))


def _kernel_needs(plan: Plan, core: int) -> Iterator[Need]:
    where = f"core {core}"
    shapes = [(str(w), w.shape) for w in plan.wires_on(core) if w.shape and w.projection]
    for name, counts in (
        ("convolutions", _summed((of, 1) for of, _ in shapes)),
        ("kernel_rows", _summed((of, shape.rows) for of, shape in shapes)),
    ):
        total = sum(counts.values())
        yield Need(name, max(1, total), where, total, counts)
    columns = max((shape.out_channels for _, shape in shapes), default=plan.lanes)
    yield Need("kernel_columns", columns, where, columns)


def _summed(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The sum of the counts under each name."""
    found: dict[str, int] = {}
    for name, count in counts:
        found[name] = found.get(name, 0) + count
    return found


def _terms(parameters: ParameterSet) -> int:
    """The terms that a build must have for a set: one at least, if it uses their registers."""
    own = set(OPTIONAL) - {"blank", "temperature"}
    used = any(getattr(parameters, name) for name in own)
    return max(len(parameters.terms), int(used))


def _memristor(parameters: ParameterSet) -> int:
    """What a set asks of `Geometry.memristor`."""
    pulsed = any(term.pulsed for term in parameters.terms)
    varied = any(getattr(parameters, name) for name in MEMRISTOR_MAX)
    weighted = any(term.weighted for term in parameters.terms)
    return 2 if pulsed or varied else int(weighted)


_ASKED: dict[str, Callable[[ParameterSet], int]] = {
    "terms": _terms,
    "blank_out": lambda parameters: int(parameters.blank > 0),
    "memristor": _memristor,
    "threshold_noise": lambda parameters: int(parameters.temperature > 0),
}
"""What a parameter set asks of the fields of a geometry."""


def entries_on(plan: Plan, core: int) -> dict[str, int]:
    """Fan-out entries of a core, by projection."""
    found: dict[str, int] = {}
    here = {part.population.name for part in plan.parts_on(core)}
    for wire in plan.wires:
        if wire.projection and wire.projection.source in here:
            source = wire.projection.source
            leaving = plan.cores_of(source)[plan.units_of(source)[wire.channels]] == core
            found[str(wire)] = found.get(str(wire), 0) + int(leaving.sum())
    return found


def exceeded(found: list[Need], geometry: Geometry) -> list[Need]:
    """The needs that a geometry does not meet."""
    return [need for need in found if need.least > getattr(geometry, need.name)]


def grown(geometry: Geometry, found: list[Need], large: bool) -> Geometry | None:
    """The geometry, larger where needs ask for it; None if there can be no such core.

    Cores that can be built remain so unless they may become `large`.
    """
    changes: dict[str, int] = {}
    for need in exceeded(found, geometry):
        changes[need.name] = max(need.least, changes.get(need.name, 0))
    try:
        larger = replace(geometry, **changes)  # type: ignore[arg-type]
    except ValueError:
        return None
    return larger if large or not larger.large else None


def require_parameters(network: Network, geometry: Geometry) -> None:
    """ValueError for a register of a parameter set, or a drive, out of the range of its width."""
    sets = {f"population {p.name!r}": p.parameters for p in network.populations}
    sets |= {f"the traces of {p}": p.traces for p in network.projections if p.traces}
    for where, parameters in sets.items():
        parameters.require_ranges(geometry, after=f" of {where}")
    for population in network.populations:
        thing, high = f"drives of population {population.name!r}", geometry.state_max
        ranged(thing, population.drives, -high, high)


def require_fit(plan: Plan, geometry: Geometry, may_move: bool) -> None:
    """ValueError for a plan that is too large: where, by how much, and what would do.

    Larger meshes are tried if the plan `may_move`, that is if no person has placed it.
    """
    found = needs(plan)
    over = exceeded(found, geometry)
    if not over:
        return
    messages = []
    for name in dict.fromkeys(need.name for need in over):
        same = [need for need in over if need.name == name]
        worst = max(same, key=lambda need: need.least)
        others = f", and {len(same) - 1} more like it" if len(same) > 1 else ""
        messages.append(worst.message(geometry) + others)
    raise ValueError("; ".join([*messages, _advice(plan, geometry, found, may_move)]))


def _advice(plan: Plan, geometry: Geometry, found: list[Need], may_move: bool) -> str:
    options = []
    larger = grown(geometry, found, geometry.large)
    if larger:
        options.append(_larger(geometry, larger))
    tried: list[tuple[Mesh, list[Need]]] = []
    for mesh, wider in _wider(plan, geometry) if may_move else ():
        tried.append((mesh, needs(wider)))
        if not exceeded(tried[-1][1], geometry):
            options.append(_mesh(mesh))
            break
    for mesh, asked in tried if not options else ():
        both = grown(geometry, asked, geometry.large)
        if both:
            options = [f"{_larger(geometry, both)} on {_mesh(mesh)}"]
            break
    return f"{' or '.join(options) if options else 'no larger geometry or mesh'} would do"


def _larger(geometry: Geometry, larger: Geometry) -> str:
    names = ["axons", "neurons", "entries", "parameter_sets", "delay_slots", "weight_bits"]
    if geometry.convolutions:
        names += ["convolutions", "kernel_rows", "kernel_columns"]
    values = [(getattr(larger, name), name) for name in (*names, *_ASKED)]
    changed = [f"{v} {name}" for v, name in values if v != getattr(geometry, name)]
    return f"a geometry of {', '.join(changed)}"


def _mesh(mesh: Mesh) -> str:
    return f"a mesh of {mesh.columns} x {mesh.rows} cores"


def _wider(plan: Plan, geometry: Geometry) -> Iterator[tuple[Mesh, Plan]]:
    """Plans for more cores like these, each the smallest and squarest mesh with its own share."""
    total = sum(groups_of(population, plan.lanes) for population in plan.network.populations)
    share = -(-total // plan.cores)
    used = {w.projection: w.channels for w in plan.wires if w.projection and w.shape}
    axons = sum(len(used[p]) if used else _used(p) for p in plan.network.projections)
    axons += sum(population.bias for population in plan.network.populations)
    # With fewer cores not even the largest ones would do.
    most = min(geometry.MOST, ConvolutionGeometry.most_units(geometry.large))
    fewest = max(-(-axons // most), -(-total * plan.lanes // most))
    for cores in range(max(plan.cores + 1, fewest), MAX_CORES + 1):
        mesh = _squarest(cores)
        if mesh and -(-total // cores) < share:
            share = -(-total // cores)
            yield mesh, make_plan(plan.network, plan.lanes, cores, large=geometry.large)


def _used(projection: Projection) -> int:
    """Source neurons with a synapse."""
    return int(projection.synapses.any(axis=1).sum())


def _squarest(cores: int) -> Mesh | None:
    """The mesh of this many cores whose sides are most alike; None if there is none."""
    rows = max(side for side in range(1, MAX_SIDE + 1) if cores % side == 0 and side**2 <= cores)
    return Mesh(cores // rows, rows) if cores // rows <= MAX_SIDE else None
