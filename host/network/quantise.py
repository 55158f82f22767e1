"""From float neurons and weights to the chip's integers, with the error that this makes.

A float population obeys, per tick, with x the sum of the weights of its spiking inputs:

    I' = current_decay I + x + bias
    V' = membrane_decay V + I' + drive

and spikes where V' is above its threshold, or, if `inclusive`, at it. All errors are in
thresholds: a membrane of 1 is one that is at its threshold. The chip's words follow from one number, `scale`: units of the membrane
per threshold.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from axonloop.models.checks import require, require_number, require_range
from axonloop.models.config import DECAY_ONE, ParameterSet, ResetMode

Floats = NDArray[np.float64]
_WIDTHS = (4, 6, 8, 10, 12, 14, 16)
_STATES = (16, 20, 24)


class FloatReset(StrEnum):
    """What a spike does to the membrane.

    `zero`: V = 0 in the same tick. `subtract`: one threshold is taken from V in the same tick.
    `late`: one threshold is taken from V in the next tick, after V has decayed (snntorch's
    subtraction). `none`: nothing.
    """

    ZERO = "zero"
    SUBTRACT = "subtract"
    LATE = "late"
    NONE = "none"


_RESET_MODES = {
    FloatReset.ZERO: ResetMode.ZERO,
    FloatReset.SUBTRACT: ResetMode.SUBTRACT,
    FloatReset.LATE: ResetMode.NONE,
    FloatReset.NONE: ResetMode.NONE,
}
_USUAL_REACH = dict.fromkeys(FloatReset, 4096.0) | {FloatReset.ZERO: 64.0}
"""Thresholds that a membrane is given room for at least, where the worst case asks for more."""
_FINE = 4096
"""Units per threshold that are enough, where nothing leaks slowly: the rest is room."""


@dataclass(frozen=True, eq=False)
class FloatPopulation:
    """Neurons in float; see the module for their equations.

    `weights`: arrays `(sources, neurons)`, one per projection that ends here. `thresholds`,
    `biases`, `drives`: `(neurons,)`. Decays lie in 0..1. All but decays are in the units of the
    thresholds. Raises ValueError for what is not finite or has another shape.
    """

    name: str
    membrane_decay: float
    thresholds: Floats
    weights: tuple[Floats, ...]
    current_decay: float = 0.0
    biases: Floats | None = None
    drives: Floats | None = None
    reset: FloatReset = FloatReset.ZERO
    inclusive: bool = False

    def __post_init__(self) -> None:
        for name in ("membrane_decay", "current_decay"):
            value = getattr(self, name)
            require_number(f"{name} of {self.name!r}", value)
            require(0 <= value <= 1, f"{name} of {self.name!r}", "in 0..1", value)
        size = len(self.thresholds)
        arrays = {"thresholds": self.thresholds, "biases": self.biases, "drives": self.drives}
        for name, array in arrays.items():
            if array is not None:
                good = array.shape == (size,)
                require(good, f"{name} of {self.name!r}", f"of shape {(size,)}", array.shape)
                _require_finite(f"{name} of {self.name!r}", array)
        low = float(self.thresholds.min())
        require(low > 0, f"thresholds of {self.name!r}", "above 0", low)
        for array in self.weights:
            good = array.ndim == 2 and array.shape[1] == size
            require(good, f"weights of {self.name!r}", f"of shape (sources, {size})", array.shape)
            _require_finite(f"weights of {self.name!r}", array)

    def in_thresholds(self, values: Floats | None) -> Floats:
        """Values per neuron, or weights, as parts of each neuron's threshold; None: zeros."""
        return np.zeros(len(self.thresholds)) if values is None else values / self.thresholds


def _require_finite(thing: str, array: Floats) -> None:
    bad = array[~np.isfinite(array)]
    require(not bad.size, thing, "finite numbers", float(bad[0]) if bad.size else None)


