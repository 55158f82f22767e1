"""The training samples that were seen, and the error events that they made."""

from __future__ import annotations

from collections import deque

import numpy as np

from axonloop.host.live.running_sample import RunningSample
from axonloop.host.processing import ACCURACY
from axonloop.host.training import Trainer

LAST = 20
"""Samples whose error events are averaged."""


class SeenSamples:
    """Says which samples are seen. What a chip answers while it is taught is no measure of it.

    `errors` are the error events of a sample, means over the last ones that were seen whole, each
    beside the epochs that were done, as a fraction.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._epoch, self._order = -1, np.zeros(0, np.int64)
        self._last: deque[int] = deque(maxlen=LAST)
        self.errors: list[tuple[float, float]] = []

    def told(self, running: RunningSample) -> str:
        """Which training sample it is, and its class."""
        epoch, sample = running.key
        told = f"Sample {sample + 1} of epoch {epoch + 1}"
        if self._trainer.layers.measure == ACCURACY:
            place = self._place(epoch, sample)
            told += f", class {self._trainer.tasks[0].train.target(place)}"
        return told

    def add(self, running: RunningSample) -> None:
        """Take a sample that was seen whole."""
        epoch, sample = running.key
        self._last.append(running.errors)
        done = epoch + (sample + 1) / len(self._trainer.train)
        self.errors.append((done, float(np.mean(self._last))))

    def _place(self, epoch: int, sample: int) -> int:
        """The place of a sample in the training part."""
        if epoch != self._epoch:
            seed = self._trainer.seeds[0]
            self._epoch, self._order = epoch, self._trainer.tasks[0].places(seed, epoch)
        return int(self._order[sample])
