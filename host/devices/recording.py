"""Recordings: the words to and from a chip, in a file, and a chip that plays them back.

A file is little-endian words of 32 bits: `MAGIC`, `VERSION`, whether the chip was fresh; then
chunks, each a head (31: from the chip, 30..0: count) and that many words; then `END`, the number
of chunks, and the CRC-32 of all bytes before it. It is written beside its place, with `.new`
behind the name, and gets its name with its end: what a killed program leaves is refused. Chunk k
from the chip answers chunk k to it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from axonloop.host.devices.device import DeviceError
from axonloop.host.devices.packets import PacketDevice, QueueTransport, Transport, Words, as_words
from axonloop.host.files import require_writable
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.models.protocol import Kind

REPLAY = "replay:"
"""What a recording's name begins with; behind it the file."""
MAGIC = 0x524C5841
"""Word 0 of a file, "AXLR"."""
VERSION = 1
END = 0xFFFF_FFFF
FROM_CHIP = 1 << 31
_HEAD, _TAIL = 3, 3
_WORD = np.dtype("<u4")


class Recorder:
    """A transport that writes down what passes through another one.

    `fresh`: the chip is as after power-up. ValueError if `path` cannot be written.
    """

    def __init__(self, transport: Transport, path: Path, fresh: bool) -> None:
        require_writable(path)
        self._transport, self._path, self._chunks, self._crc = transport, path, 0, 0
        self._new = path.with_name(path.name + ".new")
        self._file = self._new.open("wb")
        self._write(as_words([MAGIC, VERSION, fresh]))

    def exchange(self, words: Words, expected: int) -> Words:
        """See `Transport`."""
        replies = self._transport.exchange(words, expected)
        self._chunk(words, 0)
        self._chunk(replies, FROM_CHIP)
        return replies

    def _chunk(self, words: Words, direction: int) -> None:
        self._chunks += 1
        self._write(as_words([direction | words.size]))
        self._write(words)

    def _write(self, words: Words) -> None:
        data = words.astype(_WORD).tobytes()
        self._crc = zlib.crc32(data, self._crc)
        self._file.write(data)

    def close(self) -> None:
        """Close the other transport, and end the file: it is whole, also after an error."""
        self._transport.close()
        if not self._file.closed:
            with self._file:
                self._write(as_words([END, self._chunks]))
                self._write(as_words([self._crc]))
            self._new.replace(self._path)


class QueueRecorder(Recorder):
    """The same for a transport that takes more words while answers are under way."""

    def __init__(self, transport: QueueTransport, path: Path, fresh: bool) -> None:
        super().__init__(transport, path, fresh)
        self._queue = transport

    def send(self, words: Words, expected: int) -> None:
        """See `QueueTransport`."""
        self._queue.send(words, expected)
        self._chunk(words, 0)

    def take(self, count: int) -> Words:
        """See `QueueTransport`."""
        replies = self._queue.take(count)
        self._chunk(replies, FROM_CHIP)
        return replies


class Player:
    """A transport that answers as in the recording at `path`, if it is asked the same.

    `fresh`: the recorded chip was as after power-up. ValueError for a file that is no recording,
    or not whole.
    """

    def __init__(self, path: Path) -> None:
        words = _whole(path)
        self.fresh = bool(words[_HEAD - 1])
        chunks = list(_chunks_of(words))
        self._sent = [words for direction, words in chunks if not direction]
        self._heard = [words for direction, words in chunks if direction]
        self._next = 0

    def exchange(self, words: Words, expected: int) -> Words:
        """See `Transport`. DeviceError at the first word that was not sent in the recording."""
        if self._next == len(self._heard):
            raise DeviceError(
                f"run must end with its recording, not go on after {self._next} exchanges "
                f"and {self._ticks()} ticks"
            )
        if not np.array_equal(self._sent[self._next], words):
            raise DeviceError(self._difference(words))
        self._next += 1
        return self._heard[self._next - 1]

    def _ticks(self) -> int:
        """Ticks asked for before the present exchange."""
        sent = self._sent[: self._next]
        return sum(kind == Kind.TICK for words in sent for _, kind in packets(words))

    def _difference(self, words: Words) -> str:
        """Where and how the host departs from the recording."""
        recorded = self._sent[self._next]
        both = min(recorded.size, words.size)
        places = np.flatnonzero(recorded[:both] != words[:both])
        place = int(places[0]) if places.size else both
        before = [kind for start, kind in packets(recorded) if start < place]
        ticks = self._ticks() + before.count(Kind.TICK)
        return (
            f"word {place} of exchange {self._next}, after {ticks} ticks, must be "
            f"{_shown(recorded, place)} as recorded, not {_shown(words, place)}: "
            "replay needs the program and the settings of the recording"
        )

    def close(self) -> None:
        """Nothing is held."""


def recorded(transport: Transport, path: Path | None, fresh: bool) -> Transport:
    """The transport, recorded if there is a `path` to do so."""
    if path is None:
        return transport
    if isinstance(transport, QueueTransport):
        return QueueRecorder(transport, path, fresh)
    return Recorder(transport, path, fresh)


def packets(words: Words) -> Iterator[tuple[int, int]]:
    """Place and kind of every packet among whole ones for the chip."""
    place = 0
    while place < words.size:
        head = int(words[place])
        kind = head >> 28
        yield place, kind
        place += 1 + (kind in (Kind.WRITE, Kind.READ)) + (head & 0xFFFF) * (kind == Kind.WRITE)


def _shown(words: Words, place: int) -> str:
    return f"0x{words[place]:08X}" if place < words.size else "the end of the exchange"


def _whole(path: Path) -> Words:
    """The words of a file, whose end is checked."""
    require(path.is_file(), "recording", "an existing file", str(path))
    data = path.read_bytes()
    words = np.frombuffer(data[: len(data) // 4 * 4], _WORD).astype(np.uint32)
    foreign = words.size < _HEAD or words[0] != MAGIC
    require(not foreign, "recording", "a file of this program", str(path))
    require(words[1] == VERSION, f"version of recording {str(path)!r}", str(VERSION), int(words[1]))
    whole = len(data) % 4 == 0 and words.size >= _HEAD + _TAIL and words[-_TAIL] == END
    good = whole and zlib.crc32(data[:-4]) == words[-1]
    require(good, "recording", "whole, not cut short or damaged: record it again", str(path))
    return words


def _chunks_of(words: Words) -> Iterator[tuple[int, Words]]:
    """Direction and words of every chunk of a whole file."""
    place = _HEAD
    for _ in range(int(words[-2])):
        head = int(words[place])
        end = place + 1 + (head & ~FROM_CHIP)
        yield head & FROM_CHIP, words[place + 1 : end]
        place = end


class ReplayDevice(PacketDevice):
    """The chip of a recording: `name` is `replay:FILE`. The run must be the recorded one.

    ValueError for a file that is no recording; DeviceError at the first word that is sent
    otherwise.
    """

    name = "replay"

    def __init__(self, name: str, config: ChipConfig | CoreConfig) -> None:
        player = Player(Path(name.removeprefix(REPLAY)))
        super().__init__(player, config, fresh=player.fresh)
        self.telemetry.recorded = True
