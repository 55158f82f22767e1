"""A processing node: spikes of its neurons in, error values out, one tick per call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.models.arrays import ranged
from axonloop.models.checks import require
from axonloop.models.golden.arithmetic import Int64Array, decay, saturate, wrap
from axonloop.models.golden.processing.constants import LARGEST_LEVEL, NodeConstants, NodeLoss
from axonloop.models.golden.processing.encoding import NodeEncoder
from axonloop.models.golden.processing.losses import (
    cross_entropy_gradient,
    mse_gradient,
    outputs,
)

OLDEST = (1 << 16) - 1


class ProcessingNode:
    """Section 13 of the contract.

    `level` Y, `votes` V: int64 `(classes,)`; `age`: ticks of the sample; `encoder` has the rest of
    what a node keeps. `events` and `clipped` count error events, and words that were clipped.
    `gradient` g is that of the last tick behind a burn-in, int64 `(classes,)`.
    """

    def __init__(self, constants: NodeConstants) -> None:
        self.constants, self.encoder = constants, NodeEncoder(constants)
        self._leak: Int64Array = np.array(constants.leak, dtype=np.int64)
        self._columns = np.ascontiguousarray(constants.columns.T)
        self._rows = constants.rows
        self.events = self.clipped = 0
        self.gradient: Int64Array = np.zeros(constants.classes, dtype=np.int64)
        none = 0 if constants.loss == NodeLoss.CROSS_ENTROPY else [0] * constants.classes
        self.begin(none)

    def begin(self, target: ArrayLike) -> None:
        """Start a sample.

        `target`: its class; or numbers in 2^-12, int `(classes,)`, or `(ticks, classes)` of each
        tick. Raises ValueError for any other.
        """
        classes = self.constants.classes
        if self.constants.loss == NodeLoss.CROSS_ENTROPY:
            found = ranged("target", target, 0, classes - 1)
            require(found.ndim == 0, "target", "a class", target)
        else:
            found = ranged("target", target, -LARGEST_LEVEL, LARGEST_LEVEL)
            good = found.ndim in (1, 2) and found.shape[-1] == classes
            require(good, "target", f"{classes} numbers, or as many for each tick", found.shape)
        self._target = found
        self.level: Int64Array = np.zeros(classes, dtype=np.int64)
        self.votes: Int64Array = np.zeros(classes, dtype=np.int64)
        self.age = 0

    def listen(
        self, level: Int64Array, spikes: NDArray[np.bool_]
    ) -> tuple[Int64Array, Int64Array, int]:
        """Levels a tick later: they, the weights summed over spikes `(neurons,)`, the clipped."""
        heard = self._columns[spikes].sum(axis=0)
        level = decay(level, self._leak) + (heard << self.constants.rise)
        level, clipped = saturate(level, LARGEST_LEVEL)
        return level, heard, int(np.count_nonzero(clipped))

    def step(self, spikes: NDArray[np.bool_]) -> Int64Array:
        """Take the spikes of a tick, bool `(neurons,)`; the error values to send, so many."""
        self.level, heard, clipped = self.listen(self.level, spikes)
        self.clipped += clipped
        errors: Int64Array = np.zeros(len(spikes), dtype=np.int64)
        if self.age >= self.constants.burn_in:
            self.gradient = self._slope(heard)
            errors = self.encoder.encode(self.gradient @ self._rows)
            self.events += int(np.count_nonzero(errors))
            self.clipped += self.encoder.clipped
        self.age = min(self.age + 1, OLDEST)
        self.events, self.clipped = self.events % 2**32, self.clipped % 2**32
        return errors

    def _slope(self, heard: Int64Array) -> Int64Array:
        """The gradient of this tick, `(classes,)`; what the sample is answered by moves too."""
        constants = self.constants
        if constants.loss == NodeLoss.CROSS_ENTROPY:
            self.votes = wrap(self.votes + heard, 32)
            return cross_entropy_gradient(self.level, self._target, constants)
        output, large = outputs(self.level, constants)
        self.votes = wrap(self.votes + output, 32)
        target = self._target if self._target.ndim == 1 else self._target[self.age]
        gradient, clipped = mse_gradient(output, target, constants)
        self.clipped += large + clipped
        return gradient

    def state(self) -> dict[str, Any]:
        """All state, for `restore`: arrays and whole numbers by the contract's names."""
        return {
            "level": self.level.copy(),
            "votes": self.votes.copy(),
            "age": self.age,
            "residue": self.encoder.residue.copy(),
            "control": self.encoder.control,
            "events": self.events,
            "clipped": self.clipped,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned; the sample's target is the caller's to set again."""
        found = {name: np.array(state[name], dtype=np.int64) for name in self.state()}
        for name, own in self.state().items():
            shape = np.shape(own)
            require(found[name].shape == shape, name, f"of shape {shape}", found[name].shape)
        self.level, self.votes = found["level"], found["votes"]
        self.encoder.residue, self.encoder.control = found["residue"], int(found["control"])
        self.age, self.events = int(found["age"]), int(found["events"])
        self.clipped = int(found["clipped"])
