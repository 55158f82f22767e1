"""The error registers of a chip, mirrored on the host so that no sum leaves its range."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from axonloop.host.devices.validation import check_sums
from axonloop.models.arrays import Int32Array
from axonloop.models.config import Geometry


class ErrorSums:
    """Sums of the error events of one kind since the last learning step, by neuron.

    `values`: int64 `(neurons,)`, at first what the registers hold.
    """

    def __init__(self, geometry: Geometry, values: Int32Array) -> None:
        self._geometry = geometry
        self.values = values.astype(np.int64)
        # So few events cannot take a sum of 0 out of its range, whatever they are.
        self._harmless = (1 << (geometry.error_sum_bits - 1)) // geometry.error_max - 1
        self._room = 0 if self.values.any() else self._harmless

    def add(self, neurons: ArrayLike, values: ArrayLike) -> None:
        """Add checked events; ValueError, and none is added, if a sum would leave its range."""
        where, events = np.asarray(neurons, np.int64), np.asarray(values, np.int64)
        if events.size <= self._room:
            np.add.at(self.values, where, events)
            self._room -= events.size
            return
        after = self.values.copy()
        np.add.at(after, where, events)
        self.values, self._room = check_sums(self._geometry, after), 0

    def forget(self) -> None:
        """All registers are 0."""
        self.values[:] = 0
        self._room = self._harmless
