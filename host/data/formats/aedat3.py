"""AEDAT 3.1, as cAER and jAER write it: packets of events, of which those of pixels are read.

Lines that begin with # come first, from "#!AER-DAT3.1" to "#!END-HEADER". A packet has a head of 28
bytes, all numbers the lowest byte first: type (16 bits; 1: pixels) and source (16), then 32 bits
each: bytes of an event, where its time lies in it, how often times had run over 31 bits, and the
events that there is space for, that there are, and that are valid. An event of a pixel has 8 bytes:
bit 0 says that it is valid, bit 1 that it is on, bits 2 to 16 are y, bits 17 to 31 x, then come 32
bits of time in microseconds.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.formats.plain_file import require_file, write_bytes
from axonloop.host.data.formats.recording import Recording
from axonloop.models.arrays import ranged
from axonloop.models.checks import require

MAGIC, END = b"#!AER-DAT3.1", b"#!END-HEADER"
SENSOR = (2, 128, 128)
HEADER = MAGIC + b"\r\n#Format: RAW\r\n#Source 1: DVS128\r\n" + END + b"\r\n"
HEAD = struct.Struct("<hhiiiiii")
PIXELS, TYPES, EVENT, TIME_AT = 1, 64, 8, 4
"""The type of packets that are read, a bound of types, bytes of an event, its time's place."""
LINE = 4096
"""Most bytes of a line of the header."""
PACKET = 4096
"""Events of a packet that is written."""
CYCLE = 1 << 31
LATEST = CYCLE * CYCLE - 1


@dataclass(frozen=True)
class _Head:
    """The head of a packet of a file, at `place`."""

    place: int
    kind: int
    size: int
    time_at: int
    overflow: int
    space: int
    count: int
    valid: int

    @property
    def bytes(self) -> int:
        return self.size * self.space

    def require(self, name: str, left: int) -> None:
        """ValueError unless it can be one, with `left` bytes of the file behind it."""
        thing = f"{name}: packet at byte {self.place}"
        require(0 <= self.kind < TYPES, f"{thing}: type", f"in 0..{TYPES - 1}", self.kind)
        good = self.size > 0 and 0 <= self.valid <= self.count <= self.space and self.overflow >= 0
        told = (self.size, self.space, self.count, self.valid, self.overflow)
        wanted = "sizes of events that fit into each other (copy the file again: it is damaged)"
        require(good, f"{thing}: size, space, count, valid, overflow", wanted, told)
        wanted = f"whole, of {self.bytes} bytes (copy it again: its end is missing)"
        require(self.bytes <= left, thing, wanted, f"{left} bytes")
        if self.kind == PIXELS:
            layout = (self.size, self.time_at)
            good = layout == (EVENT, TIME_AT)
            require(good, f"{thing}: size and place of time", f"{(EVENT, TIME_AT)}", layout)


class Aedat3File:
    """A file of AEDAT 3.1, whose packets are found when it is opened, and read as they are asked.

    Raises ValueError for a header or packets that are damaged, cut or foreign.
    """

    def __init__(self, path: Path, sensor: tuple[int, ...] = SENSOR) -> None:
        self.path, self._sensor, size = path, sensor, require_file(path)
        heads, firsts = [], []
        with path.open("rb") as file:
            place = _after_header(path.name, file)
            while place < size:
                head = _head_at(path.name, file, place, size)
                if head.kind == PIXELS and head.count:
                    heads.append(head)
                    firsts.append(_times(head, np.frombuffer(file.read(EVENT), "<u4")[1:])[0])
                place += HEAD.size + head.bytes
        self._heads, self._firsts = heads, np.array(firsts, np.int64)
        falls = np.flatnonzero(np.diff(self._firsts) < 0)
        wanted = "of times that never fall from packet to packet"
        require(not len(falls), path.name, wanted, f"falling behind packet {falls[:1].tolist()}")

    def read(self, start: int | None = None, stop: int | None = None) -> Recording:
        """All events, or those with start <= t < stop; only their packets are read."""
        first = last = None
        if start is not None and stop is not None:
            first = max(0, int(np.searchsorted(self._firsts, start)) - 1)
            last = int(np.searchsorted(self._firsts, stop))
        words, times = [np.zeros((0,), np.int64)], [np.zeros((0,), np.int64)]
        with self.path.open("rb") as file:
            for head in self._heads[first:last]:
                file.seek(head.place + HEAD.size)
                data = file.read(EVENT * head.count)
                whole = len(data) == EVENT * head.count
                require(whole, self.path.name, "as it was when it was opened", "a shorter file")
                pairs = np.frombuffer(data, "<u4").reshape(-1, 2)
                pairs = pairs[pairs[:, 0] & 1 == 1]
                words.append(pairs[:, 0].astype(np.int64))
                times.append(_times(head, pairs[:, 1]))
        word, t = np.concatenate(words), np.concatenate(times)
        x, y, p = word >> 17, word >> 2 & 0x7FFF, word >> 1 & 1
        found = Recording(self._sensor, t, x, y, p, self.path.name)
        return found if start is None or stop is None else found.between(start, stop)


