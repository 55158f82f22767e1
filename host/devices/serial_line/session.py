"""The host's end of the serial link, as a function of bytes and time (docs/link.md).

`HostLink` opens no port and reads no clock. The caller owns both: it hands over the bytes that the
line brought, and writes the bytes that `output` returns. So tests drive a `HostLink` over lines
that lose, flip and double bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from axonloop.host.devices.device import DeviceError
from axonloop.host.devices.packets import Words
from axonloop.host.devices.serial_line.frame_size import FrameSize
from axonloop.host.devices.serial_line.frames import NO_WORDS, Deframer, Frame
from axonloop.models.checks import require_range
from axonloop.models.protocol import (
    EPOCH_BITS,
    HOST_DEPTH,
    LINK_MAGIC,
    LINK_VERSION,
    NUMBER_BITS,
    FrameKind,
    Identity,
    Reason,
    geometry_fields,
)

LONGEST_PAUSE = 1.0
"""Seconds between two asks, at most."""
BURST = 8
"""Frames that the host sends, while they are short, before it waits for their acknowledgement."""
NUMBERS = 1 << NUMBER_BITS
EPOCHS = 1 << EPOCH_BITS


class LinkLostError(DeviceError):
    """The session is over: words are lost, and the chip was reset or will be."""


@dataclass
class LinkCounters:
    """Counts of the host's end of the line, since the session began."""

    frames_sent: int = 0
    frames_received: int = 0
    bad: int = 0
    """Frames received with a wrong CRC, length or coding."""
    foreign: int = 0
    """Good frames of other sessions."""
    words_again: int = 0
    """Words sent more than once."""
    returns: int = 0
    """Times that the host sent words again, from the first one that the board lacked."""
    repeats: int = 0
    """Times that the board was asked to go back."""
    asks: int = 0
    """Times that the host heard nothing for a while and asked; a slow board makes it ask too."""

    @property
    def repaired(self) -> int:
        """Times that the host noticed damage, in either direction, and had it made good."""
        return self.returns + self.repeats


