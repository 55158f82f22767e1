"""Gradients into error events: the fewer events, the less the chip has to learn.

An encoder serves one chip or many copies of it in step. It takes the gradients of a tick as whole
numbers, int64 `(copies, neurons)`, and returns whole error values in +-limit, 0 where nothing is
sent. State is whole numbers too, so that a run resumed from `state` goes on with the same bits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.models.arrays import ranged
from axonloop.models.checks import require, require_range

Integers = NDArray[np.int64]

RATE_ONE = 1 << 20
"""Unit of event rates inside the controller."""
LEVEL_SHIFT = 8
"""Bits behind the point of a controlled threshold."""


class ErrorCode(StrEnum):
    """Names of the encoders."""

    DENSE = "dense"
    THRESHOLD = "threshold"
    SIGMA_DELTA = "sigma-delta"
    SAMPLE = "sample"


def rounded_steps(gradient: Integers, threshold: int | Integers, limit: int | Integers) -> Integers:
    """The nearest number of thresholds, ties away from 0, in +-limit; broadcasts."""
    steps = (2 * np.abs(gradient) + threshold) // (2 * threshold)
    errors: Integers = np.sign(gradient) * np.minimum(steps, limit)
    return errors


def whole_steps(gradient: Integers, threshold: int | Integers, limit: int | Integers) -> Integers:
    """The whole thresholds in a gradient, toward 0, in +-limit; broadcasts."""
    errors: Integers = np.sign(gradient) * np.minimum(np.abs(gradient) // threshold, limit)
    return errors


class ErrorEncoder(ABC):
    """Encodes with steps of a threshold, a whole number of 1 or more, into values in +-limit.

    Thresholds and limits are one number for a lone chip, or a number for each copy.
    """

    def __init__(self, neurons: int, threshold: ArrayLike, limit: ArrayLike) -> None:
        self.threshold = _column("threshold", threshold, 1, 2**40)
        self.limit = _column("limit of error events", limit, 1, 127)
        self.neurons, self.copies = neurons, len(self.threshold)
        require(len(self.limit) == self.copies, "limits", f"{self.copies} numbers", len(self.limit))
        self._shape = (self.copies, neurons)

    def encode(self, gradient: Integers) -> Integers:
        """The error values of this tick, int64 `(copies, neurons)`."""
        if gradient.shape != self._shape:
            require(False, "gradient", f"of shape {self._shape}", gradient.shape)
        return self._encode(gradient)

    @abstractmethod
    def _encode(self, gradient: Integers) -> Integers: ...

    def state(self) -> dict[str, Any]:
        """The state that `restore` takes: arrays of whole numbers."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        del state


def _column(thing: str, values: ArrayLike, low: int, high: int) -> Integers:
    """One whole number for each copy, `(copies, 1)`."""
    numbers = np.atleast_1d(values).ravel().tolist()
    for number in numbers:
        require_range(thing, number, low, high)
    return np.array(numbers, dtype=np.int64)[:, None]


class DenseEncoder(ErrorEncoder):
    """Rounds the gradient to the nearest step, ties away from 0: there is no threshold."""

    def _encode(self, gradient: Integers) -> Integers:
        return rounded_steps(gradient, self.threshold, self.limit)


class ThresholdEncoder(ErrorEncoder):
    """E = sign(d) floor(|d| / threshold), as Payvand et al. (2020): small gradients are silent."""

    def _encode(self, gradient: Integers) -> Integers:
        return whole_steps(gradient, self.threshold, self.limit)


class SigmaDeltaEncoder(ErrorEncoder):
    """Keeps per neuron the error that was not sent, and sends it once it reaches the threshold.

    With gradients of at most one threshold, the sum sent never differs from the sum of gradients
    by a whole threshold. With a limit of 1 the events are ternary.
    """

    def __init__(self, neurons: int, threshold: ArrayLike, limit: ArrayLike | None = None) -> None:
        ones = np.ones_like(np.atleast_1d(threshold), dtype=np.int64)
        super().__init__(neurons, threshold, ones if limit is None else limit)
        self.residue = np.zeros(self._shape, dtype=np.int64)

    def _encode(self, gradient: Integers) -> Integers:
        self.residue += gradient
        errors = whole_steps(self.residue, self.threshold, self.limit)
        self.residue -= errors * self.threshold
        return errors

    def state(self) -> dict[str, Any]:
        """The residue of every neuron."""
        return {"residue": self.residue.copy()}

    def restore(self, state: dict[str, Any]) -> None:
        """Put the residues back."""
        residue = np.array(state["residue"], dtype=np.int64)
        require(residue.shape == self._shape, "residue", f"of shape {self._shape}", residue.shape)
        self.residue = residue


