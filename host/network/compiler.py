"""The compiler of networks to chips.

Neurons and axons are numbered over the whole chip: core x geometry.neurons + neuron, and the
same for axons. The axons of a core are, for every part on it, those of its projections in the
network's order, then its bias; unused axons follow.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from axonloop.host.network.fitting import grown, needs, require_fit, require_parameters
from axonloop.host.network.kernels import kernel_rows
from axonloop.host.network.network import Network
from axonloop.host.network.plan import Places, Plan, make_plan
from axonloop.host.network.program import Program, block
from axonloop.host.network.wires import Wire, same_traces
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.config import (
    MAX_CONVOLUTIONS,
    MAX_ENTRIES,
    MAX_KERNEL_COLUMNS,
    MAX_TERMS,
    ChipConfig,
    ConvolutionGeometry,
    CoreConfig,
    Destination,
    Geometry,
    Group,
    Mesh,
    ParameterSet,
    Row,
)


def compile_network(
    network: Network, geometry: Geometry, mesh: Mesh | None = None, place: Places | None = None
) -> Program:
    """Map a network onto a mesh of cores, one core if none is given.

    Populations take whole groups of neurons, in order, an equal share on every core; `place`
    names the cores of every population instead. Images of a network with convolutions are spread
    by their channels, of which a core holds all positions. Raises ValueError where the network does
    not fit, before anything is built: what, where, by how much, and what would do.
    """
    mesh = mesh or Mesh()
    kind = "one with convolutions" if network.convolutional else "one without convolutions"
    good = network.convolutional == (geometry.convolutions > 0)
    told = f"{kind} (smallest_geometry(network) finds one)"
    require(good, "geometry of this network", told, type(geometry).__name__)
    require_parameters(network, geometry)
    plan = make_plan(network, geometry.lanes, mesh.cores, place, geometry.large)
    require_fit(plan, geometry, may_move=place is None)
    fanout = _fanout(plan, geometry)
    cores = tuple(_core(plan, geometry, core, fanout) for core in range(mesh.cores))
    neurons = {
        population.name: _global_neurons(plan, geometry, population.name)
        for population in network.populations
    }
    axons, delays = _source_axons(plan, geometry)
    return Program(
        ChipConfig(cores, mesh), _first_weights(plan, geometry), plan, neurons, axons, delays
    )


def smallest_geometry(
    network: Network,
    mesh: Mesh | None = None,
    lanes: int = 16,
    weight_bits: int = 8,
    place: Places | None = None,
    large: bool = False,
    **others: Any,
) -> Geometry:
    """The core with the fewest axons, neurons and entries that holds a network on a mesh.

    `others` are further fields of `Geometry`; delay_slots, parameter_sets, terms, blank_out,
    memristor and threshold_noise are raised from their values there, or their defaults, only where
    they must be. With `large` a network with convolutions may need larger cores than can be built,
    which the devices golden and batched have (`ConvolutionGeometry`). Raises ValueError where no
    core would do.
    """
    sides = {"update_lanes": lanes, "trace_lanes": min(8, lanes), "multipliers": lanes}
    fields: dict[str, Any] = {"weight_bits": weight_bits, "entries": 1} | sides | others
    if network.convolutional:
        fields = {"kernel_rows": 1, "kernel_columns": lanes} | fields
        base: Geometry = ConvolutionGeometry(lanes, lanes, lanes, **fields)
    else:
        base = Geometry(lanes, lanes, lanes, **fields)
    if not large:
        base.require_small()
    plan = make_plan(network, lanes, (mesh or Mesh()).cores, place, large)
    largest = replace(base, **_largest(base, large))
    require_fit(plan, largest, may_move=place is None)
    found = grown(base, needs(plan), large)
    assert found is not None  # what fits the largest core can be reached from the smallest
    return found


def _largest(base: Geometry, large: bool) -> dict[str, Any]:
    """The fields of the largest core of a kind: of one that can be built, unless `large`."""
    most = min(base.MOST, ConvolutionGeometry.most_units(large))
    found = {
        "axons": most,
        "neurons": most,
        "entries": MAX_ENTRIES,
        "delay_slots": 16,
        "parameter_sets": 16,
        "terms": MAX_TERMS,
        "threshold_noise": 1,
    }
    if base.convolutions:
        return found | {
            "convolutions": MAX_CONVOLUTIONS,
            "kernel_rows": ConvolutionGeometry.most_rows(large),
            "kernel_columns": MAX_KERNEL_COLUMNS,
        }
    return found | {"blank_out": 1, "memristor": 2 if base.weight_bits >= 8 else 0}


def _core(
    plan: Plan, geometry: Geometry, core: int, fanout: dict[int, list[Destination]]
) -> CoreConfig:
    # A core without neurons takes any set: its neurons have no input and are silent.
    sets = plan.parameter_sets(core) or [plan.parts[0].population.parameters]
    groups = [Group(report=False)] * geometry.groups
    for part in plan.parts_on(core):
        own = Group(sets.index(part.population.parameters), part.population.report)
        groups[part.first_group : part.first_group + part.groups] = [own] * part.groups
    rows = [row for wire in plan.wires_on(core) for row in _rows(wire, sets)]
    rows += [Row()] * (geometry.axons - len(rows))
    first = core * geometry.neurons
    return CoreConfig(
        geometry=geometry,
        parameter_sets=tuple(sets),
        rows=tuple(rows),
        groups=tuple(groups),
        bias=_drives(plan, geometry, core),
        fanout=tuple(tuple(fanout.get(first + n, ())) for n in range(geometry.neurons)),
        seed=plan.network.seed,
        core=core,
        memristor=plan.network.memristor,
        convolutions=plan.shapes_on(core),
    )


def _drives(plan: Plan, geometry: Geometry, core: int) -> tuple[int, ...]:
    """The bias registers of a core; 0 where a population has no drives."""
    found = np.zeros(geometry.neurons, np.int64)
    for population in plan.network.populations:
        if population.drives:
            here = plan.cores_of(population.name) == core
            found[plan.neurons_of(population.name)[here]] = np.array(population.drives)[here]
    return tuple(found.tolist())


def _rows(wire: Wire, sets: list[ParameterSet]) -> list[Row]:
    """The descriptors of a wire's axons; the set of its own population if that will do."""
    own, bias = wire.part.population.parameters, wire.projection is None
    same = same_traces(wire.traces, own)
    fits = [k for k, found in enumerate(sets) if same_traces(found, wire.traces)]
    index = sets.index(own) if same else fits[0]
    plastic = wire.projection is None or wire.projection.plastic
    groups = wire.groups if wire.shape is None else np.zeros_like(wire.groups)
    spans = zip(wire.first_groups.tolist(), groups.tolist(), strict=True)
    return [Row(first, groups, plastic, index, bias) for first, groups in spans]


