"""The exponential branch nearest to a measured curve."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.models.checks import require
from axonloop.models.memristor.branch import Exponential

Floats = NDArray[np.float64]
_GRID, _ROUNDS = 200, 60


class Fit(NamedTuple):
    """A branch, its root mean square error in nS, and that of a straight line."""

    branch: Exponential
    error: float
    straight: float


def fit_branch(pulses: ArrayLike, conductance: ArrayLike) -> Fit:
    """Fit start, goal and rate to at least four points of one polarity; pulses in any order.

    For a given rate the other two are linear least squares, so only the rate is searched, between
    1/100 and 20 times the inverse of the range of pulses. Raises ValueError for points that are not
    finite, negative conductances, curves without a change, and where the nearest branch would end
    below 0 nS.
    """
    count, found = np.asarray(pulses, np.float64), np.asarray(conductance, np.float64)
    several = count.shape == found.shape and count.ndim == 1 and len(np.unique(count)) >= 4
    require(several, "curve", "at four different pulses or more", f"{count.size} points")
    finite = bool(np.isfinite(count).all() and np.isfinite(found).all())
    require(finite, "curve", "of finite numbers", "NaN or infinite")
    require(bool((found >= 0).all()), "conductances", "0 nS or more", float(found.min()))
    require(bool(np.ptp(found) > 0), "conductances", "changing with the pulses", "constant")
    wide = float(np.ptp(count))
    rates = np.geomspace(0.01, 20 * len(count), _GRID) / wide
    best = int(np.argmin([_solved(count, found, rate)[1] for rate in rates]))
    low, high = np.log(rates[max(best - 1, 0)]), np.log(rates[min(best + 1, _GRID - 1)])
    rate = _lowest(count, found, float(low), float(high))
    (goal, swing), error = _solved(count, found, rate)
    require(goal >= 0, "goal of the curve", "0 nS or more; show more pulses", float(goal))
    straight = np.polynomial.Polynomial.fit(count, found, 1)(count)
    branch = Exponential(float(goal + swing), float(goal), rate)
    return Fit(branch, error, float(np.sqrt(np.mean((straight - found) ** 2))))


def _solved(count: Floats, found: Floats, rate: float) -> tuple[Floats, float]:
    """Goal and swing at a rate, and the error with them."""
    basis = np.stack([np.ones_like(count), np.exp(-rate * count)], axis=1)
    both = np.linalg.lstsq(basis, found, rcond=None)[0]
    return both, float(np.sqrt(np.mean((basis @ both - found) ** 2)))


def _lowest(count: Floats, found: Floats, low: float, high: float) -> float:
    """The rate of the least error between the logarithms, by the golden section."""
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(_ROUNDS):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if _solved(count, found, np.exp(left))[1] < _solved(count, found, np.exp(right))[1]:
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))
