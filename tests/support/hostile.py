"""Hostile bytes for a whole board, at its pins: `python -m tests.hostile` sends millions.

After every stretch of them the board must answer the next good frame, and must have counted what
the plain board of `tests.board_link` counted of the same bytes.
"""

from __future__ import annotations

import random
import struct
import time
import zlib
from collections import Counter, deque
from collections.abc import Iterable

import numpy as np
from cobs import cobs

from axonloop.host.devices.packets import as_words
from axonloop.host.devices.packets.packing import read_packets
from axonloop.host.devices.serial_line.frames import Deframer, Frame
from axonloop.models.protocol import FrameKind, Kind, LinkConfig, Region, Status, header
from axonloop.sim.cosim import RtlTop
from axonloop.sim.stimulus import GEOMETRIES
from tests.support.board_link import BoardLink

LINK = LinkConfig(12_000_000, 3_000_000)
GEOMETRY = GEOMETRIES["one-lane"]
QUIET = 4000
"""Cycles without a byte after which the board has said all."""
STRETCH = 2000
"""Most bytes of a stretch, about."""
READ = read_packets(0, Region.CONTROL, 1)[0]
ANSWER = [header(Kind.DATA, 0, 1), 0x41584C50]
NUMBERS = 1 << 16
LENGTHS = (0, 1, 4, 8, 11, 13, 264, 267, 268, 269, 272, 276, 1000)
"""Bytes of a body: allowed ones, and others."""


class Siege:
    """A board under fire, and the plain board that hears the same bytes.

    `answered` counts the good frames behind hostile stretches; `plain.counters` are the board's.
    A board of one's own, `top`, has `LINK`.
    """

    def __init__(self, seed: int, top: RtlTop | None = None) -> None:
        self.random = random.Random(seed)
        self.top = top or RtlTop(LINK, GEOMETRY, seed=seed)
        self.plain, self._deframer = BoardLink(LINK.command_depth), Deframer()
        self.kept: deque[bytes] = deque(maxlen=100)
        self.session = self.answered = self._written = 0
        self.open()

    def fire(self, kind: str) -> int:
        """One stretch, then a good frame. AssertionError unless that is answered."""
        data = KINDS[kind](self)
        self._say(data)
        if kind in LAWLESS:
            self.open()
        self._probe()
        return len(data)

    def open(self) -> None:
        """Begin a session; the plain board takes over the counters."""
        self.session, self._written = self.session + 1, 0
        frame = self.opening(self.session)
        (found,) = (f for f in self._say(b"\0" + frame) if f.kind == FrameKind.OPEN)
        assert found.words[2] == self.session
        self.plain.counters[:] = self._status()

    def opening(self, session: int) -> bytes:
        """The frame that begins a session."""
        words = as_words([session])
        return Frame(kind=FrameKind.OPEN, session=session & 0xFF, words=words).encode()

    def _probe(self) -> None:
        """Read a register, and compare the counters."""
        frame = self._frame(words=READ)
        self.kept.append(frame)
        heard = self._say(b"\0" + frame)
        found = [f for f in heard if f.kind == FrameKind.DATA and f.sequence == self._written]
        assert [f.words.tolist() for f in found if f.words.size] == [ANSWER]
        self._written += len(ANSWER)
        self.plain.say(ANSWER)
        counters = self._status()
        self.plain.counters[Status.SENT] = counters[Status.SENT]  # depends on when frames come
        assert counters == self.plain.counters
        self.answered += 1

    def _status(self) -> list[int]:
        heard = self._say(self._frame(FrameKind.STATUS))
        (found,) = (frame for frame in heard if frame.kind == FrameKind.STATUS)
        return list(found.words.tolist())

    def _frame(self, kind: int = FrameKind.DATA, words: np.ndarray = READ[:0]) -> bytes:
        """A good frame, which acknowledges all."""
        return Frame(
            self.plain.expected,
            acknowledge=self._written,
            limit=self._written + 1000,
            kind=kind,
            epoch=(self.plain.epoch + 1) % 16,
            session=self.session & 0xFF,
            words=words,
        ).encode()

    def _say(self, data: bytes) -> list[Frame]:
        """Tell both boards; the frames that the real one answers, all of them good."""
        self.plain.receive(data)
        self.plain.chip_takes(len(self.plain.inbox))
        line = bytearray()
        while data:
            taken, heard = self.top.run(10 * LINK.cycles_per_bit * len(data), data)
            data = data[taken:]
            line += heard
        while heard := self.top.run(QUIET, b"")[1]:
            line += heard
        frames = self._deframer.receive(bytes(line))
        assert None not in frames
        return [frame for frame in frames if frame is not None]


