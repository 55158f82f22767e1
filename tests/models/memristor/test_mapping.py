"""Weights on pairs and on one device with a reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from axonloop.models.memristor import (
    DifferentialArray,
    Pair,
    Spread,
    WeightMapping,
    find_memristor,
)

KIND = replace(find_memristor("mo-tiox-tin"), spread=Spread())
MAPPING = WeightMapping(KIND, 127)
WEIGHTS = np.random.default_rng(1).normal(0, 5, (64, 32)).clip(-127, 127)


def test_both_mappings_hold_all_weights() -> None:
    whole = np.arange(-127, 128)
    for pair in (MAPPING.least_power(whole), MAPPING.centred(whole)):
        assert MAPPING.weights(pair) == pytest.approx(whole)
        for side in pair:
            assert side.min() >= KIND.low - 1e-9
            assert side.max() <= KIND.high + 1e-9
    at = MAPPING.with_reference(whole)
    assert MAPPING.against_reference(at) == pytest.approx(whole)
    assert at[[0, -1]] == pytest.approx([KIND.low, KIND.high])
    assert at[127] == pytest.approx(MAPPING.middle)


def test_the_least_power_has_one_device_at_rest() -> None:
    low, centred = MAPPING.least_power(WEIGHTS), MAPPING.centred(WEIGHTS)
    assert (np.minimum(low.plus, low.minus) == KIND.low).all()
    share = sum(side.sum() for side in low) / sum(side.sum() for side in centred)
    assert share < 0.15
    mean = np.abs(WEIGHTS).mean() / 127
    assert share == pytest.approx((2 * KIND.low + mean * KIND.range) / (KIND.high + KIND.low))


def test_the_fewest_writes_touch_one_device() -> None:
    now = MAPPING.centred(WEIGHTS)
    moved = np.clip(WEIGHTS + 3, -127, 127)
    pair = MAPPING.least_writes(moved, now)
    assert MAPPING.weights(pair) == pytest.approx(moved)
    touched = (pair.plus != now.plus).astype(int) + (pair.minus != now.minus)
    assert (touched == 1).all()
    cost = {
        name: np.abs(KIND.pulses_for(side, sign * 3 / 127 * KIND.range))
        for name, side, sign in (("plus", now.plus, 1), ("minus", now.minus, -1))
    }
    assert ((pair.plus != now.plus) == (cost["plus"] <= cost["minus"])).all()
    high = np.full(1, KIND.high)  # no way up for +, none down for -: both are written
    pair = MAPPING.least_writes([20.0], Pair(high, np.full(1, KIND.low + 1.0)))
    assert MAPPING.weights(pair) == pytest.approx(20)


def test_pairs_that_only_rise_are_refreshed() -> None:
    random = np.random.default_rng(1)
    array = DifferentialArray(WeightMapping(KIND, 1.0), (40,), random)
    wanted = np.zeros(40)
    for _ in range(400):
        new = np.clip(wanted + random.normal(0, 0.02, 40), -0.6, 0.6)
        array.change(new - array.weights)
        wanted = new
        assert array.weights == pytest.approx(wanted, abs=0.01)
        most = np.maximum(array.plus.conductance, array.minus.conductance).max()
        assert most <= KIND.low + 0.9 * KIND.range + 1e-9
    assert array.refreshes > 40
    assert array.plus.writes.sum() > array.refreshes


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: MAPPING.least_power([1.0, 130.0]), r"^weights must be in -127\.\.127, not 130"),
        (lambda: MAPPING.with_reference([-128.0]), "^weights must be in -127"),
        (lambda: WeightMapping(KIND, 0), "^limit of weights must be above 0"),
        (
            lambda: WeightMapping(find_memristor("stt-mram"), 127, bits=8),
            "^levels of stt-mram must be 128 or more for 8 bits, not 2",
        ),
    ],
)
def test_what_devices_cannot_hold_is_refused(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]


def test_two_bits_fit_two_levels() -> None:
    assert WeightMapping(find_memristor("stt-mram"), 1, bits=2).limit == 1
