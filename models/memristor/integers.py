"""A memristor as the integers of a learning engine: headroom to pulses, pulses to conductance.

A weight W of b bits stands for the conductance g = W + Wmax in 0 .. 2 Wmax, the whole range of the
device. With the *headroom* h, 2 Wmax - g for a rise and g for a fall, a wanted change x takes

    n = (|x| R[h'] + (k mod 2^s)) >> s        h' = h >> (b - 8), at most 255; n at most 255

parts of a pulse, which change g by

    dg = (h K[n] + (k' mod 2^12)) >> 12       K[n] = 2^12 (1 - exp(-a n / F)), F parts of a pulse

with k and k' whole random numbers. K is below 2^12, so a weight never leaves its range. R is what
the rule makes of a weight: here that of the compensation, of one gain, of soft bounds, or a power.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.models.checks import require, require_range
from axonloop.models.memristor.branch import Exponential
from axonloop.models.memristor.memristor import Memristor

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WORDS, WORD_BITS = 256, 16
"""Words of a table, and the bits of a word of R."""
STEP_BITS = 12
"""Bits of a word of K."""


@dataclass(frozen=True)
class Headroom:
    """A table R by headroom h', int `(256,)` of 16 bits, and its right shift s.

    ValueError for a table of another size or with words out of range.
    """

    words: Ints
    shift: int

    def __post_init__(self) -> None:
        words = np.asarray(self.words)
        require(words.shape == (WORDS,), "headroom table", f"of {WORDS} words", words.shape)
        most = (1 << WORD_BITS) - 1
        good = bool((words >= 0).all() and (words <= most).all())
        require(good, "headroom table", f"in 0..{most}", (int(words.min()), int(words.max())))
        require_range("shift of a headroom table", self.shift, 0, WORD_BITS)

    @classmethod
    def of(cls, values: ArrayLike) -> Headroom:
        """The table of real values >= 0, with the largest shift that their largest allows.

        ValueError for values that are negative, not finite, or too large for a word.
        """
        given = np.asarray(values, np.float64)
        finite = bool(np.isfinite(given).all()) and given.size > 0
        require(finite and bool((given >= 0).all()), "headroom table", "finite, 0 or more", values)
        most = float(given.max())
        shift = WORD_BITS
        while shift > 0 and most * (1 << shift) > (1 << WORD_BITS) - 1:
            shift -= 1
        return cls(np.rint(given * (1 << shift)).astype(np.int64), shift)

    def pulses(self, wanted: ArrayLike, headroom: ArrayLike, noise: ArrayLike) -> Ints:
        """Parts of a pulse n for changes |x|, h' and k, all whole numbers of one shape."""
        x, h, k = (np.asarray(values, np.int64) for values in (wanted, headroom, noise))
        found: Ints = (np.abs(x) * self.words[h] + (k & ((1 << self.shift) - 1))) >> self.shift
        return np.minimum(found, WORDS - 1)


@dataclass(frozen=True)
class DeviceTables:
    """The four tables of a memristor for weights of `weight_bits`, `parts` F of a pulse.

    `rise` and `fall` are R, `rise_steps` and `fall_steps` K, int `(256,)` of 12 bits. ValueError
    for words out of range or steps that fall.
    """

    rise: Headroom
    fall: Headroom
    rise_steps: Ints
    fall_steps: Ints
    weight_bits: int
    parts: int

    def __post_init__(self) -> None:
        for name in ("rise_steps", "fall_steps"):
            steps = np.asarray(getattr(self, name))
            require(steps.shape == (WORDS,), name, f"of {WORDS} words", steps.shape)
            most = (1 << STEP_BITS) - 1
            good = bool((steps >= 0).all() and (steps <= most).all())
            require(good, name, f"in 0..{most}", (int(steps.min()), int(steps.max())))
            require(bool((np.diff(steps) >= 0).all()), name, "rising with the pulses", "falling")

    @property
    def limit(self) -> int:
        """Wmax."""
        return (1 << (self.weight_bits - 1)) - 1

    def pulses(self, weights: ArrayLike, wanted: ArrayLike, noise: ArrayLike) -> Ints:
        """Parts of a pulse n for wanted changes x of weights, whole numbers of one shape."""
        x = np.asarray(wanted, np.int64)
        index = self.headroom(weights, x > 0) >> (self.weight_bits - 8)
        rise, fall = (table.pulses(x, index, noise) for table in (self.rise, self.fall))
        return np.where(x > 0, rise, fall)

    def stepped(
        self, weights: ArrayLike, pulses: ArrayLike, up: ArrayLike, noise: ArrayLike
    ) -> Ints:
        """The weights after n parts of a pulse, `up` or not, with random numbers k'."""
        at, n = np.asarray(weights, np.int64), np.asarray(pulses, np.int64)
        rises = np.asarray(up, np.bool_)
        share = np.where(rises, self.rise_steps[n], self.fall_steps[n])
        low = np.asarray(noise, np.int64) & ((1 << STEP_BITS) - 1)
        change = (self.headroom(at, rises) * share + low) >> STEP_BITS
        return np.where(rises, at + change, at - change)

    def headroom(self, weights: ArrayLike, up: ArrayLike) -> Ints:
        """h: how far weights can go, of 0 .. 2 Wmax."""
        at = np.asarray(weights, np.int64)
        return np.where(np.asarray(up, np.bool_), self.limit - at, self.limit + at)


