"""Pending spikes of a core: a bitmap of delay slots by axons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import CoreConfig
from axonloop.models.golden.arithmetic import Int64Array


class Scheduler:
    """`pending`: bool `(delay_slots, axons)`; slot t mod delay_slots holds the spikes of tick t."""

    def __init__(self, config: CoreConfig) -> None:
        geometry = config.geometry
        self.slots = geometry.delay_slots
        self.pending: NDArray[np.bool_] = np.zeros((self.slots, geometry.axons), dtype=bool)
        self.configure(config)

    def configure(self, config: CoreConfig) -> None:
        """Take over `always_on` of the rows."""
        self.always_on = np.array([row.always_on for row in config.rows])

    def deliver(self, ticks: Int64Array | int, axons: Int64Array) -> int:
        """Set the bits of `axons` for `ticks`; return how many spikes found theirs already set."""
        before = np.count_nonzero(self.pending)
        self.pending[ticks % self.slots, axons] = True
        return int(before + len(axons) - np.count_nonzero(self.pending))

    def arrive(self, tick: int) -> NDArray[np.bool_]:
        """The axons that spike in `tick`, bool `(axons,)`; their slot is then empty."""
        slot = self.pending[tick % self.slots]
        spikes: NDArray[np.bool_] = slot | self.always_on
        slot[:] = False
        return spikes

    def clear(self) -> None:
        """Forget all pending spikes."""
        self.pending[:] = False
