"""Memristors, masks and noise at the threshold: golden, naive, torch and compiled, all the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from axonloop.models.config import (
    AxonFactor,
    CoreConfig,
    Geometry,
    MemristorTables,
    Mesh,
    ParameterSet,
    Rounding,
    Row,
    Term,
    ThirdFactor,
)
from axonloop.models.protocol import Counter, Region
from axonloop.sim.batched import BatchedChip
from axonloop.sim.stimulus import GEOMETRIES
from tests.support.random.batches import Batch
from tests.support.random.beside import Beside, lively
from tests.support.random.chips import random_chip
from tests.support.random.seeds import seeds

NAMES = (
    "device", "device-terms", "device-gain", "mask", "mask-odd", "noise", "noise-odd", "analogue"
)  # fmt: skip

WAYS = ("float32", "compiled")
MESHES = {1: Mesh(), 2: Mesh(2, 1)}


@pytest.mark.parametrize("seed", seeds(2, 1), ids="seed{}".format)
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
    Batch.of(rng, config, 3, shared=False).live(rng, 4)


@pytest.mark.usefixtures("each_way")
@pytest.mark.parametrize("name", ["mask", "mask-odd", "noise", "analogue"])
def test_samples_that_share_weights_equal_golden_chips(name: str) -> None:
    rng = np.random.default_rng([len(name), 3])
    config = random_chip(rng, Mesh(2, 1), GEOMETRIES[name])
    Batch.of(rng, config, 5, shared=True).live(rng, 4, errors=False)


def currents(config: CoreConfig, weights: np.ndarray) -> np.ndarray:
    """I of every neuron after a tick in which all axons spiked, of two copies."""
    chip = BatchedChip(config, 2, shared=True)
    chip.load_weights(weights)
    chip.tick(np.ones((2, config.geometry.axons), bool))
    return chip.read(Region.CURRENT).numpy()


@pytest.mark.usefixtures("each_way")
@pytest.mark.parametrize("seed", range(2), ids="seed{}".format)
@pytest.mark.parametrize("weight_bits", [8, 16])
def test_sums_with_a_mask_are_exact_and_rounded_once(weight_bits: int, seed: int) -> None:
    """Half of the rows make 2^25 or 2^33 parts of 256, and the others take them away again."""
    rng = np.random.default_rng([seed, weight_bits])
    geometry = Geometry(2048, 32, weight_bits=weight_bits, state_bits=24, mask=1)
    core = CoreConfig(
        geometry,
        (ParameterSet(w_exp=0, beta_n=0, theta=geometry.state_max),),
        row_loss=tuple(rng.integers(0, 2, 2048).tolist()),
        column_loss=tuple(rng.integers(0, 256, 32).tolist()),
    )
    most = geometry.weight_max
    weights = np.where(np.arange(2048) < 1024, most, -most)[:, None] + np.zeros((1, 32), int)
    weights -= rng.integers(0, 9, weights.shape) * np.sign(weights)
    kept = 256 - np.array(core.row_loss)
    exact = (weights * kept[:, None]).sum(0) * (256 - np.array(core.column_loss))
    assert (exact % 2**16).astype(bool).any()
    expected = (exact + 2**15) >> 16
    assert currents(core, weights).tolist() == [expected.tolist()] * 2


@pytest.mark.usefixtures("torch_alone")
@pytest.mark.parametrize(
    ("rows", "loss", "dtype"),
    [(516, 0, torch.float32), (517, 0, torch.float64), (517, 1, torch.float32)],
)
def test_the_arithmetic_counts_what_rows_leave(rows: int, loss: int, dtype: torch.dtype) -> None:
    lane = {"lanes": 1, "update_lanes": 1, "trace_lanes": 1, "multipliers": 1}
    core = CoreConfig(Geometry(rows, 2, mask=1, **lane), row_loss=(loss,) * rows)
    assert BatchedChip(core, 1, shared=True).engine.synapses.dtype is dtype


@pytest.mark.usefixtures("each_way")
def test_a_weighted_sum_of_many_copies_is_exact() -> None:
    """1,000 copies: x R is up to 1000 x 127 x 255 x 65535, which only 64 bits hold."""
    geometry = Geometry(8, 8, lanes=8, weight_bits=16, update_lanes=1, trace_lanes=1, multipliers=1)
    term = Term(AxonFactor.PQ, third=ThirdFactor.ERROR, sign=-1, shift=16, weighted=True)
    core = CoreConfig(
        replace(geometry, terms=1, memristor=1),
        (ParameterSet(rounding=Rounding.NEAREST, terms=(term,)),),
        (Row(groups=1, plastic=True),) * 8,
        memristor=MemristorTables((65535,) * 256, (65531,) * 256, 12, 12),
    )
    chip = BatchedChip(core, 1000, shared=True)
    chip.load_weights(np.zeros((8, 8), np.int64))
    rng = np.random.default_rng(3)
    chip.tick(np.zeros((1000, 8), bool))
    pq = rng.integers(200, 256, (1000, 8))
    errors = rng.integers(100, 128, (1000, 8)) * np.where(np.arange(8) < 4, 1, -1)
    chip.write(Region.TRACE_PQ, pq)
    chip.send_errors(errors, ungated=True)
    chip.learn()
    total = pq.T @ errors
    gain = np.where(total < 0, 65535, 65531)
    expected = -((total * gain + (1 << 27)) >> 28)
    assert np.abs(total).min() * 65531 > 2**40
    assert np.abs(expected).min() > 1000
    assert chip.read_weights().tolist() == expected.tolist()


@pytest.mark.usefixtures("each_way")
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
def test_writes_are_counted_by_memristor(shared: bool) -> None:
    """From where one asks for it on; together they are the counter's."""
    rng = np.random.default_rng(7)
    chip = Batch.of(rng, lively(rng, GEOMETRIES["device-terms"]), 3, shared).batched
    for tick in range(6):
        if tick == 2:
            chip.count_writes()
            before = chip.counters()[:, Counter.WRITES]
        chip.tick(rng.random((3, chip.config.axons)) < 0.3)
        chip.send_errors(rng.integers(-99, 100, (3, chip.config.neurons)) // 30)
        chip.learn()
    writes, weights = chip.writes(), chip.read_weights()
    assert writes.shape == weights.shape
    assert not writes[weights == chip.geometry.no_synapse].any()
    found = writes.sum() if shared else writes.sum((1, 2))
    expected = chip.counters()[:, Counter.WRITES] - before
    assert (found == expected).all()
    assert (expected > 0).all()
    assert int(writes.max()) > 1


def test_the_golden_chip_counts_the_same_writes() -> None:
    rng = np.random.default_rng(8)
    batch = Batch.of(rng, lively(rng, GEOMETRIES["device-terms"]), 1, True)
    batch.batched.count_writes()
    batch.golden[0].count_writes()
    for _ in range(6):
        batch.tick(rng)
        batch.send_errors(rng.integers(-99, 100, (1, batch.batched.config.neurons)) // 30, True)
        batch.learn()
    assert batch.golden[0].writes().tolist() == batch.batched.writes().tolist()
    assert batch.golden[0].writes().max() > 1


def test_writes_that_are_not_counted_are_refused() -> None:
    chip = BatchedChip(CoreConfig(GEOMETRIES["device"]), 2, shared=True)
    with pytest.raises(ValueError, match="^writes must be counted .* before they are read$"):
        chip.writes()
    chip = BatchedChip(CoreConfig(GEOMETRIES["device-gain"]), 2, shared=True)
    with pytest.raises(ValueError, match="^memristor of the build must be 2 to count writes, not"):
        chip.count_writes()
