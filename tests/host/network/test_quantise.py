"""The chip's integers of a float population, and the bound on what they err."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from axonloop.host.network import FloatPopulation, FloatReset, QuantisedPopulation, quantise_all
from axonloop.host.network.quantisation.bound import Bound
from axonloop.host.network.quantisation.scaled import Reach, scaled
from axonloop.host.network.quantisation.scales import Scales
from axonloop.host.network.quantisation.search import quantise
from axonloop.models.config import DECAY_ONE, ResetMode
from tests.support.random.seeds import seeds

TICKS = 300


def population(seed: int = 0, **changes: Any) -> FloatPopulation:
    random = np.random.default_rng(seed)
    given = {
        "name": "a",
        "membrane_decay": float(random.uniform(0.5, 0.99)),
        "thresholds": random.uniform(0.5, 2.0, 12),
        "weights": (random.normal(0.02, 0.3, (15, 12)), random.normal(0, 0.2, (4, 12))),
        "current_decay": float(random.choice([0.0, 0.8])),
        "biases": random.normal(0, 0.05, 12) if seed % 2 else None,
        "drives": random.normal(0, 0.05, 12),
    }
    return FloatPopulation(**(given | changes))


def decay(x: Any, k: int) -> Any:
    return np.sign(x) * ((np.abs(x) * k) >> 12)


def worst_error(own: FloatPopulation, chip: QuantisedPopulation, seed: int) -> float:
    """The largest distance of the contract's membranes from float ones, spikes in and out alike.

    Both are written out here, from the contract and from the equations of the module.
    """
    p, random = chip.parameters, np.random.default_rng(seed)
    size, weights = len(own.thresholds), np.concatenate(own.weights)
    integers = np.concatenate(chip.weights)
    biases = np.array(chip.first_biases or [0] * size)
    drives = np.array(chip.drives or [0] * size)
    i, v, r, current, membrane, late = (np.zeros(size, np.int64) for _ in range(6))
    worst = 0.0
    for _ in range(TICKS):
        x = random.random(len(weights)) < random.choice([0.0, 0.3, 1.0])
        i = decay(i, p.beta_n) + ((x @ integers + biases) << p.w_exp)
        v = decay(v, p.alpha_n) + (i >> p.i_shift) + drives
        spike = v - r >= p.theta
        bias = 0 if own.biases is None else own.biases
        current = own.current_decay * current + x @ weights + bias
        membrane = own.membrane_decay * membrane + current - late + own.drives
        above = v - r
        r = decay(r, p.gamma) + p.rho * spike
        late = spike * own.thresholds if own.reset is FloatReset.LATE else 0 * membrane
        if p.reset_mode is ResetMode.ZERO:
            v, above = np.where(spike, 0, v), np.where(spike, 0, above)
            membrane = np.where(spike, 0, membrane)
        if p.reset_mode is ResetMode.SUBTRACT:
            v, above = v - spike * p.theta, above - spike * p.theta
            membrane = membrane - spike * own.thresholds
        worst = max(worst, float(np.abs(above / chip.scale - membrane / own.thresholds).max()))
    return worst


@pytest.mark.parametrize("matched", [False, True])
@pytest.mark.parametrize("reset", FloatReset)
@pytest.mark.parametrize("bits", [(4, 16), (8, 16), (8, 24), (16, 24)])
@pytest.mark.parametrize("seed", seeds(6, 2))
def test_no_membrane_is_further_off_than_the_bound(
    seed: int, bits: tuple[int, int], reset: FloatReset, matched: bool
) -> None:
    own = population(seed, reset=reset, matched=matched)
    chip = quantise(own, *bits, ticks=TICKS)
    worst = worst_error(own, chip, seed)
    assert 0 < worst <= chip.error.bound
    assert worst > chip.error.bound / 200  # a bound that says something


@pytest.mark.parametrize("bits", [4, 8, 12, 16])
def test_integers_fit_their_words_and_say_their_error(bits: int) -> None:
    own = population(1)
    chip = quantise(own, bits, 24)
    assert max(np.abs(array).max() for array in chip.weights) <= 2 ** (bits - 1) - 1
    for weights, integers in zip(own.weights, chip.weights, strict=True):
        far = np.abs(integers / chip.weight_scale - weights / own.thresholds)
        assert far.max() <= chip.error.weight_max + 1e-12
    assert chip.error.weight_max_lsb <= 0.5 + 1e-9
    assert chip.error.membrane_decay == chip.parameters.alpha_n / DECAY_ONE - own.membrane_decay
    assert abs(chip.error.membrane_decay) <= 0.5 / DECAY_ONE
    assert 0 < chip.error.threshold <= 1.5 / chip.scale
    shift = chip.parameters.w_exp - chip.parameters.i_shift
    assert chip.scale == pytest.approx(chip.weight_scale * 2.0**shift)


def test_matched_decays_err_less() -> None:
    """0.9512 is 3896.1 / 4096: its sum over time is off by 1 in 2000, unless weights make it up."""
    given = {"membrane_decay": 0.9512, "current_decay": 0.9512, "reset": FloatReset.NONE}
    found = []
    for matched in (False, True):
        own = population(**given, matched=matched)
        found.append(worst_error(own, quantise(own, 16, 24, ticks=TICKS), 1))
    assert found[1] < found[0] / 2


def test_more_bits_err_less() -> None:
    bounds = [quantise(population(), bits, 24).error.bound for bits in (4, 6, 8, 12, 16)]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[0] > 50 * bounds[-1]


def test_the_smallest_widths_that_keep_the_budget() -> None:
    both = {"a": population(0), "b": population(1)}
    found = quantise_all(both, budget=1.0, ticks=100)
    (width,) = {entry.weight_bits for entry in found.values()}
    assert max(entry.error.bound for entry in found.values()) <= 1.0
    narrower = quantise_all(both, width - 2, 24, ticks=100)
    assert max(entry.error.bound for entry in narrower.values()) > 1.0


def test_the_smallest_of_all_widths_is_4_bits() -> None:
    found = quantise_all({"a": population(0)}, budget=1e9, ticks=100)["a"]
    assert (found.weight_bits, found.state_bits) == (4, 16)


@pytest.mark.parametrize(("reset", "reach"), [(FloatReset.ZERO, 1 + 3), (FloatReset.NONE, 4 * 3)])
def test_how_far_inputs_can_drive_a_membrane(reset: FloatReset, reach: float) -> None:
    """An input of 3 in every tick adds up to 3 / (1 - 3 / 4); after a spike it starts from 0."""
    given = {"thresholds": np.ones(1), "weights": (np.full((1, 1), 3.0),), "drives": None}
    own = population(**given, membrane_decay=0.75, current_decay=0.0, reset=reset)
    error = quantise(own, 8, 16, ticks=1000).error
    assert error.reach == pytest.approx(reach)
    assert error.headroom == pytest.approx(error.room / reach)


def test_without_inputs_there_is_room_without_end() -> None:
    given = {"thresholds": np.ones(1), "weights": (np.zeros((1, 1)),), "drives": None}
    assert quantise(population(**given, reset=FloatReset.NONE)).error.headroom == math.inf


def test_what_late_resets_round_is_in_the_bound() -> None:
    """Each spike takes half a unit more or less, and R is truncated as it decays."""
    bounds = {}
    for reset in (FloatReset.LATE, FloatReset.NONE):
        own = scaled(population(membrane_decay=0.75, reset=reset), 24, TICKS)
        bounds[reset] = Bound(own, Reach(0, 0, 0, 0, 1)).of(Scales(100, 2, 0))
    more = (0.5 + own.alpha.truncation) / 400 * own.alpha.sum(TICKS)
    assert bounds[FloatReset.LATE] - bounds[FloatReset.NONE] == pytest.approx(more)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: population(membrane_decay=1.5), "membrane_decay of 'a' must be in 0..1, not 1.5"),
        (
            lambda: population(thresholds=np.zeros(12)),
            "thresholds of 'a' must be above 0, not 0.0",
        ),
        (
            lambda: population(thresholds=np.array([2.0, -1.0] * 6)),
            "thresholds of 'a' must be above 0, not -1.0",
        ),
        (
            lambda: quantise(population(drives=np.full(12, -1e4)), 16, 16),
            "drives of 'a' must be at most 32767, not",
        ),
        (
            lambda: population(weights=(np.full((2, 12), np.nan),)),
            "weights of 'a' must be finite numbers, not nan",
        ),
        (
            lambda: population(weights=(np.ones((2, 3)),)),
            "weights of 'a' must be of shape (sources, 12), not (2, 3)",
        ),
        (
            lambda: quantise(population(membrane_decay=0.9999)),
            "membrane_decay of 'a' must be 1, or at most 0.999878, not 0.9999",
        ),
        (
            lambda: quantise(population(weights=(np.full((2, 12), 1e9),)), 16, 8),
            "membrane of 'a' must be within",
        ),
        (lambda: quantise_all({"a": population()}, 4, budget=1e-3), "budget must be at least"),
    ],
)
def test_what_cannot_be_quantised(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        make()