def any_frame(siege: Siege) -> Frame:
    """A frame with any headers, but of no new session, and without words that fit."""
    rng = siege.random
    return Frame(
        (siege.plain.expected + rng.randrange(1, NUMBERS)) % NUMBERS,
        acknowledge=rng.getrandbits(16),
        limit=rng.getrandbits(16),
        kind=rng.choice([FrameKind.DATA, FrameKind.STATUS, FrameKind.LOST]),
        repeat=rng.getrandbits(1),
        ask=rng.getrandbits(1),
        epoch=rng.randrange(16),
        session=rng.choice([siege.session & 0xFF, rng.randrange(256)]),
        words=random_words(rng, rng.choice([0, 1, 5, 64])),
    )


def random_words(rng: random.Random, count: int) -> np.ndarray:
    return as_words([rng.getrandbits(32) for _ in range(count)])


def stretch(parts: Iterable[bytes]) -> bytes:
    """So many of the parts as fit."""
    data = bytearray()
    for part in parts:
        if len(data) + len(part) > STRETCH:
            break
        data += part
    return bytes(data)


def noise(siege: Siege) -> bytes:
    """Any bytes."""
    return siege.random.randbytes(siege.random.randrange(STRETCH))


def zeros(siege: Siege) -> bytes:
    """Any bytes with many zeros: short frames."""
    rate = siege.random.uniform(0.05, 0.5)
    return bytes(0 if siege.random.random() < rate else byte for byte in noise(siege))


def headers(siege: Siege) -> bytes:
    """Good frames with any headers."""
    return stretch(any_frame(siege).encode() for _ in range(STRETCH))


def truncated(siege: Siege) -> bytes:
    """Frames cut short, at either end, the next one right behind or after a zero."""
    rng = siege.random

    def part() -> bytes:
        frame = rng.choice([any_frame(siege).encode(), siege.opening(siege.session)])
        place = rng.randrange(1, len(frame) - 1)
        return rng.choice([frame[:place], frame[:place] + b"\0", frame[place:]])

    return stretch(part() for _ in range(STRETCH))


def replayed(siege: Siege) -> bytes:
    """Frames that the board heard before, and the one that opened the session."""
    old = [siege.opening(siege.session), *siege.kept]
    return stretch(siege.random.choice(old) for _ in range(siege.random.randrange(STRETCH)))


def lengths(siege: Siege) -> bytes:
    """Bodies of any length with a good CRC, runs without end, and runs that end too late."""
    rng = siege.random

    def part() -> bytes:
        body = cobs.decode(any_frame(siege).encode()[:-1])[:8] + rng.randbytes(1000)
        size = max(0, rng.choice([*LENGTHS, rng.randrange(400)]) - 4)
        coded = cobs.encode(body[:size] + struct.pack("<I", zlib.crc32(body[:size])))
        runs = rng.choice([b"\xff", b"\1", bytes([rng.randrange(1, 256)])]) * rng.randrange(999)
        return rng.choice([coded, runs, coded + bytes([rng.randrange(1, 256)])]) + b"\0"

    return stretch(part() for _ in range(STRETCH))


def takeovers(siege: Siege) -> bytes:
    """Other sessions are opened, with old frames between."""
    rng = siege.random

    def part() -> bytes:
        session = rng.randrange(1 << 24, 1 << 32)
        return rng.choice([siege.opening(session), any_frame(siege).encode(), *siege.kept])

    return stretch(part() for _ in range(STRETCH))


def commands(siege: Siege) -> bytes:
    """Good frames with any words for the chip, in order: counts and addresses that lie."""
    rng, parts, number = siege.random, [], siege.plain.expected
    for _ in range(STRETCH // 100):
        words = random_words(rng, rng.choice([1, 5, 64]))
        words &= np.uint32(rng.choice([0x900F_FFFF, 0x700F_FFFF, 0xFFFF_FFFF]))
        frame = Frame(number, limit=1000, session=siege.session & 0xFF, words=words)
        parts.append(frame.encode())
        number += words.size
    return stretch(parts)


KINDS = {
    kind.__name__: kind
    for kind in (noise, zeros, headers, truncated, replayed, lengths, takeovers, commands)
}
LAWLESS = ("takeovers", "commands")
"""What only a new session ends."""


def besiege(seed: int, quotas: dict[str, int]) -> tuple[Siege, Counter[str]]:
    """Fire so many bytes of each kind, the kinds in any order; the bytes fired."""
    siege, fired = Siege(seed), Counter[str]()
    while left := [kind for kind, quota in quotas.items() if fired[kind] < quota]:
        kind = siege.random.choice(left)
        fired[kind] += siege.fire(kind)
    return siege, fired


def main() -> None:
    """A million random bytes and a quarter of a million of each other kind."""
    start = time.perf_counter()
    siege, fired = besiege(0, dict.fromkeys(KINDS, 250_000) | {"noise": 1_000_000})
    for kind, count in fired.items():
        print(f"{kind:<10} {count:>9,} bytes: {KINDS[kind].__doc__}")
    for entry in Status:
        print(f"{entry.name.lower():<10} {siege.plain.counters[entry]:>9,}")
    seconds = time.perf_counter() - start
    print(f"every stretch followed by a good frame: {siege.answered:,} answered, {seconds:.0f} s")


if __name__ == "__main__":
    main()
