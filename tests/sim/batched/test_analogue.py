"""Memristors, masks and noise at the threshold: golden, naive, torch and compiled, all the same."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.models.config import (
    Mesh,
)
from axonloop.sim.stimulus import GEOMETRIES
from tests.support.random.batches import Batch
from tests.support.random.beside import Beside
from tests.support.random.chips import random_chip

NAMES = (
    "device", "device-terms", "device-gain", "mask", "mask-odd", "noise", "noise-odd", "analogue"
)  # fmt: skip
WAYS = ("float32", "float64", "compiled")
MESHES = {1: Mesh(), 2: Mesh(2, 1)}


@pytest.mark.parametrize("seed", range(2), ids="seed{}".format)
@pytest.mark.parametrize("name", NAMES)
def test_four_derivations_agree(name: str, seed: int) -> None:
    rng = np.random.default_rng([seed, len(name), 1])
    Beside.around(rng, GEOMETRIES[name], Mesh(), WAYS).live(rng, 4)


@pytest.mark.usefixtures("each_way")
@pytest.mark.parametrize("cores", MESHES, ids="{}cores".format)
@pytest.mark.parametrize("name", NAMES)
def test_copies_equal_golden_chips(name: str, cores: int) -> None:
    rng = np.random.default_rng([cores, len(name), 2])
    config = random_chip(rng, MESHES[cores], GEOMETRIES[name])
    Batch.of(rng, config, 3, shared=False).live(rng, 6)


@pytest.mark.usefixtures("each_way")
@pytest.mark.parametrize("name", ["mask", "mask-odd", "noise", "analogue"])
def test_samples_that_share_weights_equal_golden_chips(name: str) -> None:
    rng = np.random.default_rng([len(name), 3])
    config = random_chip(rng, Mesh(2, 1), GEOMETRIES[name])
    Batch.of(rng, config, 5, shared=True).live(rng, 6, errors=False)
