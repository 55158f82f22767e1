"""A memristor: how it moves, how it varies, what it bears, how it forgets."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.models.checks import require, require_number, require_range
from axonloop.models.memristor.ageing import Drift, Retention
from axonloop.models.memristor.branch import Branch, Exponential

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """Variation: of devices, once for each; of writes, anew for each; all relative, sd over mean.

    `rate` is of pulses per effect, by polarity; `high` and `low` of the ends of the range; `write`
    of the pulses that a write takes effect with. With `normal`, rates are drawn from a Gaussian, as
    the paper has it, and cut at a twentieth of their mean; else from a lognormal distribution of
    that sd of the logarithm around the kind's rate, which has no negative rates. Raises ValueError
    for what is below 0.
    """

    rate: float = 0.0
    high: float = 0.0
    low: float = 0.0
    write: float = 0.0
    normal: bool = False

    def __post_init__(self) -> None:
        for name in ("rate", "high", "low", "write"):
            require_number(f"spread of {name}", getattr(self, name))
            good = 0 <= getattr(self, name) <= 10
            require(good, f"spread of {name}", "in 0..10 of the mean", getattr(self, name))

    def rates(self, random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """Factors of the rate of devices, half of them below 1."""
        if self.normal:
            return np.maximum(random.normal(1, self.rate, shape), 0.05)
        return random.lognormal(0, self.rate, shape)

    def ends(
        self, random: np.random.Generator, shape: tuple[int, ...], low: float, high: float
    ) -> tuple[Floats, Floats]:
        """The ends of the range of devices, in nS; 0 at least, the low end below the high one."""
        top = np.maximum(high * random.normal(1, self.high, shape), 0)
        bottom = np.clip(low * random.normal(1, self.low, shape), 0, None)
        return np.minimum(bottom, top), top

    def writes(self, random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """Factors of the pulses of one write each, 0 at least."""
        return np.maximum(random.normal(1, self.write, shape), 0)


@dataclass(frozen=True)
class Memristor:
    """A kind of device: potentiation `up`, depression `down`, and what else is known of it.

    It holds `low` to `high` nS, the goals of both branches. `levels` are the states that are
    stable, evenly spaced; a pulse then moves to the next one or not, at random, so that the mean is
    the branch's (2: a device that switches). `endurance` is the writes after which it is stuck.
    `bend`, per volt, makes its current G sinh(bend V) / bend. `about` says where figures come from.

    Raises ValueError for branches that go the wrong way, a low end that is not below the high one,
    and values that no device has.
    """

    name: str
    up: Branch
    down: Branch
    spread: Spread = field(default_factory=Spread)
    endurance: float = float("inf")
    retention: Retention | None = None
    drift: Drift | None = None
    levels: int | None = None
    bend: float = 0.0
    about: str = ""

    def __post_init__(self) -> None:
        up, down = self.up, self.down
        require(up.goal > up.start, "potentiation", "rising", f"from {up.start} to {up.goal} nS")
        require(down.goal < down.start, "depression", "falling", f"{down.start} to {down.goal} nS")
        ends = f"{self.low} and {self.high} nS"
        require(self.low < self.high, "Gmin", "below Gmax", ends)
        require(self.endurance >= 1, "endurance", "1 write or more", self.endurance)
        if self.levels is not None:
            require_range("levels", self.levels, 2, 1 << 16)
        require_number("bend", self.bend)
        require(self.bend >= 0, "bend", "0 per volt or more", self.bend)
        rest = self.low if self.retention is None else self.retention.rest
        require(rest <= self.high, "rest", f"Gmax, {self.high} nS, or less", rest)

    @property
    def low(self) -> float:
        """Gmin, in nS."""
        return self.down.goal

    @property
    def high(self) -> float:
        """Gmax, in nS."""
        return self.up.goal

    @property
    def range(self) -> float:
        """Gmax - Gmin, in nS."""
        return self.high - self.low

    def step(self, conductance: ArrayLike, pulses: ArrayLike) -> Floats:
        """The change that `pulses` make, > 0 of potentiation and < 0 of depression, in nS."""
        at, count = np.asarray(conductance, np.float64), np.asarray(pulses, np.float64)
        rise = self.up.step(np.minimum(at, self.high), np.maximum(count, 0))
        fall = self.down.step(np.maximum(at, self.low), np.maximum(-count, 0))
        return np.where(count >= 0, rise, fall)

    def pulses_for(self, conductance: ArrayLike, change: ArrayLike) -> Floats:
        """The pulses that make `change`, in nS, with their sign; infinite beyond the range."""
        at, wanted = np.asarray(conductance, np.float64), np.asarray(change, np.float64)
        rise = self.up.pulses_for(at, np.maximum(wanted, 0))
        fall = self.down.pulses_for(at, np.minimum(wanted, 0))
        return np.where(wanted >= 0, rise, -fall)

    def current(self, conductance: ArrayLike, volts: ArrayLike) -> Floats:
        """The current in nA at a voltage."""
        at, across = np.asarray(conductance, np.float64), np.asarray(volts, np.float64)
        bent = across if self.bend == 0 else np.sinh(self.bend * across) / self.bend
        return at * bent

    def aged(self, conductance: ArrayLike, seconds: float, celsius: float = 25.0) -> Floats:
        """Conductances after `seconds` at `celsius` without a write: retention, then drift."""
        found = np.asarray(conductance, np.float64)
        for law in (self.retention, self.drift):
            if law is not None:
                found = law.aged(found, seconds, celsius)
        return found

    def nonlinearity(self, pulses: int) -> tuple[float, float]:
        """PANL and DANL: how far the middle of `pulses` for the whole range is off half way."""
        up = float(self.up.after(pulses / 2)) / self.range - 0.5
        down = 0.5 - float(self.down.after(pulses / 2)) / self.range
        return up, down

    @property
    def exponential(self) -> tuple[Exponential, Exponential]:
        """Both branches, where both are exponential; ValueError if one is not."""
        up, down = self.up, self.down
        good = isinstance(up, Exponential) and isinstance(down, Exponential)
        kinds = f"{type(up).__name__} and {type(down).__name__}"
        require(good, f"branches of {self.name}", "exponential; fit measured ones", kinds)
        return up, down  # type: ignore[return-value]