def read_aedat3(path: Path, sensor: tuple[int, ...] = SENSOR) -> Recording:
    """The events of a file; ValueError says what is wrong with it."""
    return Aedat3File(path, sensor).read()


def write_aedat3(path: Path, events: Recording) -> None:
    """Write a file, whole or not at all; ValueError for what the format cannot hold."""
    data = aedat3_bytes(path.name, events)
    write_bytes(path, data)


def aedat3_bytes(name: str, events: Recording) -> bytes:
    """The content of a file; ValueError for a sensor or times that do not fit."""
    good = len(events.sensor) == 3 and events.sensor[0] == 2 and max(events.sensor[1:]) <= 0x8000
    wanted = "of 2 polarities and at most 32768 x 32768 pixels in AEDAT 3.1"
    require(good, f"{name}: sensor", wanted, events.sensor)
    ranged(f"{name}: t of AEDAT 3.1", events.t, 0, LATEST)
    assert events.y is not None
    assert events.p is not None
    word = events.x << 17 | events.y << 2 | events.p << 1 | 1
    pairs = np.stack([word, events.t % CYCLE], axis=1).astype("<u4")
    overflows = events.t // CYCLE
    turns = np.flatnonzero(np.diff(overflows)) + 1
    borders = np.union1d(np.arange(0, len(pairs), PACKET), turns)
    parts = [HEADER]
    for start, stop in zip(borders, [*borders[1:], len(pairs)], strict=True):
        count, turn = int(stop - start), int(overflows[start])
        parts.append(HEAD.pack(PIXELS, 1, EVENT, TIME_AT, turn, count, count, count))
        parts.append(pairs[start:stop].tobytes())
    return b"".join(parts)


def _after_header(name: str, file: BinaryIO) -> int:
    """Where the packets begin."""
    line = file.readline(LINE)
    good = line.startswith(MAGIC)
    require(good, name, f"a file that begins with {MAGIC.decode()}", line[: len(MAGIC)])
    while not line.startswith(END):
        line = file.readline(LINE)
        good = line.startswith(b"#") and line.endswith(b"\n")
        require(good, name, f"with lines from # to {END.decode()} ahead of packets", line[:40])
    return file.tell()


def _head_at(name: str, file: BinaryIO, place: int, size: int) -> _Head:
    """The head of the packet at a place."""
    file.seek(place)
    data = file.read(HEAD.size)
    wanted = f"a head of {HEAD.size} bytes (copy the file again: its end is missing)"
    require(len(data) == HEAD.size, f"{name}: packet at byte {place}", wanted, f"{len(data)} bytes")
    kind, _, *numbers = HEAD.unpack(data)
    head = _Head(place, kind, *numbers)
    head.require(name, size - place - HEAD.size)
    return head


def _times(head: _Head, times: NDArray[np.uint32]) -> NDArray[np.int64]:
    return times.astype(np.int64) + head.overflow * CYCLE