class SampleEncoder(SigmaDeltaEncoder):
    """Sums the errors of a sample's `ticks` and sends them behind its last one.

    A neuron whose sum has reached a threshold sends the number of thresholds that is nearest to
    it, ties away from 0. What was not sent waits for the next sample.
    """

    def __init__(self, neurons: int, threshold: ArrayLike, limit: ArrayLike, ticks: int) -> None:
        super().__init__(neurons, threshold, limit)
        require_range("ticks with errors", ticks, 1, 2**31)
        self.ticks, self._tick = ticks, 0

    def _encode(self, gradient: Integers) -> Integers:
        self.residue += gradient
        self._tick = (self._tick + 1) % self.ticks
        if self._tick != 0:
            return np.zeros(self._shape, dtype=np.int64)
        errors = rounded_steps(self.residue, self.threshold, self.limit)
        errors[np.abs(self.residue) < self.threshold] = 0
        self.residue -= errors * self.threshold
        return errors

    def state(self) -> dict[str, Any]:
        """What every neuron owes, and the ticks of the sample that are done."""
        return super().state() | {"tick": self._tick}

    def restore(self, state: dict[str, Any]) -> None:
        """Put both back."""
        super().restore(state)
        self._tick = int(state["tick"])


class Controller(ErrorEncoder):
    """Moves another encoder's threshold until a share `rate` of all neurons err per tick.

    After each tick the threshold of a copy changes by the factor 1 + (measured - wanted) /
    2^slowness, in whole numbers. Thresholds stay in 1..2^40. Copies may have rates of their own.
    """

    def __init__(self, encoder: ErrorEncoder, rate: ArrayLike, slowness: int = 4) -> None:
        super().__init__(encoder.neurons, encoder.threshold.ravel(), encoder.limit.ravel())
        rates = np.broadcast_to(np.asarray(rate, dtype=np.float64), (self.copies,))
        for each in rates.tolist():
            require(0 < each < 1, "rate of error events", "above 0 and below 1", each)
        require_range("slowness", slowness, 0, 16)
        self.encoder, self.slowness = encoder, slowness
        self._wanted = [max(1, round(each * RATE_ONE)) for each in rates.tolist()]
        self._levels = [threshold << LEVEL_SHIFT for threshold in self.threshold.ravel().tolist()]

    def _encode(self, gradient: Integers) -> Integers:
        errors = self.encoder.encode(gradient)
        for copy, events in enumerate(np.count_nonzero(errors, axis=1).tolist()):
            self._hear(copy, events)
        self._apply()
        return errors

    def _hear(self, copy: int, events: int) -> None:
        """Move the threshold of a copy after a tick with this many events."""
        level, measured = self._levels[copy], events * RATE_ONE // self.neurons
        change = level * (measured - self._wanted[copy]) // (RATE_ONE << self.slowness)
        self._levels[copy] = min(max(level + change, 1 << LEVEL_SHIFT), 2**48)

    def _apply(self) -> None:
        thresholds = [level >> LEVEL_SHIFT for level in self._levels]
        self.threshold = self.encoder.threshold = np.array(thresholds, dtype=np.int64)[:, None]

    def state(self) -> dict[str, Any]:
        """The thresholds, and the state of the encoder inside."""
        return self.encoder.state() | {"levels": np.array(self._levels, dtype=np.int64)}

    def restore(self, state: dict[str, Any]) -> None:
        """Put thresholds and encoder back."""
        levels = ranged("levels", state["levels"], 1 << LEVEL_SHIFT, 2**48)
        require(levels.shape == (self.copies,), "levels", f"{self.copies} numbers", levels.shape)
        self.encoder.restore(state)
        self._levels = levels.tolist()
        self._apply()


def error_encoder(
    code: str,
    neurons: int,
    threshold: ArrayLike,
    limit: ArrayLike,
    rate: ArrayLike | None = None,
) -> ErrorEncoder:
    """The encoder of ticks called `code`, under a controller if a `rate` is given."""
    kinds: dict[ErrorCode, type[ErrorEncoder]] = {
        ErrorCode.DENSE: DenseEncoder,
        ErrorCode.THRESHOLD: ThresholdEncoder,
        ErrorCode.SIGMA_DELTA: SigmaDeltaEncoder,
    }
    require(code in [*kinds], "errors", f"one of {', '.join(kinds)}", code)
    encoder = kinds[ErrorCode(code)](neurons, threshold, limit)
    return encoder if rate is None else Controller(encoder, rate)
