"""Learning with shared weights, against docs/batched.md read once more, one number at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from axonloop.models.config import (
    AxonFactor,
    ChipConfig,
    CoreConfig,
    Geometry,
    Mesh,
    NeuronFactor,
    ParameterSet,
    Rounding,
    Term,
    ThirdFactor,
)
from axonloop.models.protocol import Counter, Region, readable
from axonloop.sim.batched import BatchedChip
from axonloop.sim.stimulus import GEOMETRIES
from tests.support.naive import NaiveCore
from tests.support.random.batches import Batch, chip_weights
from tests.support.random.beside import lively
from tests.support.random.chips import random_chip
from tests.support.random.cores import random_config
from tests.support.random.seeds import seeds

LEARNED = [Counter.VISITS, Counter.UPDATES, Counter.WRITES]
pytestmark = pytest.mark.usefixtures("each_way")


class Expected:
    """What the page says `learn` does to the weights of a chip whose copies share them."""

    def __init__(self, chip: BatchedChip, sums: dict[bool, np.ndarray]) -> None:
        self.config, self.seed, self.copies = chip.config, chip.seeds[0], chip.copies
        self.tick = (chip.tick_register - 1) % 2**32
        self.weights = chip.read_weights().numpy().astype(np.int64)
        self.state = {r: chip.read(r).tolist() for r in readable(self.config.geometry)}
        self.modulation = chip.modulation().tolist()
        box, limit = np.array(self.state[Region.BOX]), self.config.geometry.error_max
        gated, ungated = (np.clip(sums[kind], -limit, limit) for kind in (False, True))
        self.errors = np.clip(gated * box + ungated, -limit, limit).tolist()
        self.counts = [self.learn(core) for core in range(len(self.config.cores))]

    def learn(self, index: int) -> list[int]:
        """Change the weights of a core; visits, updates and writes, once for every term."""
        core, geometry = self.config.cores[index], self.config.geometry
        rows = slice(index * geometry.axons, (index + 1) * geometry.axons)
        naive = NaiveCore(core)
        naive.weights = self.weights[rows].tolist()
        for i in range(geometry.neurons):
            parameters = core.parameter_sets[core.groups[i // geometry.lanes].parameter_set]
            for k, term in rule(parameters):
                neuron = index * geometry.neurons + i
                c = [self.coefficient(parameters, term, b, neuron) for b in range(self.copies)]
                for j in range(geometry.axons):
                    axon = index * geometry.axons + j
                    total = sum(c[b] * self.factor(term.axon, b, axon) for b in range(self.copies))
                    naive.step(j, i, self.seed, self.tick, k, total, term.word)
        self.weights[rows] = naive.weights
        return [naive.counters[counter.name.lower()] for counter in LEARNED]

    def coefficient(self, parameters: ParameterSet, term: Term, copy: int, neuron: int) -> int:
        """c of a neuron in a copy."""
        limit = self.config.geometry.error_max
        n = 1
        if term.neuron == NeuronFactor.ZQ:
            n = min(self.state[Region.TRACE_Z][copy][neuron] >> parameters.z_shift, limit)
        elif term.neuron != NeuronFactor.ONE:
            region = Region.SPIKE if term.neuron == NeuronFactor.SPIKE else Region.BOX
            n = self.state[region][copy][neuron]
        x = n * (1, self.errors[copy][neuron], self.modulation[copy])[term.third]
        size = min(abs(x) >> term.scale, limit)
        return -term.sign * (size if x > 0 else -size)

    def factor(self, kind: AxonFactor, copy: int, axon: int) -> int:
        """a of an axon in a copy."""
        if kind in (AxonFactor.ONE, AxonFactor.SPIKE):
            return self.state[Region.MARK][copy][axon] >> (kind - AxonFactor.ONE) & 1
        region = Region.TRACE_QQ if kind == AxonFactor.QQ else Region.TRACE_PQ
        return self.state[region][copy][axon]


def rule(parameters: ParameterSet) -> list[tuple[int, Term]]:
    """Numbers and terms that are on; without any, the plain rule."""
    on = [(k, t) for k, t in enumerate(parameters.terms) if t.axon != AxonFactor.OFF]
    plain = Term(AxonFactor.PQ, third=ThirdFactor.ERROR, sign=-1, shift=parameters.eta_shift)
    return on or [(0, plain)]


def errors_of(rng: np.random.Generator, chip: BatchedChip) -> dict[bool, np.ndarray]:
    """Send random errors, for some copies none; what their sums are."""
    shape, limit = (chip.copies, chip.config.neurons), chip.geometry.error_max
    sums = {}
    for ungated in (False, True):
        chosen = rng.random(shape) < rng.random((chip.copies, 1)) ** 2
        sums[ungated] = rng.integers(-2 * limit, 2 * limit + 1, shape) * chosen
        chip.send_errors(sums[ungated], ungated)
    return sums


def modulate(rng: np.random.Generator, chip: BatchedChip) -> None:
    """A modulation for every copy, if the build has terms."""
    limit = chip.geometry.error_max
    if chip.geometry.terms:
        chip.modulate(rng.integers(-limit, limit + 1, chip.copies))


@pytest.mark.parametrize("seed", seeds(4, 1))
@pytest.mark.parametrize("copies", [1, 2, 7, 64])
@pytest.mark.parametrize("mesh", [Mesh(), Mesh(2, 1)], ids=str)
def test_updates_are_summed_and_rounded_once(mesh: Mesh, copies: int, seed: int) -> None:
    rng = np.random.default_rng([seed, copies, mesh.columns])
    learn_together(rng, random_chip(rng, mesh), copies)


@pytest.mark.parametrize("seed", seeds(2, 1), ids="seed{}".format)
@pytest.mark.parametrize("copies", [2, 9], ids="{}copies".format)
@pytest.mark.parametrize("name", ["device", "device-terms", "device-gain"])
def test_terms_that_see_the_weight_take_the_exact_sum(name: str, copies: int, seed: int) -> None:
    rng = np.random.default_rng([seed, copies, len(name)])
    chip = learn_together(rng, lively(rng, GEOMETRIES[name]), copies)
    visits, _, writes = chip.counters()[0, LEARNED].tolist()
    assert visits > 0
    assert writes > 0 or chip.geometry.memristor < 2


def learn_together(rng: np.random.Generator, config: ChipConfig, copies: int) -> BatchedChip:
    """Ticks and learning of copies that share weights, each compared with what is expected."""
    chip = BatchedChip(config, copies, shared=True)
    chip.load_weights(chip_weights(rng, config))
    chip.tick_register = int(rng.choice([0, 2**32 - 2]))
    for _ in range(4):
        chip.tick(rng.random((copies, config.axons)) < 0.3)
        before = chip.counter_table()
        modulate(rng, chip)
        expected = Expected(chip, errors_of(rng, chip))
        chip.learn()
        assert chip.read_weights().tolist() == expected.weights.tolist()
        after = chip.counter_table() - before
        assert after[:, :, LEARNED].tolist() == [expected.counts] * copies
        assert not chip.read(Region.GATED).any()
        assert not chip.read(Region.UNGATED).any()
    return chip


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
