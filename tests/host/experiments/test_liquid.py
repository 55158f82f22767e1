"""The liquid: what it hears, what is kept of its spikes, and that every device pours the same."""

from __future__ import annotations

from math import exp
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.data import Digits, split_digits
from axonloop.host.experiments import liquid
from axonloop.host.order import Order
from axonloop.host.pictures import save
from axonloop.host.training import POPULATION

WHOLE = split_digits()
FEW = Digits(WHOLE.train.first(4), WHOLE.validation.first(2), WHOLE.test.first(2))


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


def test_rows_come_one_after_the_other() -> None:
    rows = liquid.Rows(FEW.train)
    raster = rows.raster(1, np.random.default_rng(0))
    assert raster.shape == (8 * liquid.ROW + liquid.TAIL, 8)
    assert not raster[-liquid.TAIL :].any()
    counts = raster[: -liquid.TAIL].reshape(8, liquid.ROW, 8).sum(1)
    exact = FEW.train.images[1].reshape(8, 8) / 16 * liquid.ROW
    assert np.abs(counts - exact).max() <= 0.5


def test_filters_decay_from_tick_to_tick() -> None:
    raster = np.random.default_rng(2).random((30, 3)) < 0.3
    held = np.zeros((len(liquid.MEMORIES), 3))
    for spikes in raster:
        held = held * [[exp(-1 / memory)] for memory in liquid.MEMORIES] + spikes
    assert liquid.filtered(raster) == pytest.approx(held.ravel())


def test_only_the_recurrent_liquid_has_synapses_of_its_own() -> None:
    joined, apart = (liquid.network_of(3, recurrent) for recurrent in (True, False))
    assert len(joined.projections) == 2 + 4
    assert len(apart.projections) == 2
    assert not any(each.plastic for each in joined.projections)
    for each in joined.projections[2:]:
        signs = np.sign(each.weights)
        assert ((signs.min(1) >= 0) | (signs.max(1) <= 0)).all(), "a neuron excites or inhibits"


def test_every_device_pours_the_same() -> None:
    together = liquid.responses(POPULATION, (5, 6), True, FEW, quiet)
    alone = liquid.responses("golden", (5, 6), True, FEW, quiet)
    for one, other in zip(together, alone, strict=True):
        assert one.spike_hash == other.spike_hash
        assert (one.train == other.train).all()
    (apart,) = liquid.responses(POPULATION, (5,), False, FEW, quiet)
    assert apart.spike_hash != together[0].spike_hash
    assert 0.02 < apart.rate < 0.4


def test_liquid_in_short(tmp_path: Path) -> None:
    metrics = liquid.measure(Order(POPULATION, limit=60), quiet)
    assert metrics["liquid"][0]["test"] > metrics["inputs alone"]["test"] > 0.1
    save(liquid.draw(metrics), tmp_path / "picture.png")