def device_tables(
    kind: Memristor, weight_bits: int = 8, parts: int = 64, rule: str = "compensation"
) -> DeviceTables:
    """The tables of a memristor with exponential branches.

    `rule` is what R does: "compensation", so that the mean change is the wanted one; "gain", the
    compensation of the middle of the range for all weights; "same", the same pulses up and down,
    as many as suit the mean of both polarities there. Raises ValueError for other branches, other
    rules, and where no table of `parts` fits its words.
    """
    require_range("weight bits", weight_bits, 8, 16)
    require_range("parts of a pulse", parts, 1, 1024)
    rules = ("compensation", "gain", "same")
    require(rule in rules, "rule", f"one of {', '.join(rules)}", rule)
    up, down = kind.exponential
    limit = (1 << (weight_bits - 1)) - 1
    middle = float(np.mean([_pulses(each, parts, limit) for each in (up, down)]))
    tables: list[Headroom] = []
    for each in (up, down):
        if rule == "compensation":
            tables.append(compensation(each, weight_bits, parts))
        else:
            value = middle if rule == "same" else _pulses(each, parts, limit)
            tables.append(Headroom.of(np.full(WORDS, value)))
    steps = response(up, parts), response(down, parts)
    rise, fall = tables
    return DeviceTables(rise, fall, *steps, weight_bits, parts)


def _pulses(branch: Exponential, parts: int, headroom: float) -> float:
    """Parts of a pulse for a change of 1 at a headroom, both in weight steps."""
    return parts / (branch.rate * headroom)


def response(branch: Exponential, parts: int) -> Ints:
    """K: the share of the headroom that n parts of a pulse take, in 2^-12."""
    share = -np.expm1(-branch.rate * np.arange(WORDS) / parts)
    words: Ints = np.rint(share * (1 << STEP_BITS)).astype(np.int64)
    return np.minimum(words, (1 << STEP_BITS) - 1)


def compensation(branch: Exponential, weight_bits: int, parts: int) -> Headroom:
    """R of equations 16 and 17: F / (a h); 0 where there is no headroom."""
    headroom = centres(weight_bits)
    values: Floats = np.zeros(WORDS)
    values[headroom > 0] = parts / (branch.rate * headroom[headroom > 0])
    return Headroom.of(values)


def soft_bounds(weight_bits: int, power: float = 1.0) -> Headroom:
    """R of rules that slow down before a bound: (h / 2 Wmax)^power. 1: soft bounds, 0: hard."""
    good = 0 <= power <= 8
    require(good, "power of a soft bound", "in 0..8", power)
    most = 2 * ((1 << (weight_bits - 1)) - 1)
    return Headroom.of(np.minimum(centres(weight_bits) / most, 1) ** power)


def centres(weight_bits: int) -> Floats:
    """The mean headroom h of each index h', in weight steps: `(256,)`."""
    several = 1 << (weight_bits - 8)
    found: Floats = np.arange(WORDS, dtype=np.float64) * several + (several - 1) / 2
    return found
