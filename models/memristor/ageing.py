"""What time does to a conductance: it relaxes, faster in the heat, or drifts by a power law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.models.checks import require, require_number

Floats = NDArray[np.float64]
_BOLTZMANN = 8.617333262e-5
"""In eV per kelvin."""
_ZERO = 273.15


@dataclass(frozen=True)
class Retention:
    """After `seconds` at `celsius` a conductance has 1 / e left of its way from `rest`, in nS.

    At another temperature time runs by Arrhenius' law with `activation`, in eV. Raises ValueError
    for seconds that are not above 0, a rest or an activation below 0.
    """

    seconds: float
    rest: float
    celsius: float = 85.0
    activation: float = 1.0

    def __post_init__(self) -> None:
        for name in ("seconds", "rest", "celsius", "activation"):
            require_number(name, getattr(self, name))
        require(self.seconds > 0, "retention", "above 0 s", self.seconds)
        require(self.rest >= 0, "rest", "0 nS or more", self.rest)
        require(self.activation >= 0, "activation", "0 eV or more", self.activation)
        require(self.celsius > -_ZERO, "temperature", f"above {-_ZERO} C", self.celsius)

    def kept(self, seconds: float, celsius: float) -> float:
        """The share of the way from rest that is left after `seconds` at `celsius`."""
        _require_time(seconds, celsius)
        colder = 1 / (celsius + _ZERO) - 1 / (self.celsius + _ZERO)
        return float(
            np.exp(-seconds / self.seconds * np.exp(-self.activation / _BOLTZMANN * colder))
        )

    def aged(self, conductance: ArrayLike, seconds: float, celsius: float) -> Floats:
        """Conductances after `seconds` without a write."""
        given = np.asarray(conductance, np.float64)
        found: Floats = self.rest + (given - self.rest) * self.kept(seconds, celsius)
        return found


@dataclass(frozen=True)
class Drift:
    """G falls as (1 + t / first)^-exponent: phase change memory, its glass relaxing.

    `first` is when it is first read, in seconds. Temperature plays no part.
    """

    exponent: float
    first: float = 1.0

    def __post_init__(self) -> None:
        require_number("drift exponent", self.exponent)
        require(0 <= self.exponent < 1, "drift exponent", "in 0..1", self.exponent)
        require_number("first read", self.first)
        require(self.first > 0, "first read", "above 0 s", self.first)

    def aged(self, conductance: ArrayLike, seconds: float, celsius: float) -> Floats:
        """Conductances after `seconds` without a write."""
        _require_time(seconds, celsius)
        given = np.asarray(conductance, np.float64)
        found: Floats = given * (1 + seconds / self.first) ** -self.exponent
        return found


def _require_time(seconds: float, celsius: float) -> None:
    require_number("seconds", seconds)
    require(seconds >= 0, "seconds", "0 or more", seconds)
    require_number("temperature", celsius)
    require(celsius > -_ZERO, "temperature", f"above {-_ZERO} C", celsius)
