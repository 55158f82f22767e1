"""AEDAT 2.0 of the DVS128 camera, as jAER writes it.

Lines that begin with # come first, "#!AER-DAT2.0" ahead. Then eight bytes an event, the highest
first: address and time in microseconds, 32 bits each. Of the address bit 0 is the polarity (0: on),
bits 1 to 7 are 127 - x, bits 8 to 14 are y; bit 15 marks events that are not a pixel's, which are
left out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from axonloop.host.data.formats.plain_file import require_file, whole_records, write_bytes
from axonloop.host.data.formats.recording import Recording
from axonloop.models.arrays import ranged
from axonloop.models.checks import require

MAGIC = b"#!AER-DAT2.0"
SENSOR = (2, 128, 128)
LAST = 127
SPECIAL = 1 << 15
HEADER = (
    MAGIC + b"\r\n# Data format is int32 address, int32 timestamp (8 bytes total)\r\n"
    b"# Timestamps tick is 1 us\r\n# AEChip: DVS128\r\n"
)
LATEST = (1 << 31) - 1


def read_aedat2(path: Path) -> Recording:
    """The events of a file; ValueError says what is wrong with it."""
    require_file(path)
    data = path.read_bytes()
    good = data.startswith(MAGIC)
    require(good, path.name, f"a file that begins with {MAGIC.decode()}", data[: len(MAGIC)])
    start = 0
    while data[start : start + 1] == b"#":
        end = data.find(b"\n", start)
        require(end >= 0, path.name, "with whole lines ahead of the events", data[start:][:40])
        start = end + 1
    words = whole_records(path, data[start:], 8, "events behind the header").view(">u4")
    address, t = words.T.astype(np.int64)
    foreign = address >= 2 * SPECIAL
    if foreign.any():
        wanted = "below 65536, as a DVS128 has them (export other cameras as AEDAT 3.1)"
        place = int(np.flatnonzero(foreign)[0])
        found = f"{address[place]} of event {place}"
        require(False, f"{path.name}: addresses", wanted, found)
    own = address & SPECIAL == 0
    address, t = address[own], t[own]
    x, y = LAST - (address >> 1 & LAST), address >> 8 & LAST
    return Recording(SENSOR, t, x, y, 1 - (address & 1), path.name)


def write_aedat2(path: Path, events: Recording) -> None:
    """Write a file, whole or not at all; ValueError for what the format cannot hold."""
    good = events.sensor == SENSOR
    require(good, f"{path.name}: sensor", f"{SENSOR}, a DVS128's, in AEDAT 2", events.sensor)
    ranged(f"{path.name}: t of AEDAT 2", events.t, 0, LATEST)
    assert events.y is not None
    assert events.p is not None
    address = events.y << 8 | (LAST - events.x) << 1 | (1 - events.p)
    words = np.stack([address, events.t], axis=1).astype(">u4")
    write_bytes(path, HEADER + words.tobytes())
