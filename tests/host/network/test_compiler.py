"""A compiled network is wired as the network is, for any mesh."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from axonloop.host.network import (
    Network,
    Population,
    Program,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
    uniform_weights,
)
from axonloop.models.config import (
    Geometry,
    Mesh,
    ParameterSet,
    Row,
)
from axonloop.models.golden import visited
from tests.support.random.networks import random_network

TRACES = ("alpha_p", "beta_p", "q_inc", "p_shift", "pq_shift", "pq_on")


def traces(parameters: ParameterSet) -> tuple[int, ...]:
    return tuple(getattr(parameters, name) for name in TRACES)


def wanted_synapses(network: Network) -> Counter:
    """Every synapse of a network, with its delay, weight, plasticity and trace parameters."""
    found: Counter = Counter()
    for p in network.projections:
        own = p.traces or network.population(p.target).parameters
        for i, j in np.argwhere(p.synapses).tolist():
            weight = int(p.weights[i, j])
            found[p.source, i, p.target, j, p.delay, weight, p.plastic, traces(own)] += 1
    for population in network.populations:
        for j in range(population.size if population.bias else 0):
            own = traces(population.parameters)
            found["on", 0, population.name, j, 0, 0, True, own] += 1
    return found


def compiled_synapses(program: Program) -> Counter:
    """The same, walked from the tables and weights of the cores."""
    geometry, found = program.geometry, Counter()
    owner = {int(n): (name, i) for name, ns in program.neurons.items() for i, n in enumerate(ns)}

    def follow(source: str, i: int, axon: int, delay: int) -> None:
        core = program.config.cores[axon // geometry.axons]
        row = core.rows[axon % geometry.axons]
        assert row.always_on == (source == "on")
        start = row.first_group * geometry.lanes
        for n in range(start, start + row.groups * geometry.lanes):
            weight = int(program.weights[axon, n])
            if weight != geometry.no_synapse:
                name, j = owner[core.core * geometry.neurons + n]
                own = traces(core.parameter_sets[row.parameter_set])
                found[source, i, name, j, delay, weight, row.plastic, own] += 1

    for core in program.config.cores:
        for n, entries in enumerate(core.fanout):
            for entry in entries:
                name, i = owner[core.core * geometry.neurons + n]
                follow(name, i, entry.core * geometry.axons + entry.axon, entry.delay)
        for axon, row in enumerate(core.rows):
            if row.always_on:
                follow("on", 0, core.core * geometry.axons + axon, 0)
    for name, delays in program.delays.items():
        for delay in set(delays.tolist()):
            for i in range(len(program.axons[name])):
                for axon in program.axons_of(name, [i], delay).tolist():
                    follow(name, i, axon, delay)
    return found


@pytest.mark.parametrize("seed", range(60))
def test_wiring_is_the_networks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    mesh = Mesh(int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    lanes = int(rng.choice([1, 2, 4, 8]))
    geometry = smallest_geometry(network, mesh, lanes, parameter_sets=16)
    program = compile_network(network, geometry, mesh)
    assert compiled_synapses(program) == wanted_synapses(network)
    check_tables(program)


@pytest.mark.parametrize("seed", range(20))
def test_wiring_is_the_networks_where_a_person_places_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network, mesh = random_network(rng), Mesh(2, 3)
    place = {
        population.name: tuple(rng.permutation(6)[: rng.integers(1, 7)].tolist())
        for population in network.populations
    }
    geometry = smallest_geometry(network, mesh, 2, place=place)
    program = compile_network(network, geometry, mesh, place)
    assert compiled_synapses(program) == wanted_synapses(network)
    check_tables(program)
    for name, cores in place.items():
        assert set((program.neurons[name] // geometry.neurons).tolist()) <= set(cores)


def check_tables(program: Program) -> None:
    """What else must hold: groups, spikes told apart, weights read back, spare axons silent."""
    geometry, network = program.geometry, program.plan.network
    every = np.concatenate(list(program.neurons.values()))
    assert len(np.unique(every)) == len(every)
    rng = np.random.default_rng(0)
    spikes = rng.permutation(every)[: len(every) // 2]
    split = program.split(spikes)
    assert list(split) == [population.name for population in network.populations]
    for population in network.populations:
        mine = program.neurons[population.name]
        assert mine[split[population.name]].tolist() == [n for n in spikes if n in mine]
        for neuron in mine.tolist():
            core = program.config.cores[neuron // geometry.neurons]
            group = core.groups[neuron % geometry.neurons // geometry.lanes]
            assert core.parameter_sets[group.parameter_set] == population.parameters
            assert group.report == population.report
    for projection in network.projections:
        found = program.weights_of(projection, program.weights)
        expected = np.where(projection.synapses, projection.weights, geometry.no_synapse)
        assert (found == expected).all()
    for core in program.config.cores:
        rows = slice(core.core * geometry.axons, (core.core + 1) * geometry.axons)
        assert ((program.weights[rows] == geometry.no_synapse) | visited(core)).all()
        assert len(set(core.parameter_sets)) == len(core.parameter_sets)
        assert all(core.parameter_sets[group.parameter_set].theta > 0 for group in core.groups)


def layered(
    sizes: dict[str, int] | None = None, parameters: ParameterSet | None = None, **more
) -> Network:
    """A chain of dense layers."""
    sizes = sizes or {"in": 64, "hidden1": 128, "hidden2": 128}
    names = list(sizes)
    rng = np.random.default_rng(0)
    return Network(
        (Source(names[0], sizes[names[0]]),),
        tuple(Population(name, sizes[name], parameters or ParameterSet()) for name in names[1:]),
        tuple(
            Projection(a, b, uniform_weights(rng, sizes[a], sizes[b], 20), **more)
            for a, b in zip(names, names[1:], strict=False)
        ),
        seed=5,
    )


def test_two_layers_on_four_cores() -> None:
    network, mesh = layered(), Mesh(2, 2)
    program = compile_network(network, Geometry(), mesh)
    hidden1, hidden2 = program.neurons["hidden1"], program.neurons["hidden2"]
    assert hidden1.tolist() == [*range(64), *range(256, 320)]
    assert hidden2.tolist() == [*range(512, 576), *range(768, 832)]
    assert program.axons["in"].tolist() == [[i, 256 + i] for i in range(64)]
    assert program.axons_of("in", [3, 1]).tolist() == [3, 259, 1, 257]
    assert program.axons_of("in", [3], delay=1).tolist() == []
    first = program.config.cores[0]
    assert [(e.core, e.axon) for e in first.fanout[5]] == [(2, 5), (3, 5)]
    assert first.rows[64] == Row(groups=4, plastic=True, always_on=True)
    assert [group.report for group in first.groups] == [True] * 4 + [False] * 12
    split = program.split([800, 63, 256])
    assert {name: found.tolist() for name, found in split.items()} == {
        "hidden1": [63, 64],
        "hidden2": [96],
    }


def test_biases_are_read_back() -> None:
    network = layered()
    program = compile_network(network, Geometry(), Mesh(2, 2))
    assert (program.bias_of("hidden2", program.weights) == 0).all()
    learned = program.weights.copy()
    learned[2 * 256 + 128, :64] = np.arange(64)
    learned[3 * 256 + 128, :64] = np.arange(64) - 64
    found = program.bias_of("hidden2", learned).tolist()
    assert found == [*range(64), *range(-64, 0)]
    assert (program.bias_of("hidden1", learned) == 0).all()


@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_lies_on_one_core_row_by_row(bias: bool) -> None:
    """Inputs, then the bias, then unused rows; the weights as they were drawn."""
    weights = uniform_weights(np.random.default_rng(4), 18, 8, 3)
    network = Network(
        (Source("in", 18),),
        (Population("layer", 8, ParameterSet(theta=99), bias),),
        (Projection("in", "layer", weights),),
        seed=7,
    )
    geometry = smallest_geometry(network, lanes=4)
    assert (geometry.axons, geometry.neurons, geometry.entries) == (20, 8, 1)
    program = compile_network(network, geometry)
    (core,) = program.config.cores
    assert core.rows[:18] == (Row(groups=2, plastic=True),) * 18
    assert core.rows[18] == (Row(groups=2, plastic=True, always_on=True) if bias else Row())
    assert core.rows[19] == Row()
    assert (core.seed, core.parameter_sets) == (7, (ParameterSet(theta=99),))
    assert (program.weights[:18] == weights).all()
    assert (program.weights[18] == (0 if bias else geometry.no_synapse)).all()
    assert (program.weights[19] == geometry.no_synapse).all()
    assert program.axons["in"].tolist() == [[i] for i in range(18)]
    assert program.neurons["layer"].tolist() == list(range(8))


def test_trace_parameters_share_sets_where_they_can() -> None:
    """The axons' registers alone decide: a second set of the neurons' half is not needed."""
    network = layered()
    sets = [ParameterSet(theta=5, beta_p=7), ParameterSet(theta=6)]
    one = replace(network.populations[0], parameters=sets[0])
    two = replace(network.populations[1], parameters=sets[1])
    late = replace(network.projections[1], traces=ParameterSet(theta=9, beta_p=7))
    network = replace(network, populations=(one, two), projections=(network.projections[0], late))
    core = compile_network(network, Geometry(axons=512)).config.cores[0]
    assert core.parameter_sets == tuple(sets)
    assert [core.rows[axon].parameter_set for axon in (0, 64, 65, 192, 193)] == [0, 0, 0, 0, 1]


def test_rows_span_only_the_groups_with_synapses() -> None:
    present = np.zeros((3, 32), bool)
    present[0, [9, 20]] = present[2, 31] = True
    projection = Projection("in", "a", np.ones((3, 32), int), present)
    network = Network((Source("in", 3),), (Population("a", 32, ParameterSet()),), (projection,))
    program = compile_network(network, smallest_geometry(network, lanes=4))
    rows = program.config.cores[0].rows
    assert rows[:3] == (Row(2, 4, True), Row(7, 1, True), Row(0, 8, True, always_on=True))
    assert program.axons["in"].tolist() == [[0], [-1], [1]]
    assert program.axons_of("in", [0, 1, 2]).tolist() == [0, 1]


def test_mistakes_with_a_program() -> None:
    program = compile_network(layered(), Geometry(), Mesh(2, 2))
    with pytest.raises(ValueError, match="^source must be one of in, not 'hidden1'$"):
        program.axons_of("hidden1", [0])
    with pytest.raises(ValueError, match=r"^channels of 'in' must be in 0\.\.63, not 64$"):
        program.axons_of("in", [64])
    with pytest.raises(ValueError, match=r"^spikes must be in 0\.\.1023, not 1024$"):
        program.split([1024])
    with pytest.raises(ValueError, match="^projection must be one of the program's network, not"):
        program.weights_of(layered().projections[0], program.weights)
    with pytest.raises(ValueError, match=r"^weights must be of shape \(1024, 256\), not"):
        program.bias_of("hidden1", program.weights[:256])
    with pytest.raises(ValueError, match="^population must be one of hidden1, hidden2, not 'in'$"):
        program.bias_of("in", program.weights)