def signed(difference: int, size: int) -> int:
    """A difference modulo `size`, in -size/2 .. size/2 - 1."""
    return (difference + size // 2) % size - size // 2


class HostLink:
    """One session of the host with a board.

    `session` is its number, 1..2^32-1. After `pause` seconds of silence the host asks the board.
    The host gives up when it hears no good frame for `patience` seconds while it waits, or when
    good frames come but no words get through for so long.

    `HostLink` keeps word numbers whole, and cuts them to 16 bits in frames. Times are seconds of
    any clock that never goes back. After an error a session is of no use.
    """

    def __init__(self, session: int, pause: float = 0.05, patience: float = 10.0) -> None:
        require_range("session", session, 1, 2**32 - 1)
        self.session, self._pause, self._patience = session, pause, patience
        self.identity: Words | None = None
        self.status: Words | None = None
        self._wants_status = False
        self.counters = LinkCounters()
        self._deframer = Deframer()
        self._ready = bytearray()
        self._heard = self._since = 0.0  # the last good frame; the begin of the silence
        self._moved, self._bad_before = 0.0, 0  # the last progress, and bad frames before it
        self._wait = 0.0  # until the next ask
        self._size = FrameSize()
        self._pace = pause  # the pause, or more if the board takes longer to answer
        self._asked: float | None = None
        # Sender
        self._queue, self._acknowledged, self._sent, self._highest = NO_WORDS, 0, 0, 0
        self._limit = 0
        # Receiver
        self._got: list[Words] = []
        self._expected = self._taken = self._told = self._told_limit = 0
        self._repeat = False
        # Epochs
        self._epoch = self._echo = self._back_epoch = self._ask_epoch = 0
        self._mark: int | None = None  # words below it were sent before the last ask

    def send(self, words: Words) -> None:
        """Put words for the chip into the queue."""
        self._queue = np.concatenate([self._queue, words])

    def take(self) -> Words:
        """The words from the chip since the last call, a copy."""
        words, self._got = np.concatenate([NO_WORDS, *self._got]), []
        self._taken += words.size
        return words

    def wait(self, now: float) -> None:
        """Begin to wait for the board: silence and standstill count from now on."""
        self._rest(now)
        self._progress(now)

    def _rest(self, now: float) -> None:
        """Count silence from now on."""
        self._heard, self._since, self._wait = now, now, self._pace

    def _progress(self, now: float) -> None:
        """Count standstill from now on."""
        self._moved, self._bad_before = now, self.counters.bad

    @property
    def wake(self) -> float:
        """The time at which `output` has something new to say if nothing is received."""
        return self._since + self._wait

    def ask_status(self) -> None:
        """Ask for the board's counters; they come as `status`."""
        self.status, self._wants_status = None, True
        self._send_frame(FrameKind.STATUS)

    def receive(self, data: bytes, now: float) -> None:
        """Hear bytes from the line.

        Raises LinkLostError if the board says that the session is over, DeviceError if it speaks
        another version.
        """
        for frame in self._deframer.receive(data):
            if frame is None:
                self.counters.bad += 1
                if self.identity is None:
                    self._since, self._wait = now, self._pace
                elif self._is_new_damage(self._echo):
                    self._size.hear_damage()
                    self._ask(again=True)
            elif frame.kind == FrameKind.OPEN:
                self._identified(frame, now)
            elif frame.session == self.session & 0xFF and self.identity is not None:
                self._hear(frame, now)
            else:
                self.counters.foreign += 1

    def output(self, now: float) -> bytes:
        """Return the bytes to write now. Raises DeviceError if the line stood still too long."""
        if now - min(self._heard, self._moved) > self._patience:
            self._check_patience(now)
        if now >= self.wake:
            self._since = now
            self._wait = min(2 * self._wait, max(LONGEST_PAUSE, self._pace))
            if self.identity is None:
                self._open()
            else:
                self.counters.asks += 1
                self._ask(again=self._repeat)
                self._asked = now
        if self.identity is not None:
            self._send_words()
        data, self._ready = bytes(self._ready), bytearray()
        return data

    def begin(self, now: float) -> None:
        """Begin the session: the next output opens it."""
        self.wait(now)
        self._open()

    def _open(self) -> None:
        self._ready += b"\0"
        words = np.array([self.session], np.uint32)
        self._ready += Frame(kind=FrameKind.OPEN, session=self.session & 0xFF, words=words).encode()
        self.counters.frames_sent += 1

    def _identified(self, frame: Frame, now: float) -> None:
        words = frame.words
        if self.identity is not None or words.size <= Identity.SESSION:
            return
        if words[Identity.MAGIC] != LINK_MAGIC or words[Identity.SESSION] != self.session:
            return
        version = int(words[Identity.VERSION])
        if version != LINK_VERSION:
            raise DeviceError(
                f"link protocol of the board must be version {LINK_VERSION}, not {version}: "
                "build its bitstream anew from this release"
            )
        fields = geometry_fields(words.size - Identity.GEOMETRY)
        if words.size != Identity.GEOMETRY + len(fields):
            return
        self.identity = words
        self._progress(now)
        self._hear(frame, now)

    def _hear(self, frame: Frame, now: float) -> None:
        """Take in a good frame of this session."""
        if frame.kind == FrameKind.LOST:
            raise LinkLostError(_lost(frame.sequence))
        self.counters.frames_received += 1
        if self._asked is not None and not _is_older(frame.epoch, self._ask_epoch):
            self._pace = max(self._pause, 2 * (now - self._asked))
            self._asked = None
        self._rest(now)
        before = self._acknowledged + self._expected
        if frame.kind == FrameKind.STATUS:
            self.status, self._wants_status = frame.words, False
        self._echo = frame.epoch
        self._hear_acknowledge(frame)
        self._hear_words(frame)
        if self._acknowledged + self._expected > before:
            self._size.hear_arrival()
            self._progress(now)

    def _check_patience(self, now: float) -> None:
        """Raise DeviceError if the board is silent, or no word gets through, for too long."""
        good, bad = self.counters.frames_received, self.counters.bad
        silent = now - self._heard > self._patience
        if silent and bad == self._bad_before:
            raise DeviceError(
                f"board must answer within {self._patience:g} seconds, not be silent: is it "
                "powered, is this its port, and is this its baud rate?"
            )
        if silent or self._sent > self._acknowledged:
            raise DeviceError(
                f"line must carry words within {self._patience:g} seconds, not damage them again "
                f"and again: {bad} of {good + bad} frames from the board were damaged, and words "
                f"to it were lost {self.counters.returns} times; is this the board's baud rate? "
                "Else take a lower one, or another cable"
            )
        # The board acknowledges what it heard even if its chip is slow: the host waits for that.
        self._progress(now)

    def _hear_words(self, frame: Frame) -> None:
        """Take a frame's words; a frame without words tells how many words came before it."""
        gap = signed(frame.sequence - self._expected, NUMBERS)
        if gap == 0 and frame.kind == FrameKind.DATA and frame.words.size:
            self._got.append(frame.words)
            self._expected += frame.words.size
            self._repeat = False
        elif gap > 0 and self._is_new_damage(frame.epoch):
            self._ask(again=True)

    def _is_new_damage(self, echo: int) -> bool:
        """Says whether damage is new, and no rest of what the board is asked to repeat already.

        `echo` is the epoch that the board knew of when it sent the damaged frame.
        """
        return not (self._repeat and _is_older(echo, self._ask_epoch))

    def _hear_acknowledge(self, frame: Frame) -> None:
        """Forget the words that the board has; go back to the first one that it lacks."""
        news = signed(frame.acknowledge - self._acknowledged, NUMBERS)
        if 0 <= news <= self._highest - self._acknowledged:
            self._queue = self._queue[news:]
            self._acknowledged += news
            self._sent = max(self._sent, self._acknowledged)
            self._limit = self._acknowledged + signed(frame.limit - frame.acknowledge, NUMBERS)
        if self._mark is not None and not _is_older(frame.epoch, self._ask_epoch):
            lost, self._mark = self._mark > self._acknowledged, None
        else:
            lost = bool(frame.repeat) and not _is_older(frame.epoch, self._back_epoch)
        if lost and self._sent > self._acknowledged:
            self._sent, self._mark = self._acknowledged, None
            self._begin_epoch()
            self._back_epoch = self._epoch
            self.counters.returns += 1
            self._size.hear_damage()

    def _ask(self, again: bool) -> None:
        """Make the board answer; `again` has it repeat the words that did not come whole."""
        self._begin_epoch()
        self._ask_epoch, self._mark = self._epoch, self._sent
        self.counters.repeats += again
        self._repeat = again
        self._ready += b"\0"
        self._send_frame(FrameKind.STATUS if self._wants_status else FrameKind.DATA, ask=True)

    def _begin_epoch(self) -> None:
        self._epoch = (self._epoch + 1) % EPOCHS

    def _send_words(self) -> None:
        """Send all words that the board's limit allows; then tell of the words that were taken.

        Those are told of when they are a quarter of the board's buffer, or when the board may not
        send another one before it is told. On a bad line the host sends a few frames only, has the
        board acknowledge them, and goes on: what follows a damaged frame is sent in vain.
        """
        assert self.identity is not None
        end = written = min(self._acknowledged + self._queue.size, self._limit)
        if not self._size.is_full:
            end = min(written, self._acknowledged + BURST * self._size.words)
        while (count := min(self._size.words, end - self._sent)) > 0:
            self._send_frame(FrameKind.DATA, count, ask=self._sent + count == end < written)
        news = self._expected - self._told
        if 4 * news >= self.identity[Identity.REPLY_DEPTH] or (
            news and self._expected >= self._told_limit
        ):
            self._send_frame(FrameKind.DATA)

    def _allowed(self) -> int:
        """The number of the first word that the board may not send yet.

        The board puts into a frame what it may send, so a near limit makes its frames short.
        """
        limit = self._taken + HOST_DEPTH
        return limit if self._size.is_full else min(limit, self._expected + self._size.words)

    def _send_frame(self, kind: FrameKind, count: int = 0, ask: bool = False) -> None:
        first = self._sent - self._acknowledged
        self._told, self._told_limit = self._expected, self._allowed()
        frame = Frame(
            sequence=self._sent % NUMBERS,
            acknowledge=self._expected % NUMBERS,
            limit=self._told_limit % NUMBERS,
            kind=kind,
            repeat=self._repeat,
            ask=ask,
            epoch=self._epoch,
            session=self.session & 0xFF,
            words=self._queue[first : first + count],
        )
        self.counters.words_again += min(count, self._highest - self._sent)
        self._sent += count
        self._highest = max(self._highest, self._sent)
        self._ready += frame.encode()
        self.counters.frames_sent += 1


def _is_older(epoch: int, than: int) -> bool:
    return signed(epoch - than, EPOCHS) < 0


def _lost(reason: int) -> str:
    if reason == Reason.WATCHDOG:
        return (
            "chip must take or give a word in time, not hang: the board's watchdog ended this; "
            "go on with --resume"
        )
    return (
        "session must last, not end: the board was reset, or another host opened it; "
        "go on with --resume"
    )
