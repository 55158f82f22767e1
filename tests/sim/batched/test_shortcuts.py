"""What the kernels leave out, put together, or do side by side must not show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from axonloop.models.config import ChipConfig, CoreConfig, Geometry, ParameterSet, Row
from axonloop.models.protocol import Region, readable
from axonloop.sim.batched import BatchedChip
from tests.support.random.batches import WIDE, Batch
from tests.support.random.cores import random_config

Rng = np.random.Generator
TWO = WIDE | {"lanes": 2}


@pytest.mark.parametrize("region", [Region.RESET, Region.COUNTDOWN], ids=lambda region: region.name)
def test_what_the_host_writes_holds_neurons_back(region: Region) -> None:
    """Neurons whose parameters make no R and no countdown have them where a host wrote them."""
    rng = np.random.default_rng(region)
    geometry = Geometry(16, 80, **WIDE)
    sets = (ParameterSet(theta=300, alpha_n=4096, gamma=4000),)
    batch = Batch.of(rng, ChipConfig.of(CoreConfig(geometry, sets)), 2, False)
    values = np.zeros((2, 80), np.int64)
    values[:, [3, 70]] = 5
    batch.batched.write(region, values)
    for chip, mine in zip(batch.golden, values, strict=True):
        chip.set_array(region, mine)
    for tick in range(8):
        batch.tick(rng)
        batch.check(f"tick {tick}")


@pytest.mark.parametrize("seed", range(3), ids="seed{}".format)
@pytest.mark.parametrize("terms", [0, 2])
def test_learning_after_a_run_of_many_ticks(seed: int, terms: int) -> None:
    """Only the last tick of a run makes factors: learning finds those, and so does the host."""
    rng = np.random.default_rng([seed, terms])
    config = ChipConfig.of(random_config(rng, Geometry(24, 24, entries=64, **WIDE, terms=terms)))
    batch = Batch.of(rng, config, 2, False)
    for step in range(4):
        raster = rng.random((5, 2, config.axons)) < 0.3
        batch.batched.run(torch.from_numpy(raster))
        for spikes in raster:
            for chip, mine in zip(batch.golden, spikes, strict=True):
                chip.send_spikes(np.flatnonzero(mine))
                chip.tick()
        batch.check(f"step {step}")
        limit = config.geometry.error_max
        batch.send_errors(rng.integers(-limit, limit + 1, (2, config.neurons)), ungated=True)
        batch.learn()
        batch.check(f"step {step}, learnt")


def spans_core(rng: Rng, weight_bits: int, mask: int) -> CoreConfig:
    """Blocks of rows of all lengths up to 300 weights, one of two, from any group of two."""
    geometry = Geometry(48, 300, weight_bits=weight_bits, mask=mask, entries=64, **TWO)
    rows = [Row(groups=1, plastic=True)] * 4
    for _ in range(16):
        first = int(rng.integers(0, 150))
        groups = int(rng.integers(1, 151 - first))
        row = Row(first_group=first, groups=groups, plastic=True)
        rows += [row] * int(rng.integers(3, 6))
    core = CoreConfig(geometry, (ParameterSet(theta=900, eta_shift=9),), rows=tuple(rows[:48]))
    if not mask:
        return core
    loss = (tuple(map(int, rng.integers(0, 256, n))) for n in (48, 300))
    return replace(core, row_loss=next(loss), column_loss=next(loss))


@pytest.mark.parametrize("seed", range(6), ids="seed{}".format)
@pytest.mark.parametrize(("weight_bits", "mask"), [(8, 0), (12, 0), (8, 1)])
def test_rows_of_every_place_and_length(weight_bits: int, mask: int, seed: int) -> None:
    rng = np.random.default_rng([seed, weight_bits, mask])
    batch = Batch.of(rng, ChipConfig.of(spans_core(rng, weight_bits, mask)), 2, False)
    batch.live(rng, 4)


@pytest.mark.parametrize("seed", range(4), ids="seed{}".format)
@pytest.mark.parametrize("copies", [2, 7, 40])
def test_copies_learn_together_as_in_torch(copies: int, seed: int) -> None:
    """Axons of rows of all spans, by tiles, and neurons by blocks, of which few have errors."""
    rng = np.random.default_rng([seed, copies])
    config = ChipConfig.of(spans_core(rng, 8, 0))
    batch = Batch.of(rng, config, 1, False)
    weights, limit = batch.batched.read_weights()[0], config.geometry.error_max
    both = [BatchedChip(config, copies, True, arithmetic=way) for way in ("compiled", "float32")]
    for chip in both:
        chip.load_weights(weights)
    for _ in range(6):
        spikes = rng.random((copies, config.axons)) < 0.3
        errors = rng.integers(-limit, limit + 1, (copies, config.neurons))
        errors[rng.random(errors.shape) > rng.choice([0.02, 0.3, 1.0])] = 0
        for chip in both:
            chip.tick(spikes)
            chip.send_errors(errors, ungated=True)
            chip.learn()
        assert both[0].read_weights().tolist() == both[1].read_weights().tolist()
        assert both[0].counter_table().tolist() == both[1].counter_table().tolist()
    assert (both[0].read_weights() != weights).sum() > 1000


@pytest.mark.parametrize("learn", [False, True], ids=["runs", "learns"])
def test_two_threads_make_what_one_makes(learn: bool) -> None:
    """Nine copies, with enough to do for three threads (`WORTH_A_THREAD` in tick.cpp)."""
    rng = np.random.default_rng(int(learn))
    config = ChipConfig.of(random_config(rng, Geometry(128, 128, entries=256, terms=1)))
    batch = Batch.of(rng, config, 9, False)
    raster = torch.from_numpy(rng.random((6000, 9, config.axons)) < 0.05)
    before, threads = batch.batched.snapshot(), torch.get_num_threads()
    ends = []
    for count in (1, 2):
        torch.set_num_threads(count)
        try:
            batch.batched.restore(before)
            reported = batch.batched.run(raster, learn)
        finally:
            torch.set_num_threads(threads)
        ends.append([reported, *(batch.batched.read(r) for r in readable(config.geometry))])
        ends[-1] += [batch.batched.read_weights(), batch.batched.counter_table()]
    assert all(bool((one == two).all()) for one, two in zip(*ends, strict=True))
    assert reported.any()
