"""Weights and counters of a watched chip, as they were last read."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np

from axonloop.host.training import Trainer
from axonloop.models.arrays import Int32Array
from axonloop.models.protocol import Counter, chip_counters

PERIOD = 1.0
"""Least seconds between two readings."""
SHARE = 20
"""Reading takes at most one part of so many of the loop's time."""


class StateReadings:
    """Reads `weights` and `counters`, by their names, or takes them from snapshots.

    `at` says which samples were done then; it is "" and there are no weights before the first.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer, self._due = trainer, perf_counter()
        self.weights: Int32Array | None = None
        self.at = ""
        self._counters: dict[str, int] = {}

    @property
    def counters(self) -> Mapping[str, int]:
        """The chip's counters; over a link, those of its line as they are now, too."""
        line = self._trainer.device.telemetry.line_counters()
        return self._counters | {f"line: {name.replace('_', ' ')}": n for name, n in line.items()}

    def read(self) -> None:
        """Read them, if that is due."""
        began = perf_counter()
        if began >= self._due:
            device = self._trainer.device
            self._note(device.read_weights(), device.counters())
            now = perf_counter()
            self._due = now + max(PERIOD, SHARE * (now - began))

    def take(self, snapshot: Mapping[str, Any]) -> None:
        """Take them from a snapshot that was made for something else."""
        counted = self._trainer.device.telemetry.counted
        self._note(snapshot["weights"], chip_counters(np.asarray(snapshot["counters"]), counted))

    def _note(self, weights: Int32Array, counters: Mapping[Counter, int]) -> None:
        position = self._trainer.position
        self.weights = weights
        self._counters = {counter.name.lower(): n for counter, n in counters.items()}
        self.at = f"behind {position.sample} samples of epoch {position.epoch + 1}"
