"""Spikes at wanted times as an objective (Neftci 2018, equations 5 and 6; van Rossum 2001).

The host filters the difference between output and wanted spikes; the square of what comes out is
van Rossum's distance:

    fast' = decay(fast, rise) + (S - wanted)        slow' = decay(slow, fall) + fast'
    distance = sum over ticks and neurons of slow^2
    E = sign(slow) where |slow| >= C peak           an error event; peak: slow's largest of a spike
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.host.network import Program
from axonloop.host.processing.error_encoders import Integers, ThresholdEncoder
from axonloop.host.processing.objective import SILENCE, Events, Flags, Objective
from axonloop.models.checks import require
from axonloop.models.config import DECAY_ONE

ONE = 1 << 12
"""A spike in steps of the filters."""


class VanRossum:
    """The filtered difference `slow` of each neuron, in steps of 1/ONE: int64 of any one shape."""

    def __init__(self, shape: tuple[int, ...], rise: int, fall: int) -> None:
        self._rise, self._fall = rise, fall
        self.fast = self.slow = np.zeros(shape, dtype=np.int64)

    def step(self, difference: NDArray[np.int64]) -> Integers:
        """Take S - wanted of a tick."""
        self.fast = _decay(self.fast, self._rise) + ONE * difference
        self.slow = _decay(self.slow, self._fall) + self.fast
        return self.slow

    @classmethod
    def peak(cls, rise: int, fall: int) -> int:
        """The largest `slow` that a single spike makes."""
        one = cls((), rise, fall)
        return max(int(one.step(np.array(int(tick == 0)))) for tick in range(1000))


def _decay(values: Integers, kept: int) -> Integers:
    decayed: Integers = np.sign(values) * (np.abs(values) * kept // DECAY_ONE)
    return decayed


class SpikeTimesObjective(Objective):
    """Error events where a population's spikes differ from wanted ones, in every copy.

    A target is the wanted spikes, bool `(ticks, neurons)`. `rise` and `fall` are decays in 1/4096;
    `thresholds` C, one for each copy, in shares of a spike's peak. `distance` and `updates`, one
    for each copy, are of the sample so far: van Rossum's distance, and ticks with an event.
    """

    def __init__(
        self, program: Program, name: str, rise: int, fall: int, thresholds: Sequence[float]
    ) -> None:
        self._neurons, self._size = program.neurons[name], program.config.neurons
        self._rise, self._fall, copies = rise, fall, len(thresholds)
        peak = VanRossum.peak(rise, fall)
        steps = [max(1, round(share * peak)) for share in thresholds]
        ones: ArrayLike = [1] * copies
        self._encoder = ThresholdEncoder(len(self._neurons), steps, ones)
        self.begin([np.zeros((0, len(self._neurons)), dtype=bool)] * copies)

    def begin(self, targets: Sequence[Any]) -> None:
        """Start a sample: the wanted spikes of every copy."""
        self._wanted = np.stack(list(targets), axis=1).astype(np.int64)
        copies = self._wanted.shape[1]
        self._filters = VanRossum((copies, len(self._neurons)), self._rise, self._fall)
        self._tick = 0
        self.distance, self.updates = np.zeros(copies), np.zeros(copies, dtype=np.int64)

    def step(self, spikes: Flags, late: bool = False) -> Events:
        """Take the spikes of a tick, `(copies, neurons of the chip)`; the events they make."""
        require(self._tick < len(self._wanted), "ticks", f"at most {len(self._wanted)}", "more")
        slow = self._filters.step(spikes[:, self._neurons] - self._wanted[self._tick])
        self._tick += 1
        self.distance += np.square(slow / ONE).sum(1)
        errors = self._encoder.encode(slow)
        self.updates += errors.any(1)
        if not errors.any():
            return SILENCE
        sent = np.zeros((len(errors), self._size), dtype=np.int32)
        sent[:, self._neurons] = errors
        return Events(sent)

    def score(self, raster: Flags, targets: Sequence[Any]) -> NDArray[np.float64]:
        """Van Rossum's distance of a sample, `(1, copies)`; 0 is without a fault."""
        self.begin(targets)
        for spikes in raster:
            self.step(spikes)
        return self.distance[None]
