"""A golden chip of one core against a naive reading of the contract, counters included."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.models.config import Mesh
from axonloop.models.protocol import MODEL_COUNTERS, PORT_COUNTERS, Counter, Region
from tests.support.random.chips import Pair


@pytest.mark.parametrize("seed", range(60))
def test_golden_core_equals_the_naive_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pair = Pair.random(rng, Mesh())
    pair.check("before the first tick")
    for tick in range(20):
        pair.send_traffic(rng)
        pair.tick()
        pair.check(f"seed {seed} tick {tick}")
        if rng.random() < 0.6:
            pair.send_traffic(rng)
            pair.learn()
            pair.check(f"seed {seed} tick {tick} learned")
        if rng.random() < 0.05:
            pair.clear()
            pair.check(f"seed {seed} tick {tick} cleared")


def test_random_cores_exercise_everything() -> None:
    """The comparison above means something only if every counter moved, in many runs.

    Writes need a core with memristors, which one in eight is.
    """
    moved = dict.fromkeys(set(MODEL_COUNTERS) - set(PORT_COUNTERS), 0)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        pair = Pair.random(rng, Mesh())
        for _ in range(20):
            pair.send_traffic(rng)
            pair.golden.tick()
            pair.golden.learn()
        counters = pair.golden.counters()
        for counter in moved:
            moved[counter] += counters[counter] > 0
        assert not any(counters[port] for port in PORT_COUNTERS)
    writes = moved.pop(Counter.WRITES)
    assert min(moved.values()) >= 20, moved
    assert writes >= 3


@pytest.mark.parametrize("seed", range(8))
def test_negative_reset_traces_wrap_as_the_contract_says(seed: int) -> None:
    """Only a host can make R negative; then V - theta may leave the range and wraps."""
    rng = np.random.default_rng(seed)
    pair = Pair.random(rng, Mesh())
    geometry, (naive,) = pair.golden.geometry, pair.naive.cores.values()
    top = geometry.state_max
    for region, name in ((Region.RESET, "reset"), (Region.MEMBRANE, "membrane")):
        values = rng.choice([-top - 1, -top, -1, 0, 1, top], geometry.neurons)
        pair.golden.set_array(region, values)
        naive.state[name] = values.tolist()
    for tick in range(6):
        pair.send_traffic(rng)
        pair.tick()
        pair.check(f"seed {seed} tick {tick}")