@dataclass(frozen=True)
class QuantisationError:
    """What the chip's integers of a population differ by from the float numbers.

    Decays: chip minus float. `weight_max`, `weight_rms`: in thresholds, `_lsb` in weight units.
    `bound`: no membrane is further than this from the float one, in thresholds, as long as both
    have had the same spikes in and out, over at most `ticks` ticks, and nothing saturates.
    `reach`: the largest membrane that any input can make; `room`: the largest that the state
    word holds.
    """

    membrane_decay: float
    current_decay: float
    threshold: float
    weight_max: float
    weight_rms: float
    weight_max_lsb: float
    weight_rms_lsb: float
    bound: float
    ticks: int
    reach: float
    room: float

    @property
    def headroom(self) -> float:
        """`room / reach`; at 1 and above nothing can saturate."""
        return self.room / self.reach if self.reach else math.inf


@dataclass(frozen=True, eq=False)
class QuantisedPopulation:
    """A population in the chip's integers; a membrane word is `scale` times a float membrane."""

    parameters: ParameterSet
    weights: tuple[NDArray[np.int64], ...]
    first_biases: tuple[int, ...]
    drives: tuple[int, ...]
    scale: float
    weight_scale: float
    weight_bits: int
    state_bits: int
    error: QuantisationError


@dataclass(frozen=True)
class _Scales:
    """A choice: `q` weight units per threshold, shifts, and `scale` that follows from them."""

    q: float
    w_exp: int
    i_shift: int

    @property
    def scale(self) -> float:
        return self.q * 2.0 ** (self.w_exp - self.i_shift)


def decay_word(name: str, decay: float) -> int:
    """A decay in 1/4096; ValueError for one below 1 that would become 1: it would never leak."""
    word = round(decay * DECAY_ONE)
    most = 1 - 0.5 / DECAY_ONE
    require(decay == 1 or word < DECAY_ONE, name, f"1, or at most {most:.6f}", decay)
    return word


def threshold_word(value: float, inclusive: bool) -> int:
    """The smallest word that is above a value, or at it if `inclusive`: the chip fires there."""
    if inclusive:
        return max(1, math.ceil(value * (1 - 1e-12) - 1e-9))
    return math.floor(value * (1 + 1e-12) + 1e-9) + 1


def quantise(
    population: FloatPopulation, weight_bits: int = 16, state_bits: int = 24, ticks: int = 1000
) -> QuantisedPopulation:
    """The integers of a population with the smallest bound on the membrane's error.

    Tries weights at the full range, at the nearest power of two, and at multiples of their common
    unit, with every pair of shifts. `ticks` is how long a run is: what leaks nowhere (a decay of
    1) errs more the longer it lasts. Raises ValueError where no choice fits the words.
    """
    require_range("weight_bits", weight_bits, 2, 16)
    require_range("state_bits", state_bits, 8, 24)
    require_range("ticks", ticks, 1, 1 << 30)
    work = _Work(population, weight_bits, state_bits, ticks)
    best: tuple[float, _Scales] | None = None
    for q in work.candidates():
        for choice in work.choices(q):
            bound = work.bound(choice)
            if best is None or bound < best[0]:
                best = bound, choice
    if best is None:
        raise ValueError(
            f"membrane of {population.name!r} must be within {work.membrane_need:.3g} thresholds, "
            f"too much for state_bits = {state_bits}; more state_bits or smaller weights would do"
        )
    return work.result(*best)


def quantise_all(
    populations: Mapping[str, FloatPopulation],
    weight_bits: int | None = None,
    state_bits: int | None = None,
    budget: float | None = None,
    ticks: int = 1000,
) -> dict[str, QuantisedPopulation]:
    """All populations with the same widths, as one chip has them.

    Without widths the smallest whose largest bound is at most `budget` thresholds are taken;
    without a budget weights of 16 bits and states of 24. Raises ValueError if the budget cannot
    be met, with the bound that can.
    """
    if budget is None:
        pairs = [(weight_bits or 16, state_bits or 24)]
    else:
        require_number("budget", budget)
        require(budget > 0, "budget", "above 0", budget)
        widths = [weight_bits] if weight_bits else _WIDTHS
        states = [state_bits] if state_bits else _STATES
        pairs = [(width, state) for width in widths for state in states]
    least, reason = math.inf, ""
    for width, state in pairs:
        try:
            found = {n: quantise(p, width, state, ticks) for n, p in populations.items()}
        except ValueError as error:
            if budget is None:
                raise
            reason = f" ({error})"
            continue
        worst = max(entry.error.bound for entry in found.values())
        if budget is None or worst <= budget:
            return found
        least = min(least, worst)
    raise ValueError(
        f"budget must be at least {least:.3g} thresholds with "
        f"{'any width' if len(pairs) > 1 else f'weight_bits = {pairs[0][0]}'}, "
        f"not {budget!r}{reason if least == math.inf else ''}"
    )


