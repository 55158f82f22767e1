"""The number format against exact whole-number arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonloop.models.golden.arithmetic.fixedpoint import (
    decay,
    decay_unsigned,
    saturate,
    saturate_unsigned,
    wrap,
)

STATE = st.integers(-(2**23), 2**23 - 1)
FACTOR = st.integers(0, 4096)
WIDE = st.integers(-(2**40), 2**40)


def array(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@given(STATE, FACTOR)
def test_decay_truncates_the_exact_product(x: int, k: int) -> None:
    exact = Fraction(x * k, 4096)
    assert decay(array(x), array(k)).tolist() == [int(exact)]
    assert decay(array(-x), array(k)).tolist() == [-int(exact)]


@given(st.integers(0, 2**16 - 1), FACTOR)
def test_unsigned_decay_is_decay(x: int, k: int) -> None:
    assert decay_unsigned(array(x), array(k)).tolist() == decay(array(x), array(k)).tolist()


@pytest.mark.parametrize("k", [4096, 4095, 1, 0])
def test_decay_at_its_ends(k: int) -> None:
    found = decay(array(-1, 1, -4096, 4096), array(k)).tolist()
    assert found == {4096: [-1, 1, -4096, 4096], 4095: [0, 0, -4095, 4095]}.get(k, [0, 0, -k, k])


@given(WIDE, st.integers(8, 24))
def test_saturate_is_symmetric_and_tells(x: int, bits: int) -> None:
    limit = 2 ** (bits - 1) - 1
    expected = min(max(x, -limit), limit)
    value, clipped = saturate(array(x), limit)
    assert (value.tolist(), clipped.tolist()) == ([expected], [abs(x) > limit])


@given(st.integers(0, 2**20), st.integers(4, 16))
def test_saturate_unsigned_counts(x: int, bits: int) -> None:
    limit = 2**bits - 1
    value, count = saturate_unsigned(array(x, 0, x), limit)
    assert (value.tolist(), count) == ([min(x, limit), 0, min(x, limit)], 2 * (x > limit))


@given(WIDE, st.integers(2, 24))
def test_wrap_keeps_the_low_bits(x: int, bits: int) -> None:
    (value,) = wrap(array(x), bits).tolist()
    assert -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)
    assert (value - x) % 2**bits == 0
