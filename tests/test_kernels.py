"""The compiled kernels against the golden model: every part, every state word, `==`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from axonloop.models.chip import ChipConfig, Mesh
from axonloop.models.golden.chip import Chip
from axonloop.models.golden.core import PLACES
from axonloop.models.registers import Region
from axonloop.sim.kernels import Kernels, new_arrays
from tests.random_chips import random_chip
from tests.random_cores import random_weights

Rng = np.random.Generator
MESHES = (Mesh(1, 1), Mesh(1, 1), Mesh(2, 1), Mesh(3, 2))


@dataclass
class Crowd:
    """Copies of a chip in the kernels, and as many golden chips that are told the same."""

    kernels: Kernels
    arrays: dict[str, np.ndarray]
    chips: list[Chip]

    @classmethod
    def of(cls, config: ChipConfig, weights: np.ndarray, seeds: list[int], time: int = 0) -> Crowd:
        """Every copy with `weights[copy]`; all of them share the only one, if it is the only."""
        shared = len(weights) == 1
        arrays = new_arrays(config, len(seeds), shared)
        arrays["weights"][:] = weights
        chips = [Chip(config) for _ in seeds]
        for copy, (chip, seed) in enumerate(zip(chips, seeds, strict=True)):
            chip.load_weights(weights[0 if shared else copy].astype(np.int32))
            chip.seed, chip.time = seed, time
        return cls(Kernels(config, arrays, shared, seeds[: len(weights)]), arrays, chips)

    @classmethod
    def random(cls, rng: Rng, copies: int, shared: bool) -> Crowd:
        """A random chip somewhere in its life, with random weights and seeds."""
        config = random_chip(rng, MESHES[rng.integers(len(MESHES))])
        weights = np.stack(
            [
                np.concatenate([random_weights(rng, core) for core in config.cores])
                for _ in range(1 if shared else copies)
            ]
        )
        seeds = [int(seed) for seed in rng.integers(0, 2**32, copies)]
        return cls.of(config, weights, seeds, int(rng.choice([0, 5, 2**32 - 7])))

    def run(self, given: np.ndarray) -> None:
        """Ticks with spikes `(ticks, copies, axons)`; the reported ones must be the same."""
        reported = self.kernels.run(self.chips[0].time, len(given), given)
        for t, spikes in enumerate(given):
            for copy, chip in enumerate(self.chips):
                chip.send_spikes(np.flatnonzero(spikes[copy]))
                assert np.flatnonzero(reported[t, copy]).tolist() == chip.tick().tolist()

    def send_errors(self, rng: Rng) -> None:
        """Random errors of both kinds for random neurons, some of them none."""
        geometry, neurons = self.chips[0].geometry, self.chips[0].config.neurons
        for ungated in (False, True):
            events = np.zeros((len(self.chips), neurons), np.int32)
            for copy, chip in enumerate(self.chips):
                limit = geometry.error_max * int(rng.integers(1, 4))
                values = rng.integers(-limit, limit + 1, neurons)
                values[rng.random(neurons) > rng.choice([0.0, 0.1, 1.0])] = 0
                events[copy] = values
                where = np.flatnonzero(values)
                chip.send_errors(where, values[where], ungated)
            assert self.kernels.send_errors(events, ungated)

    def learn(self) -> None:
        self.kernels.learn((self.chips[0].time - 1) & 0xFFFFFFFF)
        for chip in self.chips:
            chip.learn()

    def check(self, where: str, weights: bool = True) -> None:
        """Every state word and counter of all copies must be the golden one."""
        for copy, chip in enumerate(self.chips):
            for region in PLACES:
                state, wanted = self.arrays[region.name.lower()], chip.array(region)
                found = state[:, copy] if region is Region.PENDING else state[copy]
                assert found.tolist() == wanted.tolist(), f"{where}, copy {copy}: {region.name}"
            assert self.arrays["counters"][copy].tolist() == chip.counter_table().tolist(), where
            if weights:
                found = self.arrays["weights"][copy % len(self.arrays["weights"])]
                assert found.tolist() == chip.weights.tolist(), f"{where}, copy {copy}"


def traffic(rng: Rng, crowd: Crowd, ticks: int) -> np.ndarray:
    chance = rng.random((ticks, 1, 1))
    return rng.random((ticks, len(crowd.chips), crowd.chips[0].config.axons)) < chance


@pytest.mark.parametrize("seed", range(60), ids="seed{}".format)
def test_copies_with_weights_of_their_own_are_golden_chips(seed: int) -> None:
    rng = np.random.default_rng(seed)
    crowd = Crowd.random(rng, int(rng.choice([1, 3])), shared=False)
    for step in range(12):
        crowd.run(traffic(rng, crowd, int(rng.integers(1, 4))))
        crowd.check(f"step {step}")
        if rng.random() < 0.8:
            crowd.send_errors(rng)
            crowd.learn()
            crowd.check(f"step {step}, learnt")


@pytest.mark.parametrize("seed", range(20), ids="seed{}".format)
def test_copies_with_the_same_weights_are_golden_chips(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    crowd = Crowd.random(rng, 5, shared=True)
    for step in range(4):
        crowd.run(traffic(rng, crowd, 5))
        crowd.check(f"step {step}")
