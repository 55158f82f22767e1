"""The number format of docs/contract.md, in int64: no sum or product of it overflows there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]


def decay(x: Int64Array, factor: Int64Array) -> Int64Array:
    """x times `factor` / 4096 (0..4096), truncated toward zero; x is signed."""
    magnitude: Int64Array = np.abs(x) * factor >> 12
    return np.sign(x) * magnitude


def decay_unsigned(x: Int64Array, factor: Int64Array) -> Int64Array:
    """`decay` of an x that is never negative."""
    return x * factor >> 12


def saturate(x: Int64Array, limit: int) -> tuple[Int64Array, NDArray[np.bool_]]:
    """Clip to +-`limit`; also where x was clipped."""
    clipped = np.minimum(np.maximum(x, -limit), limit)
    return clipped, clipped != x


def saturate_unsigned(x: Int64Array, limit: int) -> tuple[Int64Array, int]:
    """Clip an x that is never negative to `limit`; also how many were clipped."""
    clipped = np.minimum(x, limit)
    return clipped, int(np.count_nonzero(clipped != x))


def wrap(x: Int64Array, bits: int) -> Int64Array:
    """The signed value of the low `bits` bits."""
    half = 1 << (bits - 1)
    return (x + half & (1 << bits) - 1) - half
