"""Arrays in few words: enough that no other array is likely to have the same."""

from __future__ import annotations

from typing import Any

import numpy as np

ALL = 6
"""So many numbers are written out."""


def told(values: Any) -> str:
    """The numbers of an array, or of many their shape and what they amount to in every way."""
    array = np.ma.filled(np.ma.asarray(values).astype(float), np.nan)
    flat = array.ravel()
    known = flat[np.isfinite(flat)]
    scale = float(np.abs(known).max()) if known.size else 0.0
    if flat.size <= ALL:
        return " ".join(number(each, scale) for each in flat)
    shape = "x".join(str(side) for side in array.shape)
    if not known.size:
        return f"{shape} unknown"
    late = np.linspace(0, 1, len(known))
    parts = {
        "from": known[0],
        "to": known[-1],
        "least": known.min(),
        "most": known.max(),
        "mean": known.mean(),
        "late": (late * known).mean(),
        "square": (known**2).mean() ** 0.5,
    }
    missing = f" unknown {flat.size - known.size}" if known.size < flat.size else ""
    return f"{shape}{missing}" + "".join(f" {k} {number(v, scale)}" for k, v in parts.items())


def number(value: float, scale: float = 0.0) -> str:
    """Six digits; what is nothing beside `scale` is 0."""
    return "0" if abs(value) <= 1e-9 * scale else f"{value:.6g}"
