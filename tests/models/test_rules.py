"""Named rules are the equations of their docstrings, on a core with random spikes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from axonloop.host.devices import GoldenDevice
from axonloop.models.config import (
    CoreConfig,
    Geometry,
    MemristorTables,
    ParameterSet,
    Rounding,
    Row,
    ThirdFactor,
)
from axonloop.models.memristor import power_gains, sigmoid_gains, soft_bound_gains
from axonloop.models.protocol import Region
from axonloop.models.rules import (
    Rule,
    contrastive,
    error_triggered,
    homeostasis,
    late_reward,
    matched,
    modulated_stdp,
    pair_stdp,
    toward_input,
    weight_decay,
    weighted,
)

GEOMETRY = Geometry(axons=16, neurons=16, weight_bits=16, terms=4)
PARAMETERS = {
    "theta": 200,
    "w_exp": 0,
    "box": 100,
    "qq_shift": 6,
    "pq_shift": 6,
    "zeta": 3500,
    "z_inc": 700,
    "z_shift": 6,
}
Equation = Callable[..., np.ndarray]


def of_pairs(sj, si, q, p, z, e, m) -> np.ndarray:
    return np.outer(q, si) - np.outer(sj, z)


RULES: dict[str, tuple[Rule, Equation]] = {
    "error": (error_triggered(0), lambda sj, si, q, p, z, e, m: -np.outer(p, e)),
    "stdp": (pair_stdp(0, 0), of_pairs),
    "modulated": (modulated_stdp(0, 0), lambda *factors: factors[-1] * of_pairs(*factors)),
    "own-error": (
        modulated_stdp(0, 0, ThirdFactor.ERROR),
        lambda *factors: factors[-2] * of_pairs(*factors),
    ),
    "late": (late_reward(0, 1), lambda sj, si, q, p, z, e, m: np.outer(p, m * z // 2)),
    "contrastive": (
        contrastive(0),
        lambda sj, si, q, p, z, e, m: m * (np.outer(q, si) + np.outer(sj, z)),
    ),
    "homeostasis": (
        homeostasis(0, 0) + pair_stdp(0, 0),
        lambda sj, si, *rest: np.outer(1 + 0 * sj, 1 - si) + of_pairs(sj, si, *rest),
    ),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_its_equation(name: str, seed: int) -> None:
    rule, equation = RULES[name]
    rng = np.random.default_rng(seed)
    rows = (Row(groups=1, plastic=True),) * 16
    config = CoreConfig(GEOMETRY, (ParameterSet(**PARAMETERS, terms=rule),), rows=rows)
    moved = 0
    with GoldenDevice(config) as device:
        weights = rng.integers(-100, 200, (16, 16))
        for _ in range(30):
            device.load_weights(weights)
            spikes = rng.random(16) < 0.3
            modulation, errors = 2 * int(rng.integers(-1, 2)), rng.integers(-2, 3, 16)
            device.modulate(modulation)
            device.tick(np.flatnonzero(spikes))
            device.send_errors(np.arange(16), errors, ungated=True)
            regions = [Region.SPIKE, Region.TRACE_Q, Region.TRACE_P, Region.TRACE_Z]
            fired, q, p, z = device.read_many(regions)
            device.learn()
            factors = (1 * spikes, fired, q >> 6, p >> 6, z >> 6, errors, modulation)
            expected = equation(*factors)
            assert (device.read_weights() - weights).tolist() == expected.tolist()
            moved += np.count_nonzero(expected)
    assert moved > 300


Wanted = Callable[..., list[np.ndarray]]
"""What the terms of a rule would change, one after the other, were their gain and rate 1."""


def of_power(power: float, up: bool) -> Callable[[np.ndarray], np.ndarray]:
    """The share of the range that is left above a weight, or below it, to a power."""
    return lambda weights: ((127 - weights if up else 127 + weights) / 254) ** power


def sigma(weights: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-5 * weights / 127 - 1))


def plain(weights: np.ndarray) -> np.ndarray:
    return np.ones(weights.shape)


ABOVE, BELOW = of_power(1, up=True), of_power(1, up=False)
SEEING: dict[str, tuple[Rule, MemristorTables, list[Callable], Wanted]] = {
    "soft bounds": (
        weighted(pair_stdp(1, 0)),
        soft_bound_gains(8),
        [ABOVE, BELOW],
        lambda sj, si, q, z, e: [np.outer(q, si), -np.outer(sj, z)],
    ),
    "power": (
        weighted(toward_input(1)),
        power_gains(8, 0.4),
        [of_power(0.4, up=True)] * 2,
        lambda sj, si, q, z, e: [np.outer(q, si), -np.outer(1 + 0 * sj, si)],
    ),
    "decay": (
        weight_decay(0),
        soft_bound_gains(8),
        [ABOVE, BELOW],
        lambda sj, si, q, z, e: [np.ones((16, 16), int), -np.ones((16, 16), int)],
    ),
    "matched errors": (
        matched(1),
        sigmoid_gains(8, 5, 1),
        [plain, sigma],
        lambda sj, si, q, z, e: [-np.outer(sj, e), np.outer(1 + 0 * sj, e)],
    ),
    "matched pairs": (
        matched(0, ThirdFactor.ONE, sign=1),
        sigmoid_gains(8, 5, 1),
        [plain, sigma],
        lambda sj, si, q, z, e: [np.outer(sj, si), -np.outer(1 + 0 * sj, si)],
    ),
}


def stepped(
    weights: np.ndarray, wanted: np.ndarray, shift: int, tables: MemristorTables | None
) -> np.ndarray:
    """The contract's step of a term, to the nearest; without tables one that is not weighted."""
    gain, total = np.ones(weights.shape, int), np.full(weights.shape, shift)
    if tables is not None:
        up = wanted > 0
        headroom = np.where(up, 127 - weights, 127 + weights)
        words = np.array([tables.down_gain, tables.up_gain])
        gain = words[up.astype(int), headroom]
        total += np.where(up, tables.up_gain_shift, tables.down_gain_shift)
    loss = np.floor(-wanted * gain / 2.0**total + np.where(total > 0, 0.5, 0))
    return np.where(wanted == 0, weights, np.clip(weights - loss, -127, 127)).astype(int)


