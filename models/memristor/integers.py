"""A memristor as the integer tables of a core: headroom to pulses, pulses to conductance.

A weight W of b bits stands for the conductance W + Wmax in 0 .. 2 Wmax, the whole range of the
device. With the *headroom* H, Wmax - W for a rise and Wmax + W for a fall, a gain R[H >> (b - 8)]
turns a wanted change into parts of a pulse, and a share K[n] says what n parts take of H:
docs/contract.md, section 5, learn. F parts of a pulse are K[n] = 2^12 (1 - exp(-a n / F)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.models.checks import require, require_range
from axonloop.models.config import (
    GAIN_MAX,
    MAX_ETA_SHIFT,
    ROUNDED_SHIFT_MAX,
    SHARE_MAX,
    TABLE_WORDS,
    MemristorTables,
)
from axonloop.models.memristor.branch import Even, Exponential
from axonloop.models.memristor.memristor import Memristor

Floats = NDArray[np.float64]
PARTS = 64
"""Parts of a pulse: the shortest pulse that a driver sends is one of them."""
WRITE_RULES = ("compensation", "gain", "same")
"""What becomes of a wanted change: pulses that make just that, at every weight; those that would
make it in the middle of the range, by polarity; as many up as down."""


@dataclass(frozen=True)
class Gain:
    """A gain by headroom: 256 words in 0..65535, in parts of 2^`shift`."""

    words: tuple[int, ...]
    shift: int

    @classmethod
    def of(cls, values: ArrayLike) -> Gain:
        """The gain of real values >= 0, `(256,)` or one for all, as fine as the largest allows.

        ValueError for values that are negative, not finite, or too large for a word.
        """
        given = np.broadcast_to(np.asarray(values, np.float64), (TABLE_WORDS,))
        good = bool(np.isfinite(given).all()) and bool((given >= 0).all())
        require(good, "gain", "finite, 0 or more", values)
        most = float(given.max())
        require(most <= GAIN_MAX, "gain", f"at most {GAIN_MAX}", most)
        shift = ROUNDED_SHIFT_MAX - MAX_ETA_SHIFT
        while most * (1 << shift) > GAIN_MAX:
            shift -= 1
        return cls(tuple(np.rint(given * (1 << shift)).astype(int).tolist()), shift)


ONE = Gain((1,) * TABLE_WORDS, 0)
"""The gain that leaves a term what it is without, bit for bit."""


def gain_tables(up: Gain, down: Gain) -> MemristorTables:
    """The tables of a core whose terms are weighted, but not pulsed."""
    return MemristorTables(up.words, down.words, up.shift, down.shift)


def memristor_tables(
    kind: Memristor, weight_bits: int = 8, parts: int = PARTS, rule: str = "compensation"
) -> MemristorTables:
    """The tables of a memristor with exponential branches, `parts` F of a pulse.

    `rule` is one of `WRITE_RULES`. Where both branches are even, as those of `ideal`, weights move
    as plain ones do: gains of 1 and no shares. Raises ValueError for other branches, other rules,
    and where no table of `parts` fits its words.
    """
    require_range("weight bits", weight_bits, 8, 16)
    require_range("parts of a pulse", parts, 1, 1024)
    require(rule in WRITE_RULES, "write rule", f"one of {', '.join(WRITE_RULES)}", rule)
    if is_even(kind):
        return gain_tables(ONE, ONE)
    branches = kind.exponential
    middle = [parts / (each.rate * ((1 << (weight_bits - 1)) - 1)) for each in branches]
    if rule == "compensation":
        up, down = (compensation(each, weight_bits, parts) for each in branches)
    elif rule == "gain":
        up, down = (Gain.of(value) for value in middle)
    else:
        up = down = Gain.of(np.mean(middle))
    shares = (share(each, parts) for each in branches)
    return MemristorTables(up.words, down.words, up.shift, down.shift, *shares)


def is_even(kind: Memristor) -> bool:
    """Say whether all pulses of a memristor make steps of the same size, up and down."""
    return isinstance(kind.up, Even) and isinstance(kind.down, Even)


def share(branch: Exponential, parts: int) -> tuple[int, ...]:
    """K: the share of the headroom that n parts of a pulse take, in parts of 2^12."""
    taken = -np.expm1(-branch.rate * np.arange(TABLE_WORDS) / parts)
    words = np.minimum(np.rint(taken * (SHARE_MAX + 1)), SHARE_MAX)
    return tuple(words.astype(int).tolist())


def compensation(branch: Exponential, weight_bits: int, parts: int = PARTS) -> Gain:
    """R of Fouda et al. 2019, equations 16 and 17: F / (a H); 0 where there is no headroom."""
    headroom = centres(weight_bits)
    values: Floats = np.zeros(TABLE_WORDS)
    values[headroom > 0] = parts / (branch.rate * headroom[headroom > 0])
    return Gain.of(values)


def soft_bounds(weight_bits: int, power: float = 1.0) -> Gain:
    """R of rules that slow down before a bound: (H / 2 Wmax)^power. 1: soft bounds, 0: hard."""
    good = 0 <= power <= 8
    require(good, "power of a soft bound", "in 0..8", power)
    most = 2 * ((1 << (weight_bits - 1)) - 1)
    return Gain.of(np.minimum(centres(weight_bits) / most, 1) ** power)


def soft_bound_gains(weight_bits: int, power: float = 1.0) -> MemristorTables:
    """Soft bounds up and down: W stops rising at Wmax and falling at -Wmax."""
    bound = soft_bounds(weight_bits, power)
    return gain_tables(bound, bound)


def power_gains(weight_bits: int, power: float) -> MemristorTables:
    """(Wmax - W)^power over its largest value, whether W rises or falls (Diehl & Cook 2015)."""
    return _of_weight(weight_bits, soft_bounds(weight_bits, power))


def sigmoid_gains(weight_bits: int, alpha: float, beta: float) -> MemristorTables:
    """sigma(alpha w + beta) of w = W / Wmax, whether W rises or falls (Neftci 2018, equation 7)."""
    most = (1 << (weight_bits - 1)) - 1
    above = (most - centres(weight_bits)) / most
    return _of_weight(weight_bits, Gain.of(1 / (1 + np.exp(-alpha * above - beta))))


def _of_weight(weight_bits: int, above: Gain) -> MemristorTables:
    """A gain that is a function of the weight, from its table by the headroom above it."""
    top = (2 * ((1 << (weight_bits - 1)) - 1)) >> (weight_bits - 8)
    below = tuple(above.words[max(0, top - index)] for index in range(TABLE_WORDS))
    return gain_tables(above, Gain(below, above.shift))


def centres(weight_bits: int) -> Floats:
    """The mean headroom of each index of a gain, in weight steps: `(256,)`."""
    several = 1 << (weight_bits - 8)
    found: Floats = np.arange(TABLE_WORDS, dtype=np.float64) * several + (several - 1) / 2
    return found
