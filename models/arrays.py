"""Checks of arrays of integers: kind, range, shape."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.models.checks import require

Int32Array = NDArray[np.int32]


def integers(thing: str, values: ArrayLike) -> NDArray[np.int64]:
    """`values` as an array of whole numbers; bools and floats, NaN among them, are refused.

    An empty list has no dtype of its own and is taken.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{thing} must be an array, not {type(values).__name__}") from error
    if not array.size:
        return array.astype(np.int64) if array.dtype.kind in "iuf" else _refuse_kind(thing, array)
    if array.dtype.kind not in "iu":
        _refuse_kind(thing, array)
    if array.dtype.kind == "u" and array.max() > 2**63 - 1:
        require(False, thing, "whole numbers below 2**63", int(array.max()))
    return array.astype(np.int64, copy=False)


def _refuse_kind(thing: str, array: NDArray[Any]) -> NDArray[np.int64]:
    raise ValueError(f"{thing} must be whole numbers of an integer dtype, not {array.dtype}")


def ranged(thing: str, values: ArrayLike, low: int, high: int) -> NDArray[np.int64]:
    """`integers` that all lie in `low..high`; the first that does not is named."""
    array = integers(thing, values)
    if array.size and not lies_within(array, low, high):
        bad = (array < low) | (array > high)
        require(False, thing, f"in {low}..{high}", int(array[bad][0]))
    return array


def lies_within(array: NDArray[np.int64], low: int, high: int) -> bool:
    """Say whether an array that is not empty lies in `low..high`."""
    if low == 0:  # a negative number is huge without its sign: one search is enough
        return bool(np.maximum.reduce(array.view(np.uint64), axis=None) <= high)
    least, most = np.minimum.reduce(array, axis=None), np.maximum.reduce(array, axis=None)
    return bool(low <= least and most <= high)


def indices(thing: str, values: ArrayLike, count: int) -> NDArray[np.int64]:
    """A list of indices in 0..count - 1, repeats allowed."""
    array = ranged(thing, values, 0, count - 1)
    require(array.ndim == 1, thing, "a list (one dimension)", array.shape)
    return array
