"""The sample that the chip is shown, as it is gathered tick by tick."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from axonloop.host.live.glimpse import SampleGlimpse
from axonloop.host.processing import Events, Flags

Potential = NDArray[np.float32]
"""V - R of every neuron of the chip after a tick, `(neurons,)`."""


@dataclass
class RunningSample:
    """Gathers the ticks of sample `key`, from the first one that was looked at on.

    `key` are its epoch and its number in it; `ticks` how many it has.
    """

    key: tuple[int, int]
    ticks: int
    _rows: list[Flags] = field(default_factory=list)
    _numbers: list[int] = field(default_factory=list)
    _errors: list[NDArray[np.int32]] = field(default_factory=list)
    _potentials: dict[int, Potential] = field(default_factory=dict)

    @property
    def tick(self) -> int:
        """The tick that it stands at; -1 before the first."""
        return self._numbers[-1] if self._numbers else -1

    @property
    def ended(self) -> bool:
        """Was this its last tick?"""
        return self.tick == self.ticks - 1

    @property
    def whole(self) -> bool:
        """Was it looked at from its first tick to its last?"""
        return len(self._rows) == self.ticks

    @property
    def read(self) -> bool:
        """Are the potentials of all its ticks there?"""
        return len(self._potentials) == self.ticks

    @property
    def errors(self) -> int:
        """How many error events it has made."""
        return sum(map(len, self._errors))

    @property
    def raster(self) -> Flags:
        """Its spikes, bool `(ticks so far, 1, neurons)`."""
        return np.stack(self._rows)

    def add(self, tick: int, spikes: Flags, potential: Potential | None) -> None:
        """Take the spikes of a tick, `(1, neurons)`, and the potentials if they were read."""
        self._rows.append(spikes)
        self._numbers.append(tick)
        if potential is not None:
            self._potentials[tick] = potential

    def add_events(self, events: Events) -> None:
        """Take the error events that the last tick made; gated and ungated ones are added."""
        parts = [each[0] for each in (events.gated, events.ungated) if each is not None]
        if parts and self._rows:
            values = np.stack(parts).sum(axis=0, dtype=np.int32)
            (neurons,) = values.nonzero()
            ticks = np.full(len(neurons), self.tick)
            self._errors.append(np.column_stack([ticks, neurons, values[neurons]]).astype(np.int32))

    def glimpse(self, told: str, thresholds: NDArray[np.int32]) -> SampleGlimpse:
        """What there is to see of it now; `thresholds` of the chip's neurons, `(neurons,)`."""
        rows, (places, neurons) = self._numbers, self.raster[:, 0].nonzero()
        spikes = np.column_stack([np.array(rows, np.int64)[places], neurons]).astype(np.int32)
        errors = np.concatenate(self._errors or [np.zeros((0, 3), np.int32)])
        potential = None
        if self._potentials:
            potential = np.full((self.ticks, len(thresholds)), np.nan, np.float32)
            for tick, values in self._potentials.items():
                potential[tick] = values / thresholds
        return SampleGlimpse(told, self.tick, self.ticks, spikes, errors, potential)
