"""The core, configured as docs/loihi.md says, is Loihi's current-based LIF bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.host.devices import GoldenDevice
from axonloop.models.config import CoreConfig, Geometry, ParameterSet, ResetMode
from axonloop.models.protocol import Counter, Region
from tests.support.contract import DOCS, examples

PAGE = DOCS / "loihi.md"


def loihi(weights, trains, du, dv, vth, bias=0):
    """u, v and spikes of every step; float64 holds these products exactly (below 2**53)."""
    limit = 2**23 - 1
    u, v = np.zeros(weights.shape[1]), np.zeros(weights.shape[1])
    for axons in trains:
        u = np.trunc(u * (4096 - (du + 1)) / 4096) + 64 * weights[axons].sum(axis=0)
        v = np.clip(np.trunc(v * (4096 - dv) / 4096) + u + bias, -limit, limit)
        fired = v > 64 * vth
        v[fired] = 0
        yield u.astype(int).tolist(), v.astype(int).tolist(), np.flatnonzero(fired).tolist()


CASES = [
    (409, 204, 160, 0),
    (0, 4000, 4000, 0),
    (4000, 1, 3000, 0),
    (4095, 4096, 100, 0),
    (4095, 0, 1000, 0),
    (1000, 128, 3, 0),
    (800, 3000, 130, 517),
    (2047, 30, 500, -999),
]


@pytest.mark.parametrize(("du", "dv", "vth", "bias"), CASES)
@pytest.mark.parametrize("seed", [1, 2])
def test_current_voltage_and_spikes_are_loihis(du, dv, vth, bias, seed) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(-128, 128, (48, 32)) * 2
    trains = [np.flatnonzero(rng.random(48) < 0.15) for _ in range(300)]
    geometry = Geometry(axons=48, neurons=32, weight_bits=10, state_bits=24)
    neuron = ParameterSet(
        beta_n=4096 - (du + 1),
        alpha_n=4096 - dv,
        theta=(vth << 6) + 1,
        w_exp=6,
        q_inc=0,  # no traces: every saturation counted is one of I or V
        reset_mode=ResetMode.ZERO,
    )
    device = GoldenDevice(CoreConfig(geometry, (neuron,), bias=(bias,) * 32))
    device.load_weights(weights)
    spikes = 0
    expected = loihi(weights, trains, du, dv, vth, bias)
    for tick, (axons, (u, v, fired)) in enumerate(zip(trains, expected, strict=True)):
        assert device.tick(axons).tolist() == fired, f"tick {tick}"
        assert device.read(Region.CURRENT).tolist() == u, f"tick {tick}"
        assert device.read(Region.MEMBRANE).tolist() == v, f"tick {tick}"
        spikes += len(fired)
    assert spikes > 50
    assert device.counters()[Counter.SATURATIONS] == 0


def test_a_clipped_voltage_is_loihis() -> None:
    """Without leak a bias takes the voltage to its lower limit, and inputs away from it."""
    rng = np.random.default_rng(3)
    weights, limit = rng.integers(100, 128, (16, 16)) * 2, 2**23 - 1
    trains = [np.flatnonzero(rng.random(16) < 0.9 * (tick % 8 == 7)) for tick in range(200)]
    geometry = Geometry(axons=16, neurons=16, weight_bits=10, state_bits=24)
    neuron = ParameterSet(beta_n=0, alpha_n=4096, theta=(900 << 6) + 1, w_exp=6, q_inc=0)
    device = GoldenDevice(CoreConfig(geometry, (neuron,), bias=(-600_000,) * 16))
    device.load_weights(weights)
    clipped = 0
    for axons, (u, v, fired) in zip(
        trains, loihi(weights, trains, 4095, 0, 900, -600_000), strict=True
    ):
        assert device.tick(axons).tolist() == fired
        assert device.read(Region.CURRENT).tolist() == u
        assert device.read(Region.MEMBRANE).tolist() == v
        clipped += v.count(-limit)
    assert device.counters()[Counter.SATURATIONS] >= clipped > 1000


def test_a_threshold_one_lower_is_not_loihis() -> None:
    """v = vth * 64 exactly must not spike: that is what the + 1 is for."""
    geometry = Geometry(axons=16, neurons=16, weight_bits=10, state_bits=24)
    found = []
    for extra in (0, 1):
        neuron = ParameterSet(theta=(5 << 6) + extra, w_exp=6)
        device = GoldenDevice(CoreConfig(geometry, (neuron,)))
        device.load_weights(np.full((16, 16), 5))
        found.append(len(device.tick(np.array([3]))))
    assert found == [16, 0]


def test_the_pages_example_runs_and_is_right() -> None:
    (block,) = examples(PAGE)
    names: dict[str, object] = {}
    exec(compile(block, str(PAGE), "exec"), names)
    expected = loihi(*(names[name] for name in ("weights", "trains", "du", "dv", "vth")))
    u, v, fired = (list(column) for column in zip(*expected, strict=True))
    assert [row.tolist() for row in names["current"]] == u
    assert [row.tolist() for row in names["voltage"]] == v
    assert [row.tolist() for row in names["spikes"]] == fired
    assert sum(map(len, fired)) > 50
