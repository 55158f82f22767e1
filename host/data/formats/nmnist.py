"""Files `.bin` of N-MNIST (Orchard et al. 2015): five bytes an event, nothing before them.

Bytes: x; y; the polarity in the highest bit, and below it the time in microseconds, 23 bits, the
highest first. An event with y = 240 is none: all times behind it are 2^13 microseconds later.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from axonloop.host.data.formats.plain_file import require_file, whole_records, write_bytes
from axonloop.host.data.formats.recording import Recording
from axonloop.models.arrays import ranged
from axonloop.models.checks import require

SENSOR = (2, 34, 34)
BYTES = 5
LATER = 240
"""The y of an event that only moves the time on."""
STEP = 1 << 13
TIMES = 1 << 23
LATEST = (1 << 32) - 1
"""The latest time that is written."""


def read_nmnist(path: Path, sensor: tuple[int, ...] = SENSOR) -> Recording:
    """The events of a file; ValueError says what is wrong with it."""
    require_file(path)
    data = whole_records(path, path.read_bytes(), BYTES, "events")
    x, y, high, middle, low = data.T.astype(np.int64)
    mark = y == LATER
    t = ((high & 127) << 16 | middle << 8 | low) + STEP * np.cumsum(mark)
    own = ~mark
    return Recording(sensor, t[own], x[own], y[own], high[own] >> 7, path.name)


def write_nmnist(path: Path, events: Recording) -> None:
    """Write a file, whole or not at all; ValueError for what the format cannot hold."""
    data = nmnist_bytes(path.name, events)
    write_bytes(path, data)


def nmnist_bytes(name: str, events: Recording) -> bytes:
    """The content of a file; ValueError for a sensor or times that do not fit."""
    good = len(events.sensor) == 3 and events.sensor[0] <= 2 and max(events.sensor[1:]) <= LATER
    wanted = f"of 2 polarities and at most {LATER} x {LATER} pixels in a .bin file"
    require(good, f"{name}: sensor", wanted, events.sensor)
    ranged(f"{name}: t of a .bin file", events.t, 0, LATEST)
    assert events.y is not None
    assert events.p is not None
    steps = np.maximum(0, events.t - (TIMES - 1) + STEP - 1) // STEP
    marks = np.diff(steps, prepend=0)
    t = events.t - STEP * steps
    data = np.zeros((len(t) + int(steps[-1]), BYTES), np.uint8)
    data[:, 1] = LATER
    own = np.arange(len(t)) + np.cumsum(marks)
    data[own] = np.stack(
        [events.x, events.y, events.p << 7 | t >> 16, t >> 8 & 255, t & 255], axis=1
    ).astype(np.uint8)
    return data.tobytes()
