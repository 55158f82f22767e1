"""Error neurons as an objective: event-driven random backpropagation (Neftci et al. 2017).

The host holds two error neurons per output, one of each sign:

    e_c' = e_c + S_c - rate of the label      an error spike of sign e where |e| >= threshold,
                                              which is taken off
    E_c  = error spike of output c            to output neurons
    E_i  = sum over c of G_ic E_c             to hidden neurons: G is random and fixed
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.network import Program
from axonloop.host.processing.error_encoders import Integers, whole_steps
from axonloop.host.processing.objective import SILENCE, Events, Flags, Objective

ONE = 1 << 12
"""A spike in steps of the error neurons."""


@dataclass(frozen=True)
class Teaching:
    """The constants of the error neurons.

    `rate`: wanted spikes per tick of the label's output; `threshold` of error neurons in spikes;
    `top`: largest magnitude of the feedback.
    """

    rate: float = 0.5
    threshold: float = 1.0
    top: int = 1


class ErrorNeurons:
    """Two per output, one of each sign: `levels` are their states, int64 `(copies, classes)`."""

    def __init__(self, copies: int, classes: int, teaching: Teaching) -> None:
        self._rate = round(teaching.rate * ONE)
        self._threshold = max(1, round(teaching.threshold * ONE))
        self._classes = classes
        self.begin(np.zeros(copies, dtype=np.int64))

    def begin(self, labels: NDArray[np.int64]) -> None:
        """Start a sample in every copy, with labels `(copies,)`."""
        self._wanted = self._rate * (labels[:, None] == np.arange(self._classes))
        self.levels = np.zeros(self._wanted.shape, dtype=np.int64)

    def step(self, spikes: Flags) -> NDArray[np.int64]:
        """Take the outputs' spikes `(copies, classes)`; the error spikes: -1, 0 or 1."""
        self.levels += ONE * spikes - self._wanted
        events = whole_steps(self.levels, self._threshold, 1)
        self.levels -= events * self._threshold
        return events


class ErrorNeuronsObjective(Objective):
    """Error neurons for the population `outputs`, whose spikes reach `hidden` by random feedback.

    Targets are classes. `feedback`: int `(copies, classes, neurons of all hidden populations)`.
    Errors start after `burn_in` ticks.
    """

    def __init__(
        self,
        program: Program,
        hidden: Sequence[str],
        outputs: str,
        feedback: Integers,
        teaching: Teaching,
        burn_in: int,
    ) -> None:
        self._hidden = np.concatenate([program.neurons[name] for name in hidden])
        self._outputs = program.neurons[outputs]
        self._size, self._feedback, self.quiet = program.config.neurons, feedback, burn_in
        copies, classes = feedback.shape[:2]
        self._neurons = ErrorNeurons(copies, classes, teaching)
        self._tick = 0

    def begin(self, targets: Sequence[Any]) -> None:
        """Start a sample: the class of every copy's."""
        self._neurons.begin(np.array(targets, dtype=np.int64))
        self._tick = 0

    def step(self, spikes: Flags, late: bool = False) -> Events:
        """Take the spikes of a tick, `(copies, neurons of the chip)`; the events they make."""
        self._tick += 1
        if self._tick <= self.quiet:
            return SILENCE
        events = self._neurons.step(spikes[:, self._outputs])
        if not events.any():
            return SILENCE
        errors = np.zeros((len(spikes), self._size), dtype=np.int32)
        errors[:, self._outputs] = events
        errors[:, self._hidden] = (events[:, None] @ self._feedback)[:, 0]
        return Events(errors)

    def score(self, raster: Flags, targets: Sequence[Any]) -> NDArray[np.float64]:
        """1 where the target's output spikes most after the burn-in, else 0: `(1, copies)`."""
        votes = raster[self.quiet :, :, self._outputs].sum(0)
        right: NDArray[np.float64] = (votes.argmax(1) == np.array(targets)).astype(np.float64)
        return right[None]
