"""Biases of each neuron: the constant drive of the membrane, and the first weight of a bias."""

from __future__ import annotations

import re

import numpy as np
import pytest

from axonloop.host.devices import open_device
from axonloop.host.network import (
    Network,
    Population,
    Program,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
)
from axonloop.models.config import Mesh, ParameterSet
from axonloop.models.protocol import Region

SIZE = 40
STILL = ParameterSet(theta=30000, alpha_n=0, beta_n=0, w_exp=0)
"""A membrane that holds only what the last tick gave it."""


def network(**changes) -> Network:
    weights = np.zeros((3, SIZE), np.int64)
    populations = (Population("a", SIZE, STILL, **changes), Population("b", 5, STILL))
    projections = (
        Projection("in", "a", weights),
        Projection("a", "b", np.zeros((SIZE, 5), np.int64)),
    )
    return Network((Source("in", 3),), populations, projections)


def membranes(program: Program, device: str) -> np.ndarray:
    with open_device(device, program.config) as chip:
        chip.load_weights(program.weights)
        chip.tick(np.zeros(0, np.int32))
        return chip.read(Region.MEMBRANE)


@pytest.mark.parametrize("mesh", [Mesh(), Mesh(2, 1)])
@pytest.mark.parametrize("device", ["golden", "batched"])
def test_drives_and_first_biases_reach_their_neurons(mesh: Mesh, device: str) -> None:
    drives, biases = np.arange(SIZE) * 10 - 100, np.arange(SIZE) - 20
    given = network(drives=tuple(drives.tolist()), first_biases=biases)
    program = compile_network(given, smallest_geometry(given, mesh), mesh)
    found = membranes(program, device)
    assert np.array_equal(found[program.neurons["a"]], drives + biases)
    assert np.array_equal(program.bias_of("a", program.weights), biases)
    others = np.setdiff1d(np.arange(program.config.neurons), program.neurons["a"])
    assert not found[others].any()


def test_without_them_a_chip_is_what_it_was() -> None:
    plain = network()
    zeros = network(drives=(0,) * SIZE, first_biases=(0,) * SIZE)
    geometry = smallest_geometry(plain)
    one, other = compile_network(plain, geometry), compile_network(zeros, geometry)
    assert one.config == other.config
    assert one.config.cores[0].bias == (0,) * geometry.neurons
    assert np.array_equal(one.weights, other.weights)


def test_biases_that_do_not_fit_their_words() -> None:
    wide = network(first_biases=(300,) * SIZE)
    message = "weights of a bias must be in -127..127, not 300; "
    message += "a geometry of 10 weight_bits would do"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        smallest_geometry(wide)
    assert compile_network(wide, smallest_geometry(wide, weight_bits=10)).weights.max() == 300
    strong = network(drives=(40000,) * SIZE)
    message = "drives of population 'a' must be in -32767..32767, not 40000"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        compile_network(strong, smallest_geometry(strong))
