"""A batched chip and, for each of its copies, a golden chip that is told the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from axonloop.models.config import (
    ChipConfig,
    CoreConfig,
    Destination,
    Geometry,
    Mesh,
    ParameterSet,
    Row,
)
from axonloop.models.golden import Chip
from axonloop.models.protocol import Counter, Region, readable
from axonloop.sim.batched import BatchedChip
from tests.support.random.chips import random_chip
from tests.support.random.cores import random_weights

Rng = np.random.Generator

WIDE = {"lanes": 8, "update_lanes": 1, "trace_lanes": 1, "multipliers": 1}
KINDS = {"alone": (1, True), "single": (1, False), "population": (5, False)}
"""Copies, and whether they share weights."""


def chip_weights(rng: Rng, config: ChipConfig) -> np.ndarray:
    """Random weights of all cores."""
    return np.concatenate([random_weights(rng, core) for core in config.cores])


def layered() -> ChipConfig:
    """Two layers on a core, a third on another: neighbours feed neighbours, one layer twice."""
    geometry = Geometry(48, 32, entries=128, **WIDE)
    parameters = ParameterSet(theta=300, w_exp=3)
    rows = (*(Row(0, 2, True),) * 16, *(Row(2, 2, True),) * 32)
    near = [(Destination(16 + k), Destination(24 + k, 1)) for k in range(16)]
    far = [(Destination(k, 2, 1),) for k in range(16)]
    fanout = (*near, *far)
    cores = [CoreConfig(geometry, (parameters,), rows, fanout=fanout, core=k) for k in range(2)]
    return ChipConfig(tuple(cores), Mesh(2, 1))


@dataclass
class Batch:
    """A batched chip beside golden ones. Shared weights only fit golden ones without learning."""

    batched: BatchedChip
    golden: list[Chip]
    arithmetic: str = "auto"

    @classmethod
    def of(
        cls, rng: Rng, config: ChipConfig, copies: int, shared: bool, arithmetic: str = "auto"
    ) -> Batch:
        """Chips somewhere in their lives: own seeds and weights, or one of each."""
        seeds = None if shared else [int(seed) for seed in rng.integers(0, 2**32, copies)]
        batched = BatchedChip(config, copies, shared, seeds=seeds, arithmetic=arithmetic)
        weights = np.stack([chip_weights(rng, config) for _ in range(1 if shared else copies)])
        batched.load_weights(weights[0] if shared else weights)
        golden = [Chip(config) for _ in range(copies)]
        batched.tick_register = int(rng.choice([0, 5, 2**32 - 7]))
        for copy, chip in enumerate(golden):
            chip.load_weights(weights[0 if shared else copy])
            chip.seed = batched.seeds[0 if shared else copy]
            chip.tick_register = batched.tick_register
        return cls(batched, golden, arithmetic)

    @classmethod
    def random(cls, rng: Rng, mesh: Mesh, copies: int, shared: bool = False) -> Batch:
        """The same of a random configuration."""
        return cls.of(rng, random_chip(rng, mesh), copies, shared)

    @property
    def _shape(self) -> tuple[int, int]:
        return self.batched.copies, self.batched.config.axons

    def send_spikes(self, counts: np.ndarray, delay: int) -> None:
        """`counts[copy, axon]` spikes."""
        self.batched.send_spikes(counts, delay)
        for chip, mine in zip(self.golden, counts, strict=True):
            chip.send_spikes(np.repeat(np.arange(len(mine)), mine), delay)

    def send_errors(self, values: np.ndarray, ungated: bool) -> None:
        """`values[copy, neuron]`, an event where it is not 0."""
        self.batched.send_errors(values, ungated)
        for chip, mine in zip(self.golden, values, strict=True):
            neurons = np.flatnonzero(mine)
            chip.send_errors(neurons, mine[neurons], ungated)

    def send_traffic(self, rng: Rng, errors: bool = True) -> None:
        """Spikes with delays, doubled ones among them, and errors for some copies."""
        geometry, (copies, axons) = self.batched.geometry, self._shape
        for _ in range(rng.integers(0, 3)):
            counts = rng.integers(0, 3, (copies, axons)) * (rng.random((copies, axons)) < 0.3)
            self.send_spikes(counts, int(rng.integers(0, geometry.max_delay + 1)))
        for ungated in (False, True):
            limit = geometry.error_max
            if errors and rng.random() < 0.5:
                shape = (copies, self.batched.config.neurons)
                chosen = rng.random(shape) < rng.random((copies, 1)) ** 2
                self.send_errors(rng.integers(-limit, limit + 1, shape) * chosen, ungated)
            if geometry.terms and rng.random() < 0.2:
                self.modulate(rng.integers(-limit, limit + 1, copies))

    def tick(self, rng: Rng) -> None:
        """A tick of all; every copy must report the same spikes as its golden chip."""
        spikes = rng.random(self._shape) < rng.choice([0.02, 0.1, 0.5])
        reported = self.batched.tick(spikes).numpy()
        for copy, chip in enumerate(self.golden):
            chip.send_spikes(np.flatnonzero(spikes[copy]))
            assert np.flatnonzero(reported[copy]).tolist() == chip.tick().tolist()

    def modulate(self, values: np.ndarray) -> None:
        """M of every copy."""
        self.batched.modulate(values)
        for chip, value in zip(self.golden, values.tolist(), strict=True):
            chip.modulate(value)

    def learn(self) -> None:
        self.batched.learn()
        for chip in self.golden:
            chip.learn()

    def clear(self) -> None:
        self.batched.clear()
        for chip in self.golden:
            chip.clear()

    def write(self, rng: Rng, region: Region) -> None:
        """Zeros, ones, or what the register's highest values are."""
        values = self.batched.read(region).numpy()
        values[:] = rng.integers(0, 2, values.shape)
        self.batched.write(region, values)
        for chip, mine in zip(self.golden, values, strict=True):
            chip.set_array(region, mine)

    def restore(self) -> None:
        """Go on with a fresh batched chip in the old one's state."""
        old = self.batched
        self.batched = BatchedChip(old.config, old.copies, old.shared, arithmetic=self.arithmetic)
        self.batched.restore(old.snapshot())

    def live(self, rng: Rng, ticks: int, errors: bool = True) -> None:
        """Random ticks of all, compared after each step; without `errors` nothing is learned."""
        for tick in range(ticks):
            self.send_traffic(rng, errors)
            self.tick(rng)
            self.check(f"tick {tick}")
            if rng.random() < 0.5:
                self.send_traffic(rng, errors)
                if errors or not self.batched.geometry.terms:
                    self.learn()
                self.check(f"tick {tick} learned")
            self._rarities(rng)
            self.check(f"tick {tick} ended")

    def _rarities(self, rng: Rng) -> None:
        if rng.random() < 0.1:
            self.clear()
        if rng.random() < 0.1:
            self.write(rng, Region(rng.choice([Region.RESET, Region.COUNTDOWN, Region.PENDING])))
        if rng.random() < 0.2:
            self.restore()

    def check(self, where: str) -> None:
        """Every state word, weight, register and counter of every copy must be the same."""
        batched, golden = self.batched, self.golden
        for region in readable(batched.geometry):
            same(f"{where}: {region.name}", batched.read(region), [g.array(region) for g in golden])
        weights = batched.read_weights().expand(len(golden), -1, -1)
        same(f"{where}: weights", weights, [chip.weights for chip in golden])
        seeds = batched.seeds * (len(golden) if batched.shared else 1)
        found = [(batched.tick_register, seed, batched.learned) for seed in seeds]
        assert found == [(chip.tick_register, chip.seed, chip.learned) for chip in golden], where
        same(f"{where}: M", batched.modulation(), [np.array(g.modulation) for g in golden])
        tables = [chip.counter_table() for chip in golden]
        same(f"{where}: counters of {list(Counter)}", batched.counter_table(), tables)


def same(what: str, batched, golden: list[np.ndarray]) -> None:
    """Equality, or where the first difference is: copy and place, and both values."""
    found, expected = batched.numpy(), np.stack(golden).astype(np.int64)
    assert found.shape == expected.shape, what
    different = np.argwhere(found != expected)
    for place in map(tuple, different[:1]):
        message = f"{what}{list(map(int, place))}: {found[place]}, golden {expected[place]}"
        raise AssertionError(message)
