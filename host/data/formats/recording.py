"""A recording of events, whatever file it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.event_bins import AXES
from axonloop.models.arrays import integers, ranged
from axonloop.models.checks import require, require_range

LATEST_US = 1 << 61
"""Bound of times, in microseconds."""
Field = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """Events in the order of their times `t`, whole microseconds from 0, int64 `(n,)`, n >= 1.

    `sensor` is (units,), (height, width) or (polarities, height, width); an event's place on it is
    `x`, or `y` and `x`, or `p` (1: on, brighter; 0: off, darker), `y` and `x`, int64 `(n,)` each.
    `name` is told in errors. Raises ValueError for fields of other lengths, places outside of the
    sensor, times that fall, and no events at all.
    """

    sensor: tuple[int, ...]
    t: Field
    x: Field
    y: Field | None = None
    p: Field | None = None
    name: str = "events"

    def __post_init__(self) -> None:
        good = isinstance(self.sensor, list | tuple) and len(self.sensor) in AXES
        require(good, f"{self.name}: sensor", "1 to 3 sizes, as (2, 34, 34)", self.sensor)
        sizes = [require_range(f"{self.name}: sensor", k, 1, 1_000_000) for k in self.sensor]
        object.__setattr__(self, "sensor", tuple(sizes))
        times = integers(f"{self.name}: t", self.t)
        require(times.ndim == 1, f"{self.name}: t", "a list of times", times.shape)
        require(len(times) > 0, self.name, "of at least 1 event (is the recording whole?)", 0)
        object.__setattr__(self, "t", times)
        self._require_order()
        for axis, size in zip(AXES[len(sizes)], sizes, strict=True):
            given = getattr(self, axis)
            require(given is not None, f"{self.name}: {axis}", f"given for {self.sensor}", None)
            field = integers(f"{self.name}: {axis}", given)
            good = field.shape == times.shape
            require(good, f"{self.name}: {axis}", f"of {len(times)} events, as t", field.shape)
            thing = f"{self.name}: {axis} of the events on a sensor {self.sensor}"
            object.__setattr__(self, axis, ranged(thing, field, 0, size - 1))
        for axis in set("xyp") - set(AXES[len(sizes)]):
            given = getattr(self, axis)
            wanted = f"left out for a sensor {self.sensor}"
            require(given is None, f"{self.name}: {axis}", wanted, given)

    def _require_order(self) -> None:
        ranged(f"{self.name}: t", self.t[[0, -1]], 0, LATEST_US)
        falls = np.flatnonzero(np.diff(self.t) < 0)
        if len(falls):
            before, after = self.t[falls[0] : falls[0] + 2].tolist()
            found = f"{before} and then {after} at event {falls[0] + 1}"
            wanted = "never falling (sort the events by time, or record again)"
            require(False, f"{self.name}: t", wanted, found)

    def __len__(self) -> int:
        return len(self.t)

    def __repr__(self) -> str:
        return f"Recording of {self.name}: {len(self)} on {self.sensor} in {self.duration} us"

    def __eq__(self, other: object) -> bool:
        """Say whether all fields and the sensor are the same; names do not count."""
        if not isinstance(other, Recording):
            return NotImplemented
        return self.sensor == other.sensor and np.array_equal(self.rows, other.rows)

    __hash__ = None  # type: ignore[assignment]

    @property
    def duration(self) -> int:
        """Microseconds from the first event to the last."""
        return int(self.t[-1] - self.t[0])

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the fields that say the place on the sensor."""
        return AXES[len(self.sensor)]

    @property
    def rows(self) -> NDArray[Any]:
        """The events as one array `(n,)` with fields t and those of the place, int64 each."""
        names = ("t", *self.axes)
        found = np.empty(len(self), [(name, np.int64) for name in names])
        for name in names:
            found[name] = getattr(self, name)
        return found

    def between(self, start: int, stop: int) -> Recording:
        """The events with start <= t < stop; ValueError where there are none."""
        first, last = np.searchsorted(self.t, [start, stop])
        name = f"{self.name} in {start}..{stop} us"
        own = {axis: getattr(self, axis)[first:last] for axis in self.axes}
        return Recording(self.sensor, self.t[first:last], name=name, **own)
