"""Whole numbers of NumPy and torch, as Python's own."""

from __future__ import annotations

from contextlib import suppress
from operator import index
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """An integer, or an array or tensor of a lone one, as an int; all else as it is.

    So a check behind it refuses bools, floats and whatever is no number in its own words.
    """
    if not isinstance(value, bool | np.bool_):
        with suppress(TypeError):
            return index(value)
    return value
