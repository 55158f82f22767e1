"""Decays and thresholds as the chip's words, and what its arithmetic makes of a decay."""

from __future__ import annotations

import math

from axonloop.models.checks import require
from axonloop.models.config import DECAY_ONE


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


def decay_sum(decay: float, ticks: int) -> float:
    """1 + decay + decay^2 + ..., over `ticks` terms."""
    return float(ticks if decay >= 1 else (1 - decay**ticks) / (1 - decay))


def truncation_of(word: int) -> float:
    """The most that truncating a decayed value takes, in its units: none if nothing is cut."""
    return 0.0 if word in (0, DECAY_ONE) else 1.0
