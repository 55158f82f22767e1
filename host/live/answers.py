"""Which samples are seen, and how they are answered while they are learned."""

from __future__ import annotations

from collections import deque

import numpy as np

from axonloop.host.live.running_sample import RunningSample
from axonloop.host.processing import ACCURACY
from axonloop.host.training import Trainer

LAST = 50
"""Training samples whose scores are averaged."""


class Answers:
    """Judges the samples that are seen, as the run judges those of its validation part.

    `scores` are means over the last of them, each beside the epochs that were done, as a fraction.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._epoch, self._order = -1, np.zeros(0, np.int64)
        self._last: deque[float] = deque(maxlen=LAST)
        self.scores: list[tuple[float, float]] = []

    def told(self, running: RunningSample) -> str:
        """Which training sample it is, its class, and, once it is whole, the answer."""
        epoch, sample = running.key
        told = f"Sample {sample + 1} of epoch {epoch + 1}"
        target = self._trainer.tasks[0].train.target(self._place(epoch, sample))
        of_classes = self._trainer.layers.measure == ACCURACY
        if of_classes:
            told += f", class {target}"
        if not running.whole:
            return told
        raster, layers = running.raster, self._trainer.layers
        score = float(layers.score(raster, [target])[-1, 0])
        self._last.append(score)
        done = epoch + (sample + 1) / len(self._trainer.train)
        self.scores.append((done, float(np.mean(self._last))))
        if of_classes:
            return f"{told}, read as {int(layers.votes(raster)[-1].argmax())}"
        return f"{told}, mean squared error {score:.3g}"

    def _place(self, epoch: int, sample: int) -> int:
        """The place of a sample in the training part."""
        if epoch != self._epoch:
            seed = self._trainer.seeds[0]
            self._epoch, self._order = epoch, self._trainer.tasks[0].places(seed, epoch)
        return int(self._order[sample])
