"""Learning with shared weights, against docs/batched.md read once more, one number at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from axonloop.models.chip import ChipConfig, Mesh
from axonloop.models.config import CoreConfig, Geometry, Rounding
from axonloop.models.registers import Counter, Region
from axonloop.sim.batched import BatchedChip
from tests.naive import h
from tests.random_batches import Batch, chip_weights
from tests.random_chips import random_chip
from tests.random_cores import random_config

pytestmark = pytest.mark.usefixtures("each_way")


class Expected:
    """What the page says `learn` does to the weights of a chip whose copies share them."""

    def __init__(self, chip: BatchedChip, sums: dict[bool, np.ndarray]) -> None:
        self.config, self.seed = chip.config, chip.seeds[0]
        self.tick = (chip.time - 1) % 2**32
        self.weights = chip.read_weights().numpy().astype(np.int64)
        box, pq = (chip.read(r).numpy().astype(np.int64) for r in (Region.BOX, Region.TRACE_PQ))
        limit = self.config.geometry.error_max
        gated, ungated = (np.clip(sums[kind], -limit, limit) for kind in (False, True))
        self.errors, self.pq = np.clip(gated * box + ungated, -limit, limit), pq
        self.visits = [self.learn(core) for core in range(len(self.config.cores))]

    def learn(self, index: int) -> tuple[int, int]:
        """Change the weights of a core; synapses visited and changed."""
        core, geometry = self.config.cores[index], self.config.geometry
        visits = updates = 0
        for j in range(geometry.axons):
            for i in range(geometry.neurons):
                axon, neuron = index * geometry.axons + j, index * geometry.neurons + i
                total = sum(
                    int(e) * int(p)
                    for e, p in zip(self.errors[:, neuron], self.pq[:, axon], strict=True)
                )
                old = int(self.weights[axon, i])
                if total == 0 or old == geometry.no_synapse:
                    continue
                step = self.rounded(core, total, i, j)
                new = max(-geometry.weight_max, min(geometry.weight_max, old - step))
                self.weights[axon, i] = new
                visits, updates = visits + 1, updates + (new != old)
        return visits, updates

    def rounded(self, core: CoreConfig, total: int, neuron: int, axon: int) -> int:
        group = core.groups[neuron // core.geometry.lanes]
        parameters = core.parameter_sets[group.parameter_set]
        shift = parameters.eta_shift
        if parameters.rounding == Rounding.NEAREST:
            return (total + (1 << shift >> 1)) >> shift
        noise = h(self.seed, self.tick, core.core, neuron, axon, 0)
        return (total + noise % (1 << shift)) >> shift


def errors_of(rng: np.random.Generator, chip: BatchedChip) -> dict[bool, np.ndarray]:
    """Send random errors, for some copies none; what their sums are."""
    shape, limit = (chip.copies, chip.config.neurons), chip.geometry.error_max
    sums = {}
    for ungated in (False, True):
        chosen = rng.random(shape) < rng.random((chip.copies, 1)) ** 2
        sums[ungated] = rng.integers(-2 * limit, 2 * limit + 1, shape) * chosen
        chip.send_errors(sums[ungated], ungated)
    return sums


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("copies", [1, 2, 7, 64])
@pytest.mark.parametrize("mesh", [Mesh(), Mesh(2, 1)], ids=str)
def test_updates_are_summed_and_rounded_once(mesh: Mesh, copies: int, seed: int) -> None:
    rng = np.random.default_rng([seed, copies, mesh.columns])
    config = random_chip(rng, mesh)
    chip = BatchedChip(config, copies, shared=True)
    chip.load_weights(chip_weights(rng, config))
    chip.time = int(rng.choice([0, 2**32 - 2]))
    for _ in range(4):
        chip.tick(rng.random((copies, config.axons)) < 0.3)
        before = chip.counter_table()
        expected = Expected(chip, errors_of(rng, chip))
        chip.learn()
        assert chip.read_weights().tolist() == expected.weights.tolist()
        after = chip.counter_table() - before
        found = after[:, :, [Counter.VISITS, Counter.UPDATES]].tolist()
        assert found == [[list(pair) for pair in expected.visits]] * copies
        assert not chip.read(Region.GATED).any()
        assert not chip.read(Region.UNGATED).any()


def test_what_was_learned_is_integrated() -> None:
    """After learning, the next ticks are those of golden chips with the new weights."""
    rng = np.random.default_rng(8)
    geometry = Geometry(24, 24, lanes=8, update_lanes=1, trace_lanes=1, multipliers=1)
    core = random_config(rng, replace(geometry, entries=64))
    sets = tuple(replace(p, theta=40, eta_shift=4, pq_shift=0) for p in core.parameter_sets)
    batch = Batch.of(rng, ChipConfig.of(replace(core, parameter_sets=sets)), 16, shared=True)
    before = batch.batched.read_weights()
    for _ in range(6):
        batch.tick(rng)
        errors_of(rng, batch.batched)
        batch.batched.learn()
        for chip in batch.golden:
            chip.learn()
            chip.load_weights(batch.batched.read_weights().numpy())
    assert not batch.batched.read_weights().equal(before)
    batch.tick(rng)


def test_a_sum_of_many_copies_is_exact() -> None:
    """1,000 copies: sums of 1000 x 127 x 255 are above 2^24, so float32 will not do."""
    geometry = Geometry(8, 8, lanes=8, update_lanes=1, trace_lanes=1, multipliers=1, weight_bits=16)
    config = CoreConfig(geometry)
    (parameters,) = config.parameter_sets
    rows = tuple(replace(row, plastic=True) for row in config.rows)
    fine = replace(parameters, eta_shift=11, rounding=Rounding.NEAREST)
    chip = BatchedChip(replace(config, parameter_sets=(fine,), rows=rows), 1000, shared=True)
    chip.load_weights(np.zeros((8, 8), np.int64))
    rng = np.random.default_rng(3)
    chip.tick(np.zeros((1000, 8), bool))
    pq = rng.integers(200, 256, (1000, 8))
    errors = rng.integers(100, 128, (1000, 8))
    chip.write(Region.TRACE_PQ, pq)
    chip.send_errors(errors, ungated=True)
    chip.learn()
    total = pq.T @ errors
    assert total.min() > 2**24
    assert chip.read_weights().tolist() == (-((total + 1024) >> 11)).tolist()
