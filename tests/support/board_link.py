"""The board's end of the link in plain Python, from docs/link.md; its chip is a function."""

from __future__ import annotations

import numpy as np

from axonloop.host.devices.serial_line.frames import NO_WORDS, Deframer, Frame
from axonloop.models.protocol import (
    FRAME_WORDS,
    IDENTITY_WORDS,
    LINK_MAGIC,
    LINK_VERSION,
    FrameKind,
)

NUMBERS = 1 << 16


def below(number: int, other: int) -> bool:
    """Does `number` come before `other`?"""
    return (number - other) % NUMBERS >= NUMBERS // 2


class BoardLink:
    """`commands`: words the chip was given; `say` gives words that it sends."""

    def __init__(self, slots: int = 128) -> None:
        self.slots = slots
        self.commands: list[int] = []
        self.chip_resets = 0
        self.deframer = Deframer()
        self.session = 0
        self.counters = [0] * 6
        self.owed: set[str] = set()
        self._restart(0)

    def _restart(self, session: int) -> None:
        self.session = session
        self.inbox: list[int] = []
        self.outbox: list[int] = []  # from `acknowledged` on
        self.expected = self.told = self.taken = 0
        self.acknowledged = self.sent = self.limit = self.flush = self.epoch = 0

    def say(self, words: list[int], end: bool = True) -> None:
        """Words from the chip; `end`: an answer is complete."""
        self.outbox += words
        if end:
            self.flush = (self.acknowledged + len(self.outbox)) % NUMBERS

    @property
    def room(self) -> int:
        return self.slots - len(self.outbox)

    def chip_takes(self, count: int) -> list[int]:
        """Up to `count` words go to the chip."""
        words, self.inbox = self.inbox[:count], self.inbox[count:]
        self.taken = (self.taken + len(words)) % NUMBERS
        self.commands += words
        return words

    def receive(self, data: bytes) -> None:
        for frame in self.deframer.receive(data):
            if frame is None or (frame.kind == FrameKind.OPEN and not frame.words.size):
                self.counters[1] += 1
                if self.session:
                    self.owed |= {"repeat", "frame"}
            elif frame.kind == FrameKind.OPEN:
                if self.session != frame.words[0]:
                    self.chip_resets += 1
                    self.owed.clear()
                    self._restart(int(frame.words[0]))
                self.owed.add("identity")
            elif not self.session or frame.session != self.session & 0xFF:
                self.counters[3] += 1
                self.owed.add("lost")
                self.refused = frame.session
            else:
                self.counters[0] += 1
                self._hear(frame)

    def _hear(self, frame: Frame) -> None:
        news = (frame.acknowledge - self.acknowledged) % NUMBERS
        if news <= len(self.outbox):
            self.outbox = self.outbox[news:]
            self.acknowledged = frame.acknowledge
            if below(self.sent, self.acknowledged):
                self.sent = self.acknowledged
            if below(self.flush, self.acknowledged):
                self.flush = self.acknowledged
        self.limit = frame.limit
        if frame.repeat and frame.epoch != self.epoch:
            self.sent = self.acknowledged
            self.counters[5] += 1
        self.epoch = frame.epoch
        if frame.ask:
            self.owed.add("frame")
        if frame.kind == FrameKind.STATUS:
            self.owed.add("status")
        if frame.kind == FrameKind.DATA and frame.words.size:
            room = self.slots - len(self.inbox)
            if frame.sequence == self.expected and frame.words.size <= room:
                self.inbox += frame.words.tolist()
                self.expected = (self.expected + frame.words.size) % NUMBERS
            else:
                self.counters[2] += 1
                self.owed.add("frame")
                if not below(frame.sequence, self.expected):
                    self.owed.add("repeat")

    def output(self) -> bytes:
        """One frame, if there is one to send."""
        waiting = len(self.outbox) - (self.sent - self.acknowledged) % NUMBERS
        allowed = (self.limit - self.sent) % NUMBERS
        count = 0
        due = waiting >= FRAME_WORDS or below(self.sent, self.flush)
        if due and allowed < NUMBERS // 2 and not self.owed:
            count = min(FRAME_WORDS, waiting, allowed)
        limit = (self.taken + self.slots) % NUMBERS
        news = 4 * ((limit - self.told) % NUMBERS) >= self.slots
        if "identity" in self.owed:
            self.owed.remove("identity")
            words = [LINK_MAGIC, LINK_VERSION, self.session, self.slots, self.slots]
            words += [0] * (IDENTITY_WORDS - len(words))
            return self._frame(FrameKind.OPEN, words)
        if "lost" in self.owed:
            self.owed.remove("lost")
            self.counters[4] += 1
            return Frame(kind=FrameKind.LOST, session=self.refused).encode()
        if "status" in self.owed:
            self.owed.remove("status")
            return self._frame(FrameKind.STATUS, self.counters)
        if self.session and (self.owed or count or news):
            first = (self.sent - self.acknowledged) % NUMBERS
            data = self._frame(FrameKind.DATA, self.outbox[first : first + count])
            self.sent = (self.sent + count) % NUMBERS
            return data
        return b""

    def _frame(self, kind: FrameKind, words: list[int]) -> bytes:
        self.counters[4] += 1
        self.told = (self.taken + self.slots) % NUMBERS
        repeat = "repeat" in self.owed
        self.owed -= {"repeat", "frame"}
        return Frame(
            sequence=self.sent,
            acknowledge=self.expected,
            limit=self.told,
            kind=kind,
            repeat=repeat,
            epoch=self.epoch,
            session=self.session & 0xFF,
            words=np.array(words, np.uint32) if words else NO_WORDS,
        ).encode()
