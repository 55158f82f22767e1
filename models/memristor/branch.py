"""Conductance against pulses of one polarity: exponential, even, or as it was measured.

All three answer the same: where n pulses end, how far n pulses go from a state, and how many pulses
a change takes. Conductances are in nS, pulses may be fractions: a shorter pulse counts as less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.models.checks import require, require_number

Floats = NDArray[np.float64]


class Branch(Protocol):
    """One polarity of a memristor; `start` is where it is after 0 pulses, `goal` after many.

    A change that the branch cannot make takes infinitely many pulses, one the other way NaN.
    """

    @property
    def start(self) -> float: ...
    @property
    def goal(self) -> float: ...

    def after(self, pulses: ArrayLike) -> Floats:
        """Conductance after `pulses` from the start."""

    def step(self, conductance: ArrayLike, pulses: ArrayLike) -> Floats:
        """The change that `pulses` make from a conductance."""

    def pulses_for(self, conductance: ArrayLike, change: ArrayLike) -> Floats:
        """The pulses that make `change` from a conductance."""


@dataclass(frozen=True)
class Exponential:
    """G = goal + (start - goal) exp(-rate n): equations 13 to 17 of Fouda et al. 2019.

    Both polarities are this one formula; the paper's b is |goal - start|, its a the `rate` per
    pulse. Raises ValueError for conductances below 0, a rate that is not above 0, and a start that
    is the goal.
    """

    start: float
    goal: float
    rate: float

    def __post_init__(self) -> None:
        _require_ends(self)
        require_number("rate", self.rate)
        require(self.rate > 0, "rate", "above 0 per pulse", self.rate)

    def after(self, pulses: ArrayLike) -> Floats:
        """Conductance after `pulses` from the start."""
        found: Floats = self.goal + (self.start - self.goal) * np.exp(-self.rate * _floats(pulses))
        return found

    def step(self, conductance: ArrayLike, pulses: ArrayLike) -> Floats:
        """The change that `pulses` make: a share 1 - exp(-rate n) of the way to the goal."""
        found: Floats = (_floats(conductance) - self.goal) * np.expm1(-self.rate * _floats(pulses))
        return found

    def pulses_for(self, conductance: ArrayLike, change: ArrayLike) -> Floats:
        """The pulses that make `change`: the compensation, exactly."""
        with np.errstate(divide="ignore", invalid="ignore"):
            share = _floats(change) / (self.goal - _floats(conductance))
            return _possible(-np.log1p(-np.minimum(share, 1)) / self.rate, share)

    def linear_pulses_for(self, conductance: ArrayLike, change: ArrayLike) -> Floats:
        """The same to first order, as a table of the conductance can have it."""
        with np.errstate(divide="ignore", invalid="ignore"):
            share = _floats(change) / (self.goal - _floats(conductance))
            return _possible(share / self.rate, np.minimum(share, 1))


@dataclass(frozen=True)
class Even:
    """Equal steps from start to goal, `pulses` of them: no device does this, `ideal` does."""

    start: float
    goal: float
    pulses: float

    def __post_init__(self) -> None:
        _require_ends(self)
        require_number("pulses", self.pulses)
        require(self.pulses > 0, "pulses", "above 0", self.pulses)

    def after(self, pulses: ArrayLike) -> Floats:
        """Conductance after `pulses` from the start."""
        done = np.clip(_floats(pulses) / self.pulses, 0, 1)
        found: Floats = self.start + done * (self.goal - self.start)
        return found

    def step(self, conductance: ArrayLike, pulses: ArrayLike) -> Floats:
        """The change that `pulses` make; it ends at the goal."""
        way = self.goal - _floats(conductance)
        whole = _floats(pulses) * (self.goal - self.start) / self.pulses
        up = self.goal > self.start
        found: Floats = np.minimum(whole, way) if up else np.maximum(whole, way)
        return found

    def pulses_for(self, conductance: ArrayLike, change: ArrayLike) -> Floats:
        """The pulses that make `change`."""
        wanted = _floats(change)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = wanted / (self.goal - _floats(conductance))
        return _possible(wanted * self.pulses / (self.goal - self.start), share)


@dataclass(frozen=True)
class Measured:
    """A table of conductances after 0, 1, 2, ... `pulses`, with straight lines between them.

    Raises ValueError unless the pulses rise and the conductances go one way, all of them.
    """

    pulses: tuple[float, ...]
    conductances: tuple[float, ...]

    def __post_init__(self) -> None:
        pulses, found = np.array(self.pulses), np.array(self.conductances)
        good = len(pulses) == len(found) >= 2
        require(good, "measured curve", "two points or more", (len(pulses), len(found)))
        finite = bool(np.isfinite(pulses).all() and np.isfinite(found).all())
        require(finite, "measured curve", "finite numbers", "NaN or infinite")
        require(bool((found >= 0).all()), "measured conductances", "0 nS or more", found.min())
        fall = np.flatnonzero(np.diff(pulses) <= 0)
        require(not len(fall), "pulses of a measured curve", "rising", _pair(pulses, fall))
        up = bool(found[-1] > found[0])
        wrong = np.flatnonzero(np.diff(found) * (1 if up else -1) <= 0)
        way = "rising" if up else "falling"
        told = _pair(found, wrong)
        require(not len(wrong), "measured conductances", f"{way} at every pulse; fit it else", told)

    @property
    def start(self) -> float:
        """The first conductance, in nS."""
        return self.conductances[0]

    @property
    def goal(self) -> float:
        """The last conductance, in nS: nothing is known beyond it."""
        return self.conductances[-1]

    def after(self, pulses: ArrayLike) -> Floats:
        """Conductance after `pulses` of the table, by its lines; its ends outside of it."""
        return np.interp(_floats(pulses), self.pulses, self.conductances)

    def position(self, conductance: ArrayLike) -> Floats:
        """The pulse of the table at which a conductance stands; its ends outside of it."""
        sign = 1 if self.goal > self.start else -1
        heights = sign * np.array(self.conductances)
        return np.interp(sign * _floats(conductance), heights, self.pulses)

    def step(self, conductance: ArrayLike, pulses: ArrayLike) -> Floats:
        """The change that `pulses` make from a conductance."""
        at = _floats(conductance)
        return self.after(self.position(at) + _floats(pulses)) - np.clip(at, *self._ends)

    def pulses_for(self, conductance: ArrayLike, change: ArrayLike) -> Floats:
        """The pulses that make `change`."""
        at, wanted = _floats(conductance), _floats(change)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = wanted / (self.goal - at)
        return _possible(self.position(at + wanted) - self.position(at), share)

    @property
    def _ends(self) -> tuple[float, float]:
        return min(self.start, self.goal), max(self.start, self.goal)


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, np.float64)


def _possible(pulses: Floats, share: Floats) -> Floats:
    """Infinite where all of the way or more is wanted, NaN where the way back is; 0 for nothing."""
    found = np.where(share >= 1, np.inf, np.where(share < 0, np.nan, pulses))
    return np.where(np.isnan(share), 0.0, found)


def _pair(values: Floats, at: NDArray[np.int_]) -> Any:
    return tuple(values[at[0] : at[0] + 2].tolist()) if len(at) else None


def _require_ends(branch: Any) -> None:
    for name in ("start", "goal"):
        value = getattr(branch, name)
        require_number(name, value)
        require(value >= 0, name, "0 nS or more", value)
    require(branch.start != branch.goal, "goal", "another conductance than start", branch.goal)
