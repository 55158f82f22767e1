"""Writes by population: which synapses count."""

from __future__ import annotations

import numpy as np

from axonloop.host.network import Network, Population, Projection, Source, compile_network
from axonloop.host.wear.account import by_population
from axonloop.models.config import Geometry, ParameterSet


def test_only_plastic_synapses_that_are_there_count() -> None:
    ones, there = np.ones((2, 3), int), np.array([[1, 0, 1], [1, 1, 1]], bool)
    names = ("learns", "stays")
    network = Network(
        (Source("in", 2), Source("fixed", 2)),
        tuple(Population(name, 3, ParameterSet()) for name in names),
        (
            Projection("in", "learns", ones, present=there),
            Projection("fixed", "learns", ones, plastic=False),
            Projection("fixed", "stays", ones, plastic=False),
        ),
    )
    program = compile_network(network, Geometry(axons=64, neurons=32))
    found = by_population(program, program.weights, np.full_like(program.weights, 7))
    bias = 3
    sizes = {"learns": 5 + bias, "stays": bias}
    assert {name: own.tolist() for name, own in found.items()} == {
        name: [7] * size for name, size in sizes.items()
    }
