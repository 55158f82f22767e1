"""The compiled kernels against the golden model: every state word and counter, `==`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from axonloop.models.config import ChipConfig, CoreConfig, Mesh
from axonloop.models.golden import Chip
from axonloop.models.protocol import Region, readable
from axonloop.sim.batched import BatchedChip
from axonloop.sim.batched.kernels import CompiledEngine
from axonloop.sim.batched.kernels import build as library
from axonloop.sim.build import notice
from axonloop.sim.stimulus import random_chip_weights
from tests.support.random.chips import random_chip
from tests.support.random.convolutions import wide_core
from tests.support.random.cores import random_weights
from tests.support.random.seeds import seeds

Rng = np.random.Generator
MESHES = (Mesh(1, 1), Mesh(1, 1), Mesh(2, 1), Mesh(3, 2))


@dataclass
class Crowd:
    """Copies of a chip in compiled code, and as many golden chips that are told the same."""

    engine: CompiledEngine
    chips: list[Chip]

    @classmethod
    def of(cls, config: ChipConfig, weights: np.ndarray, seeds: list[int], tick: int = 0) -> Crowd:
        """Every copy with `weights[copy]`; all of them share the only one, if it is the only."""
        shared = len(weights) == 1
        engine = CompiledEngine(config, len(seeds), shared, seeds[: len(weights)])
        engine.load(torch.from_numpy(weights))
        chips = [Chip(config) for _ in seeds]
        for copy, (chip, seed) in enumerate(zip(chips, seeds, strict=True)):
            chip.load_weights(weights[0 if shared else copy].astype(np.int32))
            chip.seed, chip.tick_register = seeds[0] if shared else seed, tick
        return cls(engine, chips)

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

    def run(self, given: np.ndarray, learn: bool = False) -> None:
        """Ticks with spikes `(ticks, copies, axons)`; the reported ones must be the same."""
        reported = self.engine.run(self.tick, torch.from_numpy(given), learn).numpy()
        for t, spikes in enumerate(given):
            for copy, chip in enumerate(self.chips):
                chip.send_spikes(np.flatnonzero(spikes[copy]))
                assert np.flatnonzero(reported[t, copy]).tolist() == chip.tick().tolist()
                if learn:
                    chip.learn()

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
            assert self.engine.send_errors(torch.from_numpy(events), ungated, None)

    def modulate(self, rng: Rng) -> None:
        """A modulation for every copy, often 0."""
        limit = self.chips[0].geometry.error_max
        for copy, chip in enumerate(self.chips):
            chip.modulate(int(rng.integers(-limit, limit + 1)) * int(rng.random() < 0.7))
            self.engine.modulation[copy] = chip.modulation

    def learn(self) -> None:
        self.engine.learn((self.tick - 1) & 0xFFFFFFFF)
        for chip in self.chips:
            chip.learn()

    @property
    def tick(self) -> int:
        return self.chips[0].tick_register

    def check(self, where: str) -> None:
        """Every state word and counter of all copies must be the golden one."""
        for copy, chip in enumerate(self.chips):
            for region in readable(chip.geometry):
                found, wanted = self.engine.state[region][copy], chip.array(region)
                assert found.tolist() == wanted.tolist(), f"{where}, copy {copy}: {region.name}"
            assert self.engine.modulation[copy] == chip.modulation
            counters = self.engine.counters()[copy]
            assert counters.tolist() == chip.counter_table().tolist(), where
            found = self.engine.weights[copy % len(self.engine.weights)]
            assert found.tolist() == chip.weights.tolist(), f"{where}, copy {copy}"


def traffic(rng: Rng, crowd: Crowd, ticks: int) -> np.ndarray:
    chance = rng.random((ticks, 1, 1))
    return rng.random((ticks, len(crowd.chips), crowd.chips[0].config.axons)) < chance


@pytest.mark.parametrize("seed", seeds(60, 15), ids="seed{}".format)
def test_copies_with_weights_of_their_own_are_golden_chips(seed: int) -> None:
    rng = np.random.default_rng(seed)
    crowd = Crowd.random(rng, int(rng.choice([1, 3])), shared=False)
    for step in range(12):
        crowd.run(traffic(rng, crowd, int(rng.integers(1, 4))))
        crowd.check(f"step {step}")
        if rng.random() < 0.8:
            crowd.send_errors(rng)
            crowd.modulate(rng)
            crowd.learn()
            crowd.check(f"step {step}, learnt")


@pytest.mark.parametrize("seed", seeds(20, 6), ids="seed{}".format)
def test_learning_after_every_tick_of_a_run(seed: int) -> None:
    """Errors and modulation are there before the run; errors last for its first tick."""
    rng = np.random.default_rng([seed, 11])
    crowd = Crowd.random(rng, int(rng.choice([1, 3])), shared=False)
    for step in range(4):
        crowd.send_errors(rng)
        crowd.modulate(rng)
        crowd.run(traffic(rng, crowd, 5), learn=True)
        crowd.check(f"step {step}")


@pytest.mark.parametrize("seed", seeds(20, 6), ids="seed{}".format)
def test_copies_with_the_same_weights_are_golden_chips(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    crowd = Crowd.random(rng, 5, shared=True)
    for step in range(4):
        crowd.run(traffic(rng, crowd, 5))
        crowd.check(f"step {step}")


def test_a_long_build_is_announced_and_a_cached_one_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AXONLOOP_CACHE", str(tmp_path))
    monkeypatch.setattr(notice, "NOTICE_SECONDS", 0.0)
    monkeypatch.setattr(library, "FLAGS", tuple(f for f in library.FLAGS if f != "-O3"))
    for said in ("compiling the kernels (once; the result is cached) ...\n", ""):
        library.load.__wrapped__()
        assert capfd.readouterr().err == said


@pytest.fixture
def any_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kernels for the least machine that the compiler knows, not for this one."""
    flags = tuple(flag for flag in library.FLAGS if flag != "-march=native")
    monkeypatch.setattr(library, "FLAGS", flags)
    library.load.cache_clear()
    yield
    library.load.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("any_machine")
