"""Ways that only torch has: other arithmetic, blocks of rows, work in pieces."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.models.config import Mesh
from axonloop.sim.batched import BatchedChip
from axonloop.sim.batched.tensors import synapses
from tests.support.random.batches import KINDS, Batch, layered
from tests.support.random.chips import random_chip

pytestmark = pytest.mark.usefixtures("torch_alone")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2))
def test_wider_arithmetic_gives_the_same(kind: str, seed: int) -> None:
    copies, shared = KINDS[kind]
    rng = np.random.default_rng([seed, copies])
    batch = Batch.of(rng, random_chip(rng, Mesh(2, 1)), copies, shared, "float64")
    batch.live(rng, 6)


@pytest.mark.parametrize("share", [-1.0, 2.0], ids=["products", "rows"])
@pytest.mark.parametrize("seed", range(2))
def test_both_ways_to_sum(monkeypatch: pytest.MonkeyPatch, share: float, seed: int) -> None:
    monkeypatch.setattr(synapses, "SPARSE", share)
    rng = np.random.default_rng(seed)
    Batch.random(rng, Mesh(2, 1), 6, shared=True).live(rng, 6, errors=False)


@pytest.mark.parametrize("seed", range(3))
def test_work_in_small_pieces_gives_the_same(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(synapses, "WORK", 40)
    rng = np.random.default_rng(seed)
    Batch.random(rng, Mesh(), 4).live(rng, 6)


def test_rows_of_one_span_are_one_block() -> None:
    """What no row visits is not in the table; it would be 48 x 32 for each core and copy."""
    config = layered()
    chip = BatchedChip(config, 3, shared=False, arithmetic="float32")
    assert len(chip.engine.synapses.table) == 3 * 2 * (16 * 16 + 32 * 16) + 1
