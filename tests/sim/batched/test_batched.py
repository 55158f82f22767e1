"""The batched emulator against golden chips: every copy, every state word, every tick."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from axonloop.models.config import (
    ChipConfig,
    CoreConfig,
    Geometry,
    Group,
    Mesh,
    ParameterSet,
    ResetMode,
    Rounding,
)
from axonloop.models.protocol import MODEL_COUNTERS, Counter, Region
from axonloop.sim.batched import BatchedChip
from axonloop.sim.batched.tensors.counters import FLUSH
from tests.support.random.batches import KINDS, WIDE, Batch, layered
from tests.support.random.chips import random_chip
from tests.support.random.cores import random_config
from tests.support.random.seeds import seeds

pytestmark = pytest.mark.usefixtures("each_way")

MESHES = [Mesh(), Mesh(2, 2), Mesh(3, 1)]


@pytest.mark.parametrize("seed", seeds(8, 2))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mesh", MESHES, ids=str)
def test_copies_equal_golden_chips_that_learn(mesh: Mesh, kind: str, seed: int) -> None:
    copies, shared = KINDS[kind]
    rng = np.random.default_rng([seed, mesh.columns, mesh.rows, copies])
    Batch.random(rng, mesh, copies, shared).live(rng, 8)


@pytest.mark.parametrize("seed", seeds(2, 1))
@pytest.mark.parametrize("mesh", [Mesh(), Mesh(2, 1)], ids=str)
def test_64_copies_equal_64_golden_chips(mesh: Mesh, seed: int) -> None:
    rng = np.random.default_rng([seed, mesh.columns, 64])
    Batch.random(rng, mesh, 64).live(rng, 6)


@pytest.mark.parametrize("seed", seeds(6, 2))
@pytest.mark.parametrize("mesh", [Mesh(), Mesh(2, 2)], ids=str)
def test_samples_that_share_weights_equal_golden_chips(mesh: Mesh, seed: int) -> None:
    rng = np.random.default_rng([seed, mesh.columns, 9])
    Batch.random(rng, mesh, 9, shared=True).live(rng, 8, errors=False)


@pytest.mark.parametrize("mode", ResetMode, ids=lambda mode: mode.name)
@pytest.mark.parametrize("rounding", Rounding, ids=lambda rounding: rounding.name)
def test_every_mode_alone(mode: ResetMode, rounding: Rounding) -> None:
    """Cores in which all groups have one reset mode and one rounding, and neurons do spike."""
    rng = np.random.default_rng([mode, rounding])
    core = random_config(rng, Geometry(24, 24, entries=64, **WIDE))
    fixed = {"reset_mode": mode, "rounding": rounding, "theta": 40, "eta_shift": 3, "pq_shift": 0}
    sets = tuple(replace(p, **fixed, refractory=0) for p in core.parameter_sets)
    batch = Batch.of(rng, ChipConfig.of(replace(core, parameter_sets=sets)), 4, False)
    batch.live(rng, 12)
    counters = batch.batched.counters()
    assert counters[:, Counter.SPIKES].min() > 0
    assert counters[:, Counter.UPDATES].min() > 0


@pytest.mark.parametrize("mode", ResetMode, ids=lambda mode: mode.name)
def test_the_lowest_reset_that_a_host_can_write(mode: ResetMode) -> None:
    """R = -2^15 with V anywhere: V less theta gets as low as a word can be, and no lower."""
    rng = np.random.default_rng(mode)
    geometry = Geometry(16, 1024)
    parameters = ParameterSet(theta=3, alpha_n=4096, reset_mode=mode)
    batch = Batch.of(rng, ChipConfig.of(CoreConfig(geometry, (parameters,))), 2, False)
    near = rng.integers(-32768, -32758, (2, 1024))
    for region, values in ((Region.RESET, np.full((2, 1024), -32768)), (Region.MEMBRANE, near)):
        batch.batched.write(region, values)
        for chip, mine in zip(batch.golden, values, strict=True):
            chip.set_array(region, mine)
    for tick in range(3):
        spikes = np.zeros((2, 16), bool)
        batch.batched.tick(spikes)
        for chip in batch.golden:
            chip.tick()
        batch.check(f"tick {tick}")
    assert (batch.batched.counters()[:, Counter.SPIKES] > 500).all()


def test_random_batches_exercise_everything() -> None:
    """The comparisons mean something only if every counter moved, in many runs.

    Writes, which few of these chips have, are compared in test_analogue.py.
    """
    moved = dict.fromkeys(set(MODEL_COUNTERS) - {Counter.WRITES}, 0)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        batch = Batch.random(rng, Mesh(3, 3), 2)
        for _ in range(6):
            batch.send_traffic(rng)
            batch.tick(rng)
            batch.learn()
        for counter in moved:
            moved[counter] += bool(batch.batched.counters()[:, counter].any())
    assert min(moved.values()) >= 9, moved


@pytest.mark.parametrize("state_bits", [19, 20, 24])
@pytest.mark.parametrize(("weight_bits", "axons"), [(8, 2048), (16, 512), (16, 520), (16, 2048)])
def test_the_widest_words_at_their_limits(
    state_bits: int, weight_bits: int, axons: int, each_way: str
) -> None:
    """All weights and spikes as large as they can be: sums up to 2^26, shifted by 7."""
    rng = np.random.default_rng([state_bits, weight_bits, axons])
    geometry = Geometry(axons, 16, weight_bits=weight_bits, state_bits=state_bits, **WIDE)
    parameters = ParameterSet(w_exp=7, theta=geometry.state_max // 3, gamma=4095, rho=99)
    config = ChipConfig.of(CoreConfig(geometry, (parameters,)))
    batch = Batch.of(rng, config, 3, shared=True)
    weights = np.full((axons, 16), geometry.weight_max)
    weights[:, ::2] *= -1
    weights[:, 3] = rng.integers(-9, 10, axons)
    for chip in (batch.batched, *batch.golden):
        chip.load_weights(weights)
    if each_way == "torch":
        exact = torch.float64 if weight_bits == 16 and axons > 512 else torch.float32
        assert batch.batched.engine.synapses.dtype is exact
    for rate in (0.01, 0.3, 1.0, 1.0, 0.0, 0.5):
        spikes = rng.random((3, axons)) < rate
        batch.batched.tick(spikes)
        for chip, mine in zip(batch.golden, spikes, strict=True):
            chip.send_spikes(np.flatnonzero(mine))
            chip.tick()
        batch.check(f"rate {rate}")
    assert (batch.batched.counters()[:, Counter.SATURATIONS] > 0).all()


@pytest.mark.parametrize("seed", range(2))
def test_layers_are_copied_in_runs(seed: int, each_way: str) -> None:
    """Also over so many ticks that tallies become counters on the way."""
    rng = np.random.default_rng(seed)
    batch = Batch.of(rng, layered(), 3, False)
    if each_way == "torch":
        fanout = batch.batched.engine.fanout
        assert (len(fanout.runs), len(fanout.routes)) == (6, 0)
    for _ in range(3 * FLUSH):
        batch.tick(rng)
    batch.live(rng, 4)
    counters = batch.batched.counters()
    for counter in (Counter.COLLISIONS, Counter.EAST, Counter.WEST, Counter.LOCAL):
        assert (counters[:, counter] > 0).all(), counter


def test_a_raster_is_its_ticks() -> None:
    rng = np.random.default_rng(4)
    config = layered()
    one, other = (Batch.of(np.random.default_rng(5), config, 4, True).batched for _ in range(2))
    raster = rng.random((20, 4, config.axons)) < 0.2
    together = one.run(raster)
    assert together.equal(torch.stack([other.tick(spikes) for spikes in raster]))
    assert one.read(Region.MEMBRANE).equal(other.read(Region.MEMBRANE))
    assert together.any()


def test_silent_groups_are_not_reported() -> None:
    groups = (Group(report=False), Group())
    geometry = Geometry(32, 32)
    chip = BatchedChip(CoreConfig(geometry, groups=groups, bias=(2000,) * 32), 2, True)
    reported = chip.tick(np.zeros((2, 32), bool))
    assert reported.tolist() == [[False] * 16 + [True] * 16] * 2
    assert chip.read(Region.SPIKE).all()


@pytest.mark.parametrize("seed", seeds(4, 1))
@pytest.mark.parametrize("shared", [True, False], ids=["alone", "population"])
def test_configure_keeps_state_and_takes_the_new_tables(seed: int, shared: bool) -> None:
    """Synapses outside of the new groups stay and learn, through snapshots too; no sum has them."""
    rng = np.random.default_rng(seed)
    batch = Batch.random(rng, Mesh(2, 1), 1 if shared else 3, shared)
    batch.live(rng, 3)
    old = batch.batched.config
    other = random_chip(rng, Mesh(2, 1))
    rows, geometry = other.cores[0].rows, old.geometry
    cores = tuple(
        replace(
            core,
            core=k,
            seed=77,
            rows=tuple(
                replace(rows[a % len(rows)], first_group=0, groups=a % 2, parameter_set=0)
                for a in range(geometry.axons)
            ),
        )
        for k, core in enumerate(old.cores[::-1])
    )
    new = ChipConfig(cores, old.mesh)
    batch.batched.configure(new)
    for chip in batch.golden:
        chip.configure(new)
    for tick in range(5):
        batch.send_traffic(rng)
        batch.tick(rng)
        batch.learn()
        batch.check(f"tick {tick}")
        if tick == 1:
            batch.restore()


def test_counters_wrap_at_48_bits() -> None:
    batch = Batch.random(np.random.default_rng(1), Mesh(2, 1), 2)
    snapshot = batch.batched.snapshot()
    snapshot["counters"] = torch.full((2, 2, len(Counter)), 2**48 - 1)
    batch.batched.restore(snapshot)
    batch.batched.tick(np.zeros((2, batch.batched.config.axons), bool))
    assert (batch.batched.counter_table()[:, :, Counter.TICKS] == 0).all()
    assert (batch.batched.counter_table()[:, :, Counter.CYCLES] == 0).all()