@dataclass
class _Work:
    """One population while its scales are chosen; everything here is in thresholds."""

    population: FloatPopulation
    weight_bits: int
    state_bits: int
    ticks: int
    weights: tuple[Floats, ...] = field(init=False)
    biases: Floats = field(init=False)
    drives: Floats = field(init=False)

    def __post_init__(self) -> None:
        own = self.population
        self.weights = tuple(own.in_thresholds(array) for array in own.weights)
        self.biases, self.drives = own.in_thresholds(own.biases), own.in_thresholds(own.drives)
        self.alpha = decay_word(f"membrane_decay of {own.name!r}", own.membrane_decay)
        self.beta = decay_word(f"current_decay of {own.name!r}", own.current_decay)
        rises = [np.maximum(array, 0).sum(axis=0) for array in (*self.weights, self.biases[None])]
        falls = [np.maximum(-array, 0).sum(axis=0) for array in (*self.weights, self.biases[None])]
        memory = _sum_of_powers(self.beta / DECAY_ONE, self.ticks)
        rise, fall = sum(rises) * memory, sum(falls) * memory
        self.current_reach = float(max(rise.max(), fall.max()))
        keep = _sum_of_powers(self.alpha / DECAY_ONE, self.ticks)
        up, down = rise + np.maximum(self.drives, 0), fall + np.maximum(-self.drives, 0)
        top = 1 + up if own.reset is FloatReset.ZERO else up * keep
        self.reset_reach = keep if own.reset is FloatReset.LATE else 0.0
        self.reach = float(max(top.max(), (down * keep).max(), self.reset_reach))
        slow = max(1.0, keep / 32) if _truncation(self.alpha) else 1.0
        spare = self.state_max / (_FINE * slow)
        room = max(_USUAL_REACH[own.reset], spare, 1 + float(up.max()))
        self.membrane_need = min(self.reach, room)
        self.largest = max(
            (float(np.abs(array).max()) for array in (*self.weights, self.biases) if array.size),
            default=0.0,
        )
        self._rounding: dict[float, tuple[float, float, float]] = {}

    @property
    def weight_max(self) -> int:
        return (1 << (self.weight_bits - 1)) - 1

    @property
    def state_max(self) -> int:
        return (1 << (self.state_bits - 1)) - 1

    def candidates(self) -> Iterator[float]:
        """Weight units per threshold that keep the largest weight in its word."""
        if not self.largest:
            yield 1.0
            return
        full = self.weight_max / self.largest
        unit = _common_unit(np.concatenate([a.ravel() for a in (*self.weights, self.biases)]))
        most = math.floor(full / unit * (1 + 1e-12)) if unit else 0
        for shrink in range(12):
            yield full / 2**shrink
            yield 2.0 ** math.floor(math.log2(full) - shrink)
            if most >> shrink:
                yield (most >> shrink) * unit

    def choices(self, q: float) -> Iterator[_Scales]:
        """The shifts that keep membrane and current in their words; none if nothing does."""
        for w_exp in range(8):
            for i_shift in range(16 if self.beta else 8):
                choice = _Scales(q, w_exp, i_shift)
                scale = choice.scale
                current = self.current_reach * scale * 2.0**i_shift
                fits = max(self.membrane_need * scale, current) <= self.state_max
                if fits and scale >= 4:
                    yield choice

    def rounding(self, q: float) -> tuple[float, float, float]:
        """Of weights and biases: largest sum of errors per neuron, largest error, and rms."""
        if q not in self._rounding:
            errors = [np.abs(np.rint(a * q) / q - a) for a in (*self.weights, self.biases[None])]
            there = [
                e[a != 0] for e, a in zip(errors, (*self.weights, self.biases[None]), strict=True)
            ]
            every = np.concatenate(there)
            sums = sum(array.sum(axis=0) for array in errors)
            rms = float(np.sqrt((every**2).mean())) if every.size else 0.0
            self._rounding[q] = float(np.max(sums)), float(every.max(initial=0)), rms
        return self._rounding[q]

    def bound(self, choice: _Scales) -> float:
        """The bound of `QuantisationError`.

        An error e per tick in a value that decays by k makes at most e (1 + k + k^2 + ...). In
        each tick the current errs by its weights' rounding, by the truncation of its decay, and
        by the decay's own error times the largest current; the membrane by what the current
        does, by its shift and truncation, and by its decay's error times the largest membrane.
        """
        own, unit = self.population, 1 / choice.scale
        alpha, beta = self.alpha / DECAY_ONE, self.beta / DECAY_ONE
        current = self.rounding(choice.q)[0] + abs(beta - own.current_decay) * self.current_reach
        current += _truncation(self.beta) * unit / 2**choice.i_shift
        step = current * _sum_of_powers(beta, self.ticks) + (unit if choice.i_shift else 0.0)
        step += _truncation(self.alpha) * unit + (0.5 * unit if self.drives.any() else 0.0)
        step += abs(alpha - own.membrane_decay) * (self.reach + self.reset_reach)
        if own.reset is FloatReset.LATE:
            step += 0.5 * unit + _truncation(self.alpha) * unit
        if own.reset is FloatReset.SUBTRACT:
            theta = threshold_word(choice.scale, own.inclusive)
            step += abs(theta * unit - 1)
        return float(step * _sum_of_powers(alpha, self.ticks))

    def result(self, bound: float, choice: _Scales) -> QuantisedPopulation:
        own, scale = self.population, choice.scale
        late = own.reset is FloatReset.LATE
        theta = threshold_word(scale, own.inclusive)
        parameters = ParameterSet(
            alpha_n=self.alpha,
            beta_n=self.beta,
            gamma=self.alpha if late else 0,
            rho=round(scale) if late else 0,
            theta=theta,
            box=0,
            q_inc=0,  # nothing learns: traces would only count as saturated
            pq_on=0,
            w_exp=choice.w_exp,
            i_shift=choice.i_shift,
            reset_mode=_RESET_MODES[own.reset],
        )
        _, most, rms = self.rounding(choice.q)
        drives = np.rint(self.drives * scale).astype(np.int64)
        _require_drives(own.name, drives, self.state_max)
        biases = np.rint(self.biases * choice.q).astype(np.int64)
        error = QuantisationError(
            membrane_decay=self.alpha / DECAY_ONE - own.membrane_decay,
            current_decay=self.beta / DECAY_ONE - own.current_decay,
            threshold=theta / scale - 1,
            weight_max=most,
            weight_rms=rms,
            weight_max_lsb=most * choice.q,
            weight_rms_lsb=rms * choice.q,
            bound=bound,
            ticks=self.ticks,
            reach=self.reach,
            room=self.state_max / scale,
        )
        return QuantisedPopulation(
            parameters,
            tuple(np.rint(array * choice.q).astype(np.int64) for array in self.weights),
            tuple(biases.tolist()) if biases.any() else (),
            tuple(drives.tolist()) if drives.any() else (),
            scale,
            choice.q,
            self.weight_bits,
            self.state_bits,
            error,
        )


def _require_drives(name: str, drives: NDArray[np.int64], limit: int) -> None:
    worst = int(np.abs(drives).max(initial=0))
    require(worst <= limit, f"drives of {name!r}", f"at most {limit}", worst)


def _sum_of_powers(decay: float, ticks: int) -> float:
    """1 + decay + decay^2 + ..., over `ticks` terms."""
    return float(ticks if decay >= 1 else (1 - decay**ticks) / (1 - decay))


def _truncation(word: int) -> float:
    """The most that truncating a decayed value takes, in its units: none if nothing is cut."""
    return 0.0 if word in (0, DECAY_ONE) else 1.0


def _common_unit(values: Floats) -> float:
    """A factor that makes all values whole numbers; 0 if none is found."""
    some = np.abs(values[values != 0])
    smallest = float(some.min())
    for part in range(1, 17):
        multiples = some * (part / smallest)
        if np.abs(multiples - np.rint(multiples)).max() < 1e-9 * multiples.max():
            return part / smallest
    return 0.0
