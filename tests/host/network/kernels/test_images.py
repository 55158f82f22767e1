"""Compiled convolutions compute what torch's do, wherever their channels lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from axonloop.host.devices import open_device
from axonloop.host.network import (
    Convolution,
    Network,
    Population,
    Program,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
    uniform_kernel,
    uniform_weights,
)
from axonloop.models.config import Mesh, ParameterSet
from axonloop.models.protocol import Counter

TICKS = 12
INSTANT = ParameterSet(alpha_n=0, beta_n=0, w_exp=0, theta=4)
"""Neurons without memory: they spike where this tick's sum is at the threshold or above."""


def random_images(random: np.random.Generator) -> Network:
    """in -> a -> b, recurrent b, and a dense layer; pools, strides, paddings, biases, delays."""
    pool, stride = int(random.integers(1, 4)), int(random.integers(1, 3))
    kernel, padding = int(random.integers(1, 4)), int(random.integers(0, 2))
    padding = min(padding, kernel - 1)
    high, wide = (int(size) for size in random.integers(7, 10, 2))
    reached = [(size + 2 * padding - kernel) // stride + 1 for size in (high, wide)]
    pool = min(pool, *reached)
    first, second = (int(count) for count in random.integers(1, 12, 2))
    pooled = [size // pool for size in reached]
    biases = tuple(random.integers(-5, 6, first).tolist())
    a = Population.image("a", (first, *reached), INSTANT, pool=pool, first_biases=biases)
    b = Population.image("b", (second, *pooled), INSTANT, bias=False)
    inside = Convolution("b", "b", uniform_kernel(random, second, second, 3, 9), padding=1, delay=1)
    return Network(
        (Source.image("in", (2, high, wide)),),
        (a, b, Population("c", 7, INSTANT)),
        (
            Convolution(
                "in",
                "a",
                uniform_kernel(random, first, 2, kernel, 9),
                random.random((first, 2, kernel, kernel)) < 0.8,
                stride=stride,
                padding=padding,
            ),
            Convolution("a", "b", uniform_kernel(random, second, first, 1, 9)),
            inside,
            Projection("b", "c", uniform_weights(random, b.units, 7, 9), delay=1),
        ),
    )


def images_by_hand(network: Network, inputs: dict[str, Any]) -> list[dict[str, Any]]:
    """The spikes of each population in each tick, from the network alone, by torch."""
    every = (*network.sources, *network.populations)
    shapes = {each.name: each.unit_shape or (each.units,) for each in every}
    left: dict[str, list[Any]] = {name: [] for name in shapes}
    found: list[dict[str, Any]] = []
    for tick in range(TICKS):
        for name, raster in inputs.items():
            left[name].append(torch.tensor(raster[tick]).double().reshape(shapes[name]))
        spikes = {}
        for own in network.populations:
            biases = torch.tensor(own.first_biases or (0,)).double()
            total = torch.zeros(own.shape or (own.size,)).double()
            total += biases[:, None, None] if own.shape else biases
            for p in (each for each in network.projections if each.target == own.name):
                arriving = tick if p.source in inputs else tick - 1 - p.delay
                if arriving >= 0:
                    total += arrived(p, left[p.source][arriving])
            spikes[own.name] = (total >= INSTANT.theta).double()
        for own in network.populations:
            out = spikes[own.name]
            left[own.name].append(torch.max_pool2d(out[None], own.pool)[0] if own.shape else out)
        found.append({name: own.numpy().ravel() for name, own in spikes.items()})
    return found


def arrived(projection: Projection, spikes: torch.Tensor) -> torch.Tensor:
    weights = torch.tensor(np.where(projection.synapses, projection.weights, 0)).double()
    if isinstance(projection, Convolution):
        stride, padding = projection.stride, projection.padding
        return torch.conv2d(spikes[None], weights, None, stride, padding)[0]
    return spikes.reshape(-1) @ weights


def run(program: Program, inputs: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    with open_device("golden", program.config) as device:
        device.load_weights(program.weights)
        for tick in range(TICKS):
            axons = [program.axons_of(name, np.flatnonzero(inputs[name][tick])) for name in inputs]
            heard = program.split(device.tick(np.concatenate(axons)))
            sizes = {name: len(own) for name, own in program.neurons.items()}
            found.append(
                {name: np.isin(np.arange(sizes[name]), own) for name, own in heard.items()}
            )
    return found


@pytest.mark.parametrize("seed", range(1, 7))
def test_they_spike_as_torch_says_on_any_mesh(seed: int) -> None:
    random = np.random.default_rng(seed)
    network = random_images(random)
    inputs = {each.name: random.random((TICKS, each.size)) < 0.3 for each in network.sources}
    wanted = images_by_hand(network, inputs)
    assert all(any(tick[name].any() for tick in wanted) for name in ("a", "b", "c"))
    lanes = int(random.choice([1, 2, 4]))
    for mesh in (Mesh(), Mesh(2, 1), Mesh(3, 1)):
        geometry = smallest_geometry(network, mesh, lanes=lanes, weight_bits=5)
        found = run(compile_network(network, geometry, mesh), inputs)
        for tick, (own, other) in enumerate(zip(wanted, found, strict=True)):
            for name in own:
                assert np.array_equal(own[name], other[name]), (mesh, tick, name)


@pytest.mark.parametrize("seed", range(3))
def test_weights_and_biases_come_back_as_they_were_given(seed: int) -> None:
    network = random_images(np.random.default_rng(seed))
    for mesh in (Mesh(), Mesh(2, 2)):
        geometry = smallest_geometry(network, mesh, lanes=2, weight_bits=5)
        program = compile_network(network, geometry, mesh)
        for own in network.projections:
            wanted = np.where(own.synapses, own.weights, geometry.no_synapse)
            assert np.array_equal(program.weights_of(own, program.weights), wanted)
        biases = program.bias_of("a", program.weights)
        assert tuple(biases.tolist()) == network.population("a").first_biases
        assert program.bias_of("c", program.weights).tolist() == [0] * 7


def test_rows_are_plastic_and_use_traces_as_their_projections_say() -> None:
    random = np.random.default_rng(1)
    traces = ParameterSet(q_inc=9)
    kernel = uniform_kernel(random, 3, 1, 3, 9)
    network = Network(
        (Source.image("in", (1, 5, 5)), Source.image("top", (1, 5, 5))),
        (Population.image("a", (3, 3, 3), INSTANT),),
        (
            Convolution("in", "a", kernel, plastic=False),
            Convolution("top", "a", kernel, traces=traces),
        ),
    )
    (core,) = compile_network(network, smallest_geometry(network, lanes=1)).config.cores
    used = [core.parameter_sets[row.parameter_set].q_inc for row in core.rows]
    assert used == [INSTANT.q_inc] * 26 + [9] * 25
    assert [row.plastic for row in core.rows] == [False] * 25 + [True] * 26
    assert [place for place, row in enumerate(core.rows) if row.always_on] == [25]


def test_units_are_neurons_or_the_members_of_a_pool() -> None:
    kernel = np.ones((2, 1, 1, 1), int)
    network = Network(
        (Source.image("in", (1, 5, 4)),),
        (Population.image("a", (2, 5, 4), INSTANT, pool=2),),
        (Convolution("in", "a", kernel),),
    )
    program = compile_network(network, smallest_geometry(network, lanes=2))
    units, neurons = program.units_of("a"), program.neurons["a"].reshape(2, 5, 4)
    assert units.shape == (2 * 2 * 2, 4)
    assert sorted(units[5].tolist()) == sorted(neurons[1, 0:2, 2:4].ravel().tolist())
    assert neurons[1, 2, 3] == (2 * 4 + 3) * 2 + 1  # position-major, channels inside


def test_a_place_holds_whole_channels() -> None:
    network = random_images(np.random.default_rng(4))
    place = {"a": [1, 0], "b": [2], "c": [0]}
    mesh = Mesh(3, 1)
    geometry = smallest_geometry(network, mesh, 1, 5, place)
    plan = compile_network(network, geometry, mesh, place).plan
    shape = network.population("a").shape
    cores = plan.cores_of("a").reshape(shape[0], -1)
    assert (cores == cores[:, :1]).all()
    assert cores[:, 0].tolist() == [1] * -(-shape[0] // 2) + [0] * (shape[0] // 2)
    assert set(plan.cores_of("b").tolist()) == {2}


def test_axons_reach_as_many_groups_as_the_chip_counts() -> None:
    program = compile_network(network := random_images(np.random.default_rng(3)), _of(network))
    lanes = program.geometry.lanes
    for wire in program.plan.wires:
        if wire.projection and wire.projection.source == "in":
            for k in range(0, len(wire.channels), 7):
                with open_device("golden", program.config) as device:
                    device.load_weights(program.weights)
                    always = sum(w.groups[0] for w in program.plan.wires if w.projection is None)
                    device.tick(np.array([wire.first_axon + k], np.int32))
                    counted = int(device.counters()[Counter.SYNOPS])
                assert counted == lanes * (always + wire.groups[k])


def _of(network: Network) -> Any:
    return smallest_geometry(network, lanes=2, weight_bits=5)