@pytest.mark.parametrize("name", SEEING)
def test_a_rule_that_sees_its_weight_is_its_equation(name: str) -> None:
    """Exact against the integers of the tables, and these within half a step of the equation."""
    rule, tables, gains, equation = SEEING[name]
    rng = np.random.default_rng(3)
    built = Geometry(axons=16, neurons=16, terms=2, memristor=1)
    parameters = ParameterSet(**PARAMETERS, terms=rule, rounding=Rounding.NEAREST)
    rows = (Row(groups=1, plastic=True),) * 16
    config = CoreConfig(built, (parameters,), rows=rows, memristor=tables)
    moved = 0
    with GoldenDevice(config) as device:
        for _ in range(30):
            weights = rng.integers(-127, 128, (16, 16))
            device.load_weights(weights)
            spikes, errors = rng.random(16) < 0.3, rng.integers(-60, 61, 16)
            device.tick(np.flatnonzero(spikes))
            device.send_errors(np.arange(16), errors, ungated=True)
            fired, q, z = device.read_many([Region.SPIKE, Region.TRACE_Q, Region.TRACE_Z])
            device.learn()
            expected = weights
            changes = equation(1 * spikes, fired, q >> 6, z >> 6, errors)
            for term, wanted, gain in zip(rule, changes, gains, strict=True):
                before, seen = expected, tables if term.weighted else None
                expected = stepped(before, wanted, term.shift, seen)
                exact = before + wanted * gain(before) / 2**term.shift
                assert np.abs(expected - np.clip(exact, -127, 127)).max() < 0.52
            assert device.read_weights().tolist() == expected.tolist()
            moved += np.count_nonzero(expected != weights)
    assert moved > 300


@pytest.mark.parametrize("start", [120, 5])
def test_homeostasis_holds_its_rate(start: int) -> None:
    """Driven too hard or not, 16 neurons settle at 2^(fall - rise) = 1/16: one spike per tick.

    In 1000 ticks then, mean weights move by 1000 / 2^5 - spikes / 2, summed over the neurons, up to
    the rounding of 16 synapses each: p (1 - p) per step, 16000 x 0.030 and 1000 x 0.25, over 16
    is a variance of 46; bound 5.5 sd = 37. That they hardly move is the equilibrium.
    """
    parameters = ParameterSet(
        theta=2000, w_exp=3, alpha_n=3900, beta_n=2000, terms=homeostasis(rise=5, fall=1)
    )
    rows = (Row(groups=1, plastic=True),) * 16
    rng = np.random.default_rng(1)

    def run(device: GoldenDevice, ticks: int) -> list[int]:
        trains = [np.flatnonzero(rng.random(16) < 0.5) for _ in range(ticks)]
        return [len(device.tick(axons, learn=True)) for axons in trains]

    with GoldenDevice(CoreConfig(Geometry(16, 16, terms=2), (parameters,), rows=rows)) as device:
        device.load_weights(np.full((16, 16), start))
        assert np.mean(run(device, 20)) > 1.5
        run(device, 1000)
        before = device.read_weights()
        spikes = sum(run(device, 1000))
        moved = float((device.read_weights() - before).mean(axis=0).sum())
    assert abs(16 * 1000 / 2**5 - spikes / 2 - moved) < 37
    assert 950 < spikes < 1050
