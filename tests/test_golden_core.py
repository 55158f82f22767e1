"""The golden core against a naive reading of the contract, state by state, counters included."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.host.device import STATE_REGIONS
from axonloop.models.golden.core import Core
from axonloop.models.registers import Region
from tests.naive import NaiveCore
from tests.random_cores import random_config, random_weights

COUNTERS = [
    "ticks",
    "spikes",
    "events",
    "synops",
    "errors",
    "visits",
    "updates",
    "saturations",
    "collisions",
]


def assert_equal(core: Core, naive: NaiveCore, where: str) -> None:
    for region in STATE_REGIONS:
        name = region.name.lower()
        assert core.array(region).tolist() == naive.state[name], f"{where}: {name}"
    assert core.array(Region.GATED).tolist() == naive.gated, where
    assert core.array(Region.UNGATED).tolist() == naive.ungated, where
    assert core.array(Region.PENDING).tolist() == naive.pending, where
    assert core.synapses.weights.tolist() == naive.weights, where
    assert (core.time, core.seed, core.learned) == (naive.t, naive.seed, naive.learned), where
    found = {counter.name.lower(): value for counter, value in core.counters().items()}
    assert found == naive.counters, where


def send_traffic(core: Core, naive: NaiveCore, rng: np.random.Generator) -> None:
    geometry = core.config.geometry
    for _ in range(rng.integers(0, 3)):
        axons = rng.integers(0, geometry.axons, rng.integers(0, geometry.axons // 2 + 2))
        delay = int(rng.integers(0, geometry.max_delay + 1))
        core.send_spikes(axons, delay)
        for axon in axons.tolist():
            naive.send_spike(axon, delay)
    for ungated in (False, True):
        count = rng.integers(0, geometry.neurons + 1) if rng.random() < 0.4 else 0
        neurons = rng.integers(0, geometry.neurons, count)
        values = rng.integers(-geometry.error_max, geometry.error_max + 1, count)
        core.send_errors(neurons, values, ungated)
        for neuron, value in zip(neurons.tolist(), values.tolist(), strict=True):
            naive.send_error(neuron, value, ungated)


def pair(rng: np.random.Generator) -> tuple[Core, NaiveCore]:
    config = random_config(rng)
    weights = random_weights(rng, config)
    core, naive = Core(config), NaiveCore(config)
    core.load_weights(weights)
    naive.weights = weights.tolist()
    core.time = naive.t = int(rng.choice([0, 5, 2**32 - 7]))
    return core, naive


@pytest.mark.parametrize("seed", range(60))
def test_golden_core_equals_the_naive_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    core, naive = pair(rng)
    assert_equal(core, naive, "before the first tick")
    for tick in range(20):
        send_traffic(core, naive, rng)
        assert core.tick().tolist() == naive.tick()
        assert_equal(core, naive, f"seed {seed} tick {tick}")
        if rng.random() < 0.6:
            send_traffic(core, naive, rng)
            core.learn()
            naive.learn()
            assert_equal(core, naive, f"seed {seed} tick {tick} learned")
        if rng.random() < 0.05:
            core.clear()
            naive.clear()
            assert_equal(core, naive, f"seed {seed} tick {tick} cleared")


def test_random_cores_exercise_everything() -> None:
    """The comparison above means something only if every counter moved, in many runs."""
    moved = dict.fromkeys(COUNTERS, 0)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        core, naive = pair(rng)
        for _ in range(20):
            send_traffic(core, naive, rng)
            core.tick()
            core.learn()
        for counter, value in core.counters().items():
            moved[counter.name.lower()] += value > 0
    assert min(moved.values()) >= 20, moved


@pytest.mark.parametrize("seed", range(8))
def test_negative_reset_traces_wrap_as_the_contract_says(seed: int) -> None:
    """Only a host can make R negative; then V - theta may leave the range and wraps."""
    rng = np.random.default_rng(seed)
    core, naive = pair(rng)
    top = core.config.geometry.state_max
    for region, name in ((Region.RESET, "reset"), (Region.MEMBRANE, "membrane")):
        values = rng.choice([-top - 1, -top, -1, 0, 1, top], core.config.geometry.neurons)
        core.set_array(region, values)
        naive.state[name] = values.tolist()
    for tick in range(6):
        send_traffic(core, naive, rng)
        assert core.tick().tolist() == naive.tick()
        assert_equal(core, naive, f"seed {seed} tick {tick}")
