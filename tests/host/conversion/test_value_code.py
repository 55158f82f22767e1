"""Numbers as the bits of spikes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from axonloop.host.conversion.value_code import fitted_code


@pytest.mark.parametrize(("low", "step", "count"), [(0, 1, 17), (0.0, 1 / 16, 17), (-2, 0.5, 9)])
def test_values_on_a_grid_are_held_exactly(low: float, step: float, count: int) -> None:
    values = low + step * np.arange(count, dtype=float).reshape(-1, 1)
    code = fitted_code(values, 8)
    assert code.bits == (count - 1).bit_length()
    assert np.abs(code.values(values) - values).max() < 1e-12


@settings(max_examples=50, deadline=None)
@given(some.integers(0, 2**32 - 1), some.integers(1, 10))
def test_spikes_and_weights_make_what_the_code_says(seed: int, bits: int) -> None:
    random = np.random.default_rng(seed)
    values, weights = random.normal(0, 3, (6, 4)), random.normal(0, 1, (4, 5))
    code = fitted_code(values, bits)
    assert code.bits == bits
    assert np.abs(code.values(values) - values).max() <= code.step / 2 * (1 + 1e-9)
    sums = code.spikes(values) @ code.spread(weights) + code.low * weights.sum(axis=0)
    assert np.allclose(sums, code.values(values) @ weights)


def test_what_lies_outside_is_clipped() -> None:
    code = fitted_code(np.array([[0.0], [1.0]]), 4)
    assert code.values(np.array([-3.0, 9.0])).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("values", "bits", "message"),
    [
        ([[1.0], [1.0]], 4, "calibration inputs must be of more than one value, not 1.0"),
        ([[1.0], [2.0]], 13, "input_bits must be a whole number in 1..12, not 13"),
    ],
)
def test_refusals(values: list[list[float]], bits: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        fitted_code(np.array(values), bits)
