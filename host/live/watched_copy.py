"""The lone chip of a run, watched: what crosses to and from it is shown to a `Watch`, too."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from axonloop.host.devices import Device
from axonloop.host.live.watch import Watch
from axonloop.host.processing import Events, Flags
from axonloop.host.training import SingleCopy
from axonloop.models.protocol import Region

POTENTIAL = (Region.MEMBRANE, Region.RESET)


class WatchedCopy(SingleCopy):
    """Does what `SingleCopy` does, bit for bit.

    While nobody looks, that is all. The state arrays of a tick are asked for behind it, in the
    order of the packets, so they are of that very tick however many are under way.
    """

    def __init__(self, device: Device, watch: Watch) -> None:
        super().__init__(device)
        self._watch = watch
        self._sent = self._taken = 0
        self._asked: deque[int] = deque()

    def send_tick(self, arriving: Flags, learn: bool = False) -> None:
        """Run a tick; where the potentials are wanted, ask for them behind it."""
        watch = self._watch
        if not watch.looked_at:
            super().send_tick(arriving, learn)
        else:
            watch.between_ticks()
            super().send_tick(arriving, learn)
            if watch.wants_potential:
                with watch.looking():
                    self.device.send_read(POTENTIAL)
                self._asked.append(self._sent)
        self._sent += 1

    def take_tick(self) -> Flags:
        """The spikes of the oldest tick that was sent, `(1, neurons)`."""
        watch = self._watch
        if watch.looked_at:
            watch.between_ticks()
        spikes = super().take_tick()
        number, potential = self._taken, None
        self._taken += 1
        if self._asked and self._asked[0] == number:
            self._asked.popleft()
            with watch.looking():
                membrane, reset = self.device.take_read()
            potential = (membrane - reset).astype(np.float32)
        if watch.looked_at:
            watch.note_tick(number, spikes, potential)
        return spikes

    def teach(self, events: Events) -> None:
        """Learn from the events of a tick, if there are any."""
        super().teach(events)
        if self._watch.looked_at:
            self._watch.note_events(events)

    def run(self, raster: Flags) -> Flags:
        """Run a sample without learning."""
        if not self._watch.looked_at:
            return super().run(raster)
        self._watch.between_ticks()
        spikes = super().run(raster)
        self._watch.note_scored(spikes)
        return spikes

    def snapshot(self) -> dict[str, Any]:
        """All state of the chip, of which the weights and counters are shown."""
        found = super().snapshot()
        self._watch.note_snapshot(found)
        return found
