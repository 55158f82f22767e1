"""Learning without labels: the chip learns by its own factors, and no error events are sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from axonloop.host.processing.objective import (
    SILENCE,
    Events,
    Flags,
    Modulation,
    Objective,
)
from axonloop.models.checks import require, require_range


class LabelFree(Objective):
    """The chip learns in the first `learning` ticks of every sample, whatever the target.

    Raises ValueError for a negative `learning`.
    """

    def __init__(self, learning: int) -> None:
        require_range("ticks with learning", learning, 0, 1_000_000)
        self._learning = learning

    def begin(self, targets: Sequence[Any]) -> None:
        """Start a sample in every copy: targets are not looked at."""

    def step(self, spikes: Flags, late: bool = False) -> Events:
        """Take the spikes of a tick: no events."""
        return SILENCE

    def learns(self, tick: int) -> bool:
        """Is this tick one of the first `learning`?"""
        return tick < self._learning


class Modulated(Objective):
    """The target of a sample is the third factor M of all its ticks, a whole number.

    At 0 nothing is learned. Copies learn in step, so M is 0 in all of them or in none: else
    ValueError.
    """

    def __init__(self) -> None:
        self._factors: Modulation = np.zeros(0, dtype=np.int32)

    def begin(self, targets: Sequence[Any]) -> None:
        """Start a sample in every copy: M for each."""
        self._factors = np.array(targets, dtype=np.int32)
        alike = len(set((self._factors != 0).tolist())) == 1
        require(alike, "modulation", "0 in all copies or in none", list(targets))

    def step(self, spikes: Flags, late: bool = False) -> Events:
        """Take the spikes of a tick: no events."""
        return SILENCE

    def learns(self, tick: int) -> bool:
        """Is M other than 0?"""
        return bool(self._factors.any())

    def modulation(self, tick: int) -> Modulation | None:
        """M of each copy before the first tick; later it stays."""
        return self._factors if tick == 0 else None