def _fanout(plan: Plan, geometry: Geometry) -> dict[int, list[Destination]]:
    """Fan-out entries by global neuron, in the order of target core and axon."""
    found: dict[int, list[Destination]] = {}
    for wire in plan.wires:
        if wire.projection and plan.parts_of(wire.projection.source):
            delay = wire.projection.delay
            source = wire.projection.source
            neurons = _global_neurons(plan, geometry, source)[plan.units_of(source)]
            for k, unit in enumerate(neurons[wire.channels].tolist()):
                entry = Destination(wire.first_axon + k, delay, wire.part.core)
                for neuron in unit:
                    found.setdefault(neuron, []).append(entry)
    return found


def _global_neurons(plan: Plan, geometry: Geometry, name: str) -> Int32Array:
    return (plan.cores_of(name) * geometry.neurons + plan.neurons_of(name)).astype(np.int32)


def _source_axons(
    plan: Plan, geometry: Geometry
) -> tuple[dict[str, Int32Array], dict[str, Int32Array]]:
    """Axons and delays of every source, as `Program` has them."""
    axons: dict[str, Int32Array] = {}
    delays: dict[str, Int32Array] = {}
    for source in plan.network.sources:
        columns = [
            (wire, wire.projection.delay)
            for wire in plan.wires
            if wire.projection and wire.projection.source == source.name
        ]
        table = np.full((source.size, len(columns)), -1, np.int32)
        for column, (wire, _) in enumerate(columns):
            first = wire.part.core * geometry.axons + wire.first_axon
            table[wire.channels, column] = first + np.arange(len(wire.channels))
        axons[source.name] = table
        delays[source.name] = np.array([delay for _, delay in columns], np.int32)
    return axons, delays


def _first_weights(plan: Plan, geometry: Geometry) -> Int32Array:
    """The first weights of all cores: int32 `(cores * rows, columns)` of a core's memory."""
    shape = (plan.cores * geometry.weight_rows, geometry.weight_columns)
    weights = np.full(shape, geometry.no_synapse, np.int32)
    for wire in plan.wires:
        channels = wire.part.channels
        if wire.projection:
            given = wire.projection
            known = kernel_rows(np.where(given.synapses, given.weights, geometry.no_synapse))
            own = known if wire.shape else known[wire.channels]
            weights[block(wire, geometry)] = own[:, channels]
        else:
            weights[block(wire, geometry)] = wire.part.population.first_biases[channels] or 0
    return weights
