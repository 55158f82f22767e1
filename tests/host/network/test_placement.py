"""What is said about a program: traffic against spikes walked one by one, the tables, a picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from axonloop.host.network import (
    Network,
    Population,
    Program,
    Projection,
    Source,
    compile_network,
    draw_mesh,
    explain,
    measured_traffic,
    predicted_traffic,
    smallest_geometry,
)
from axonloop.host.network.placement import links, use_of
from axonloop.host.pictures import save
from axonloop.models.config import Geometry, Mesh, ParameterSet, Port
from tests.support.random.networks import random_network

TICKS = 64
"""A power of two: rates and their sums are exact."""


def program(mesh: Mesh) -> Program:
    """in (8) -> first (32) -> second (16), and second back to first, on cores of 16 neurons."""
    sizes = {"in": 8, "first": 32, "second": 16}
    pairs = [("in", "first"), ("first", "second"), ("second", "first")]
    network = Network(
        (Source("in", 8),),
        (Population("first", 32, ParameterSet()), Population("second", 16, ParameterSet())),
        tuple(Projection(a, b, np.ones((sizes[a], sizes[b]), int)) for a, b in pairs),
    )
    return compile_network(network, Geometry(axons=96, neurons=48), mesh)


def walk(counters: np.ndarray, columns: int, source: int, target: int) -> None:
    """Count a spike at every port on its way; written from section 11 of the contract."""
    column, row = source % columns, source // columns
    while (column, row) != (target % columns, target // columns):
        here = row * columns + column
        if column < target % columns:
            counters[here, Port.EAST] += 1
            column += 1
        elif column > target % columns:
            counters[here, Port.WEST] += 1
            column -= 1
        elif row < target // columns:
            counters[here, Port.SOUTH] += 1
            row += 1
        else:
            counters[here, Port.NORTH] += 1
            row -= 1
    counters[target, Port.LOCAL] += 1


@pytest.mark.parametrize("seed", range(20))
def test_predicted_traffic_is_that_of_spikes_walked_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    mesh = Mesh(int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    compiled = compile_network(network, smallest_geometry(network, mesh, 2), mesh)
    counters = np.zeros((mesh.cores, len(Port)), int)
    rates = {}
    for population in network.populations:
        spikes = rng.random((TICKS, population.size)) < rng.random()
        rates[population.name] = spikes.mean(axis=0)
        where = compiled.neurons[population.name] // compiled.geometry.neurons
        for projection in network.projections:
            if projection.source != population.name:
                continue
            targets = compiled.neurons[projection.target] // compiled.geometry.neurons
            for i, sent in enumerate(spikes.sum(axis=0)):
                for target in set(targets[projection.synapses[i]].tolist()):
                    for _ in range(sent):
                        walk(counters, mesh.columns, where[i], target)
    predicted = predicted_traffic(compiled, rates)
    assert (predicted == measured_traffic(compiled, counters, TICKS)).all()


def test_one_rate_for_a_population_is_that_of_all_its_neurons() -> None:
    compiled = program(Mesh(3, 1))
    one = predicted_traffic(compiled, {"first": 0.25, "second": 0.5})
    every = {"first": np.full(32, 0.25), "second": np.full(16, 0.5)}
    assert (one == predicted_traffic(compiled, every)).all()
    assert one[:, Port.EAST].tolist() == [4.0, 8.0, 0.0]
    assert one[:, Port.WEST].tolist() == [0.0, 8.0, 16.0]
    assert one[:, Port.LOCAL].tolist() == [8.0, 8.0, 8.0]


def test_use_of_a_core() -> None:
    use = use_of(program(Mesh(1, 2)), 1)
    assert use.populations == (("second", 0, 15),)
    assert (use.groups, use.axons, use.entries, use.parameter_sets) == (1, 33, 16, 1)
    first = use_of(program(Mesh(1, 2)), 0)
    assert (first.groups, first.axons, first.entries) == (2, 8 + 16 + 1, 32)


def test_links_of_a_mesh() -> None:
    assert links(Mesh(2, 1)) == [(0, Port.EAST, 1), (1, Port.WEST, 0)]
    assert links(Mesh(1, 2)) == [(0, Port.SOUTH, 1), (1, Port.NORTH, 0)]
    assert len(links(Mesh(4, 3))) == 2 * (3 * 3 + 4 * 2)


TEXT = """\
core  position  groups  axons  entries  sets  neurons
0     0,0       2/3     25/96  32/1024  1/4   first 0..31
1     1,0       1/3     33/96  16/1024  1/4   second 0..15

spikes per tick
link                     predicted  measured
core 0 -> core 1 (east)  8.000      7.500
core 1 -> core 0 (west)  8.000      0.000
into core 0              8.000      0.000
into core 1              8.000      7.500
all links                16.000     7.500
"""


def test_explanation() -> None:
    compiled = program(Mesh(2, 1))
    predicted = predicted_traffic(compiled, {"first": 0.25, "second": 0.5})
    counters = np.zeros((2, 5), int)
    counters[0, Port.EAST] = counters[1, Port.LOCAL] = 15
    measured = measured_traffic(compiled, counters, 2)
    assert explain(compiled, {"predicted": predicted, "measured": measured}) == TEXT
    assert explain(compiled) == TEXT.partition("\n\n")[0] + "\n"


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda p: predicted_traffic(p, {"first": 0.1}),
            r"rates must be given for first, second, not \['first'\]",
        ),
        (
            lambda p: predicted_traffic(p, {"first": 1.5, "second": 0}),
            r"rate of 'first' must be in 0\.\.1 spikes per neuron and tick, not 1\.5",
        ),
        (
            lambda p: predicted_traffic(p, {"first": np.zeros(3), "second": 0}),
            r"rate of 'first' must be a number or of shape \(32,\), not \(3,\)",
        ),
        (
            lambda p: measured_traffic(p, np.zeros((4, 5), int), 1),
            r"port counters must be of shape \(2, 5\), not \(4, 5\)",
        ),
        (
            lambda p: measured_traffic(p, np.zeros((2, 5), int), 0),
            r"ticks must be at least 1, not 0",
        ),
        (
            lambda p: draw_mesh(p, {}),
            r"traffic must be at least one table, not 0",
        ),
    ],
)
def test_mistakes(ask, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        ask(program(Mesh(2, 1)))


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (3, 2)])
def test_picture(tmp_path: Path, columns: int, rows: int) -> None:
    """Drawn whole; links that carry more are drawn in other colours than those that are idle."""
    compiled = program(Mesh(columns, rows))
    busy = predicted_traffic(compiled, {"first": 0.25, "second": 0.5})
    pictures = []
    for name, traffic in {"busy": busy, "idle": 0 * busy}.items():
        picture = draw_mesh(compiled, {"predicted": traffic, "measured": traffic})
        save(picture, tmp_path / f"{name}.png")
        pixels = matplotlib.image.imread(tmp_path / f"{name}.png")
        left, right = np.array_split(pixels[..., :3], 2, axis=1)
        warm = [(side[..., 0] - side[..., 2] > 0.4).any() for side in (left, right)]
        pictures.append(warm)
    linked = columns * rows > 1
    assert pictures == [[linked, linked], [False, False]]