def test_code_for_any_machine_gives_the_same() -> None:
    for seed in range(6):
        rng = np.random.default_rng([seed, 7])
        crowd = Crowd.random(rng, 3, shared=False)
        for step in range(6):
            crowd.run(traffic(rng, crowd, 3))
            crowd.send_errors(rng)
            crowd.learn()
            crowd.check(f"seed {seed}, step {step}")


def shared_chip(
    seed: int, copies: int, arithmetic: str, core: CoreConfig | None = None
) -> BatchedChip:
    """Copies that share weights and have learned together, of a random chip if no core is given."""
    rng = np.random.default_rng([seed, copies])
    config = ChipConfig.of(core) if core else random_chip(rng, Mesh(2, 1))
    chip = BatchedChip(config, copies, shared=True, arithmetic=arithmetic)
    chip.load_weights(random_chip_weights(rng, config))
    for _ in range(8):
        chip.tick(rng.random((copies, config.axons)) < 0.5)
        limit = config.geometry.error_max
        chip.send_errors(rng.integers(-limit, limit + 1, (copies, config.neurons)), ungated=True)
        chip.learn()
    return chip


@pytest.mark.usefixtures("any_machine")
@pytest.mark.parametrize("seed", range(4), ids="seed{}".format)
@pytest.mark.parametrize(("copies", "core"), [(2, None), (5, None), (64, None), (3, wide_core())])
def test_shared_learning_for_any_machine(seed: int, copies: int, core: CoreConfig | None) -> None:
    """Without the machine's vectors; torch, which has another derivation, is the judge."""
    compiled, judge = (shared_chip(seed, copies, way, core) for way in ("compiled", "float64"))
    assert judge.read_weights().tolist() == compiled.read_weights().tolist()
    assert judge.counter_table().tolist() == compiled.counter_table().tolist()


def test_errors_that_do_not_fit_are_refused_whole() -> None:
    crowd = Crowd.random(np.random.default_rng(1), 2, shared=False)
    events = torch.zeros((2, crowd.chips[0].config.neurons), dtype=torch.int64)
    events[0, 0] = 5
    for much in (1 << (crowd.chips[0].geometry.error_sum_bits - 1), 1 << 32):
        events[1, -1] = much
        assert not crowd.engine.send_errors(events, False, None)
        assert not crowd.engine.state[Region.GATED].any()
        assert not crowd.engine.counters().any()
    events[1, -1] = (1 << (crowd.chips[0].geometry.error_sum_bits - 1)) - 1
    assert crowd.engine.send_errors(events, False, None)
    assert crowd.engine.state[Region.GATED].tolist() == events.tolist()
