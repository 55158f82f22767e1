"""Gradients into error events: the fewer events, the less the chip has to learn.

An encoder takes the gradient of a tick as whole numbers, int64 `(neurons,)`, and returns whole
error values in +-limit, 0 where nothing is sent. State is whole numbers too, so that a run
resumed from `state` goes on with the same bits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    """Encodes with steps of `threshold`, a whole number of 1 or more, into values in +-limit."""

    def __init__(self, neurons: int, threshold: int, limit: int) -> None:
        require_range("threshold", threshold, 1, 2**40)
        require_range("limit of error events", limit, 1, 127)
        self.neurons, self.threshold, self.limit = neurons, threshold, limit
        self._shape = (neurons,)

    def encode(self, gradient: Integers) -> Integers:
        """The error values of this tick, int64 `(neurons,)`."""
        if gradient.shape != self._shape:
            require(False, "gradient", f"of shape {self._shape}", gradient.shape)
        return self._encode(gradient)

    @abstractmethod
    def _encode(self, gradient: Integers) -> Integers: ...

    def state(self) -> dict[str, Any]:
        """What `restore` needs: arrays and whole numbers."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        del state


class DenseEncoder(ErrorEncoder):
    """No threshold: the gradient is rounded to the nearest step, ties away from 0."""

    def _encode(self, gradient: Integers) -> Integers:
        return rounded_steps(gradient, self.threshold, self.limit)


class ThresholdEncoder(ErrorEncoder):
    """E = sign(d) floor(|d| / threshold), as Payvand et al. (2020): small gradients are silent."""

    def _encode(self, gradient: Integers) -> Integers:
        return whole_steps(gradient, self.threshold, self.limit)


class SigmaDeltaEncoder(ErrorEncoder):
    """What a neuron was not sent yet is kept, and sent once it reaches the threshold.

    With gradients of at most one threshold, the sum sent never differs from the sum of gradients
    by a whole threshold. With a limit of 1 the events are ternary.
    """

    def __init__(self, neurons: int, threshold: int, limit: int = 1) -> None:
        super().__init__(neurons, threshold, limit)
        self.residue = np.zeros(neurons, dtype=np.int64)

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
        shape = (self.neurons,)
        residue = np.array(state["residue"], dtype=np.int64)
        require(residue.shape == shape, "residue", f"of shape {shape}", residue.shape)
        self.residue = residue


class Controller(ErrorEncoder):
    """Moves another encoder's threshold until a share `rate` of all neurons err per tick.

    After each tick the threshold changes by the factor 1 + (measured - wanted) / 2^slowness, in
    whole numbers. The threshold stays in 1..2^40.
    """

    def __init__(self, encoder: ErrorEncoder, rate: float, slowness: int = 4) -> None:
        super().__init__(encoder.neurons, encoder.threshold, encoder.limit)
        require(0 < rate < 1, "rate of error events", "above 0 and below 1", rate)
        require_range("slowness", slowness, 0, 16)
        self.encoder, self.slowness = encoder, slowness
        self._wanted = max(1, round(rate * RATE_ONE))
        self._level = encoder.threshold << LEVEL_SHIFT

    def _encode(self, gradient: Integers) -> Integers:
        errors = self.encoder.encode(gradient)
        self.hear(int(np.count_nonzero(errors)))
        return errors

    def hear(self, events: int) -> None:
        """Move the threshold after a tick with this many events."""
        measured = events * RATE_ONE // self.neurons
        change = self._level * (measured - self._wanted) // (RATE_ONE << self.slowness)
        self._set_level(min(max(self._level + change, 1 << LEVEL_SHIFT), 2**48))

    def _set_level(self, level: int) -> None:
        self._level = level
        self.threshold = self.encoder.threshold = level >> LEVEL_SHIFT

    def state(self) -> dict[str, Any]:
        """The threshold, and the state of the encoder inside."""
        return self.encoder.state() | {"level": self._level}

    def restore(self, state: dict[str, Any]) -> None:
        """Put threshold and encoder back."""
        self.encoder.restore(state)
        self._set_level(int(state["level"]))


def error_encoder(
    code: str, neurons: int, threshold: int, limit: int, rate: float | None = None
) -> ErrorEncoder:
    """The encoder called `code`, under a controller if a `rate` is given."""
    kinds = {
        ErrorCode.DENSE: DenseEncoder,
        ErrorCode.THRESHOLD: ThresholdEncoder,
        ErrorCode.SIGMA_DELTA: SigmaDeltaEncoder,
    }
    require(code in [*kinds], "errors", f"one of {', '.join(kinds)}", code)
    encoder = kinds[ErrorCode(code)](neurons, threshold, limit)
    return encoder if rate is None else Controller(encoder, rate)
