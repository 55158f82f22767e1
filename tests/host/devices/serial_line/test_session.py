"""The host's end of the link against a plain board, over lines that damage what they carry."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from axonloop.host.devices import DeviceError
from axonloop.host.devices.serial_line.frame_size import FrameSize
from axonloop.host.devices.serial_line.frames import Deframer, Frame
from axonloop.host.devices.serial_line.session import HostLink, LinkLostError
from axonloop.models.protocol import FRAME_WORDS, FrameKind
from tests.support.board_link import BoardLink

STEP = 0.001


@dataclass
class Line:
    """Carries bytes with faults of every kind, each with the chance `rate` per byte.

    With the chance `gaps` it carries nothing of what one step brings.
    """

    rng: random.Random
    rate: float = 0.0
    gaps: float = 0.0
    held: bytes = b""
    faults: int = 0

    def carry(self, data: bytes) -> bytes:
        if self.rng.random() < self.gaps:
            return b""
        if not self.rate:
            return data
        arrived, held = bytearray(self.held), bytearray()
        out = arrived
        for byte in data:
            if self.rng.random() >= self.rate:
                out.append(byte)
                continue
            self.faults += 1
            match self.rng.choice(["lost", "flipped", "doubled", "delayed"]):
                case "flipped":
                    out.append(byte ^ 1 << self.rng.randrange(8))
                case "doubled":
                    out += bytes([byte, byte])
                case "delayed":
                    out = held
                    out.append(byte)
        self.held = bytes(held)
        return bytes(arrived)


@dataclass
class Pair:
    """A host and a board whose chip answers every word w with w words, some time later."""

    seed: int = 0
    rate: float = 0.0
    gaps: float = 0.0
    slots: int = 128
    speed: int = 20
    now: float = 0.0
    board: BoardLink = field(init=False)
    heard: list[int] = field(default_factory=list)
    work: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)
        self.rng, self.board = rng, BoardLink(self.slots)
        self.down, self.up = (Line(rng, self.rate, self.gaps) for _ in range(2))
        self.host = HostLink(0xBEEF01, pause=0.02)
        self.host.begin(self.now)

    def step(self) -> None:
        self.now += STEP
        self.board.receive(self.down.carry(self.host.output(self.now)))
        if not self.work or self.rng.random() < 0.7:
            self.work += self.board.chip_takes(self.rng.randrange(self.speed))
        while self.work and self.board.room >= self.work[0]:
            count = self.work.pop(0)
            self.board.say([count] * count, end=count > 0)
        for _ in range(4):
            self.host.receive(self.up.carry(self.board.output()), self.now)
        self.heard += self.host.take().tolist()

    def run(self, words: list[int], limit: int = 20_000) -> None:
        """Until the chip has heard all `words` and the host all answers."""
        self.host.wait(self.now)
        self.host.send(np.array(words, np.uint32))
        answers = len(self.heard) + sum(words)
        for _ in range(limit):
            if len(self.heard) >= answers and self.host.identity is not None:
                return
            self.step()
        raise AssertionError(f"{len(self.heard)} of {answers} answers came")


def echoed(words: list[int]) -> list[int]:
    return [word for word in words for _ in range(word)]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([0, 1e-4, 1e-3, 1e-2, 2e-2]),
    st.lists(st.lists(st.integers(0, 40), max_size=100).map(lambda words: [*words, 1]), max_size=6),
)
def test_every_word_once_and_in_order(seed: int, rate: float, parts: list[list[int]]) -> None:
    pair, sent = Pair(seed, rate), []
    for words in parts:
        pair.run(words)
        sent += words
    assert pair.board.commands == sent
    assert pair.heard == echoed(sent)


@pytest.mark.parametrize("seed", range(10))
def test_whole_frames_are_lost(seed: int) -> None:
    # When a cable was out for a moment, the board's last words went without a trace: no bad frame,
    # none behind them. The host asked and asked, and heard that nothing was to be said.
    pair = Pair(seed, gaps=0.3)
    words = [*range(20), 1] * 3
    pair.run(words)
    assert pair.board.commands == words
    assert pair.heard == echoed(words)
    assert pair.host.counters.repaired > 0
    assert pair.host._size.is_full  # nothing was damaged, so shorter frames would be no help


@pytest.mark.parametrize("seed", range(5))
def test_a_session_opens_over_a_very_bad_line(seed: int) -> None:
    """Of identifications, 134 bytes, one in 60 arrives: the host need not wait longer each time."""
    pair = Pair(seed)
    pair.up.rate = 0.03
    for _ in range(2000):
        if pair.host.identity is None:
            pair.step()
    assert pair.host.identity is not None


@pytest.mark.parametrize("rate", [0, 1e-4, 1e-3, 5e-3])
def test_numbers_wrap(rate: float) -> None:
    pair = Pair(1, rate, slots=1024, speed=400)
    words = [*([0] * 9 + [12]) * 8000, 1]
    pair.run(words)
    assert pair.board.commands == words
    assert pair.heard == echoed(words)
    assert (pair.down.faults + pair.up.faults > 0) == (rate > 0)
    assert (pair.host.counters.repaired > 0) == (rate > 0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("down", [0.0, 0.02, 0.03])
@pytest.mark.parametrize("up", [0.0, 0.02, 0.03])
def test_short_frames_get_through_a_very_bad_line(seed: int, down: float, up: float) -> None:
    """Of full frames one in 230 arrives at 2 %: with those this went on without an end."""
    pair = Pair(seed, slots=1024, speed=400)
    pair.down.rate, pair.up.rate = down, up
    words = [*([0] * 9 + [12]) * 30, 1]
    pair.run(words, limit=40_000)
    assert pair.board.commands == words
    assert pair.heard == echoed(words)
    assert (pair.host._size.words < FRAME_WORDS) == (down + up > 0)
    # On a good line frames grow again, and nothing is repeated any more.
    pair.down.rate = pair.up.rate = 0
    for _ in range(80):
        pair.run([1, 1])
    again = pair.host.counters.words_again
    pair.run(words)
    assert pair.host._size.words == FRAME_WORDS
    assert pair.host.counters.words_again == again


@pytest.mark.parametrize(("down", "up"), [(0.5, 0.0), (0.0, 0.5), (0.3, 0.3)])
def test_a_line_that_carries_nothing_has_an_end(down: float, up: float) -> None:
    """Good frames come now and then, or even always: what counts is that words get through."""
    pair = Pair(1)
    pair.run([1])
    start = pair.now
    pair.down.rate, pair.up.rate = down, up
    expected = (
        r"line must carry words within 10 seconds, not damage them again and again: \d+ of \d+ "
        r"frames from the board were damaged, and words to it were lost \d+ times; is this"
    )
    with pytest.raises(DeviceError, match=expected):
        pair.run([*range(40)] * 20, limit=200_000)
    assert pair.now - start > 10


def test_a_board_behind_a_bad_line_is_not_taken_for_a_silent_one() -> None:
    pair = Pair(1)
    pair.up.rate = 0.3
    with pytest.raises(DeviceError, match="line must carry words .* of .* frames from the board w"):
        pair.run([1])


def test_a_slow_chip_is_no_bad_line() -> None:
    """It works for ten minutes; the line answers when it is asked, and some noise does no harm."""
    pair = Pair(1)
    pair.run([1])
    pair.host.wait(pair.now)
    pair.host.send(np.array([2], np.uint32))
    for step in range(6000):
        pair.now += 0.1
        pair.board.receive(pair.host.output(pair.now))
        pair.board.chip_takes(1)
        noise = b"\1\0" if step % 1000 == 1 else b""
        pair.host.receive(noise + pair.board.output(), pair.now)
    pair.host.send(np.array([3], np.uint32))
    for _ in range(2):  # with the word on its way, which is new and not lost
        pair.now += STEP
        pair.board.receive(pair.host.output(pair.now))
    for _ in range(5):
        pair.step()
    pair.board.say([2, 2])
    for _ in range(5):
        pair.step()
    assert sorted(pair.heard) == [1, 2, 2, 3, 3, 3]


def test_words_sent_behind_an_ask_are_not_lost() -> None:
    """The answer to an ask tells of the words before it only: those behind it are on their way."""
    pair = Pair(1)
    pair.run([1])
    pair.host.wait(pair.now)
    pair.now += 1
    ask = pair.host.output(pair.now)
    pair.host.send(np.array([2, 1], np.uint32))
    words = pair.host.output(pair.now)
    pair.board.receive(ask)
    pair.host.receive(pair.board.output(), pair.now)
    pair.board.receive(words)
    for _ in range(10):
        pair.step()
    assert pair.heard == [1, 2, 2, 1]
    assert (pair.host.counters.returns, pair.host.counters.words_again) == (0, 0)


def test_short_frames_wait_for_no_timer() -> None:
    """The host asks for the acknowledgement of a burst with its last frame, not after a silence."""
    pair = Pair(1, slots=1024, speed=400)
    pair.run([1])
    pair.host._size.words = 1
    pair.run([*[0] * 300, 12])
    assert pair.host.counters.asks == 0


def test_the_size_of_frames() -> None:
    """Damage once is no reason to change it; twice in a row halves it; eight arrivals double it."""
    size = FrameSize()
    for _ in range(9):
        size.hear_damage()
        size.hear_arrival()
    assert size.words == 64
    sizes = []
    for _ in range(8):
        size.hear_damage()
        sizes.append(size.words)
    assert sizes == [64, 32, 16, 8, 4, 2, 1, 1]
    for _ in range(7):
        size.hear_arrival()
    assert size.words == 1
    for _ in range(1 + 8 * 6):
        size.hear_arrival()
    assert size.words == 64


def test_a_line_without_faults_repeats_nothing() -> None:
    pair = Pair(2)
    pair.run([*range(60), 1])
    counters = pair.host.counters
    assert (counters.words_again, counters.bad, counters.repeats, counters.asks) == (0, 0, 0, 0)
    assert pair.board.counters[1:4] == [0, 0, 0]
    assert pair.board.counters[5] == 0


def test_bytes_on_the_line_are_those_of_the_page() -> None:
    pair = Pair(3, slots=1024)
    pair.run([1])
    start = pair.host.counters.frames_sent
    pair.host.send(np.zeros(640, np.uint32))
    data = pair.host.output(pair.now)
    assert pair.host.counters.frames_sent - start == 10
    assert len(data) == 4 * 640 + 14 * 10
    assert pair.host.output(pair.now) == b""


@pytest.mark.parametrize("seed", range(5))
def test_garbage_between_frames(seed: int) -> None:
    pair = Pair(seed)
    rng = random.Random(seed)
    for _ in range(20):
        words = [rng.randrange(9) for _ in range(rng.randrange(50))] + [1]
        pair.board.receive(rng.randbytes(rng.randrange(2000)))
        pair.host.receive(rng.randbytes(rng.randrange(2000)), pair.now)
        pair.run(words)
    assert pair.heard == echoed(pair.board.commands)


@pytest.mark.parametrize("seed", range(5))
def test_replays_of_old_frames_change_nothing(seed: int) -> None:
    pair, rng = Pair(seed), random.Random(seed)
    kept: list[list[bytes]] = [[], []]
    for words in ([3, 4, 1], [5] * 100 + [1], [2] * 50 + [1]):
        pair.host.wait(pair.now)
        pair.host.send(np.array(words, np.uint32))
        answers = len(pair.heard) + sum(words)
        while len(pair.heard) < answers:
            pair.now += STEP
            down = pair.host.output(pair.now)
            replay = rng.choice(kept[0]) if kept[0] and rng.random() < 0.3 else b""
            pair.board.receive(down + replay)
            for word in pair.board.chip_takes(40):
                pair.board.say([word] * word)
            up = pair.board.output()
            replay = rng.choice(kept[1]) if kept[1] and rng.random() < 0.3 else b""
            pair.host.receive(up + replay, pair.now)
            kept[0] += [down] if down else []
            kept[1] += [up] if up else []
            pair.heard += pair.host.take().tolist()
    assert pair.heard == echoed(pair.board.commands)


def test_a_slow_chip_stops_the_host() -> None:
    pair = Pair(4)
    pair.run([1])
    pair.host.send(np.zeros(1000, np.uint32))
    for _ in range(50):
        pair.now += STEP
        pair.board.receive(pair.host.output(pair.now))
        pair.host.receive(pair.board.output(), pair.now)
    assert len(pair.board.inbox) == 128
    assert pair.host.counters.words_again == 0


def test_a_new_host_takes_over_and_the_old_one_hears() -> None:
    pair = Pair(5)
    pair.run([2, 1])
    old, pair.host = pair.host, HostLink(0xF00D02)
    pair.host.begin(pair.now)
    pair.run([3])
    assert pair.board.chip_resets == 2
    old.send(np.zeros(1, np.uint32))
    pair.board.receive(old.output(pair.now))
    with pytest.raises(LinkLostError, match="session must last, not end: the board was reset"):
        old.receive(pair.board.output(), pair.now)
    pair.run([2])
    assert pair.heard == [2, 2, 1, 3, 3, 3, 2, 2]


def test_a_board_that_was_reset_is_noticed() -> None:
    pair = Pair(6)
    pair.run([2, 1])
    pair.board = BoardLink()
    with pytest.raises(LinkLostError, match="the board was reset, or another host opened it"):
        pair.run([1])


def test_a_watchdog_is_named() -> None:
    pair = Pair(6)
    pair.run([1])
    with pytest.raises(LinkLostError, match="chip must take or give a word in time, not hang"):
        pair.host.receive(Frame(1, kind=FrameKind.LOST, session=1).encode(), pair.now)


def test_silence_has_an_end() -> None:
    host = HostLink(1, pause=0.05, patience=3)
    host.begin(10)
    sent = [now for step in range(301) if host.output(now := 10 + step / 100)]
    assert [round(b - a, 2) for a, b in zip(sent, sent[1:], strict=False)] == pytest.approx(
        [0.05, 0.1, 0.2, 0.4, 0.8, 1.0], abs=0.011
    )
    with pytest.raises(DeviceError, match="board must answer within 3 seconds, not be silent"):
        host.output(13.01)


def test_another_version_is_refused() -> None:
    host = HostLink(7)
    host.begin(0)
    words = np.array([0x41584C4C, 9, 7], np.uint32)
    with pytest.raises(DeviceError, match="protocol of the board must be version 2, not 9"):
        host.receive(Frame(kind=FrameKind.OPEN, session=7, words=words).encode(), 0)


@pytest.mark.parametrize(
    "words",
    [[], [0x41584C4C, 2], [0, 2, 7] + 27 * [0], [0x41584C4C, 2, 8] + 27 * [0], [0x41584C4C, 2, 7]],
)
def test_other_identifications_are_passed_over(words: list[int]) -> None:
    host = HostLink(7)
    host.begin(0)
    frame = Frame(kind=FrameKind.OPEN, session=7, words=np.array(words, np.uint32))
    host.receive(frame.encode(), 0)
    assert host.identity is None


def test_status() -> None:
    pair = Pair(8)
    pair.run([1])
    pair.host.ask_status()
    pair.step()
    pair.step()
    assert pair.host.status is not None
    assert pair.host.status.tolist()[:4] == [2, 0, 0, 0]


def test_a_lost_status_is_asked_for_again() -> None:
    # The first time that a status was lost, its reader waited for ever.
    pair = Pair(8)
    pair.run([1])
    pair.host.ask_status()
    pair.host.output(pair.now)
    for _ in range(100):
        pair.step()
    assert pair.host.status is not None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=300)), st.booleans())
def test_no_bytes_break_the_host(parts: list[bytes], opened: bool) -> None:
    pair = Pair(9)
    if opened:
        pair.run([1])
    heard = list(pair.heard)
    for data in parts:
        pair.host.receive(data, pair.now)
        pair.host.output(pair.now)
        assert pair.host.take().size == 0
    pair.host.receive(b"\0", pair.now)
    pair.run([3, 1])
    assert pair.heard == [*heard, *echoed([3, 1])]


NUMBERS = st.sampled_from([0, 1, 2, 5, 127, 2**15, 2**16 - 1]) | st.integers(0, 2**16 - 1)
HOSTILE = st.builds(
    Frame,
    sequence=NUMBERS,
    acknowledge=NUMBERS,
    limit=NUMBERS,
    kind=st.integers(0, 2),
    repeat=st.integers(0, 1),
    ask=st.integers(0, 1),
    epoch=st.integers(0, 15),
    session=st.sampled_from([1, 7]),
    words=st.lists(st.sampled_from([2, 0x41584C4C, 7]), max_size=40).map(
        lambda words: np.array(words, np.uint32)
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(HOSTILE, max_size=20), st.booleans())
def test_no_good_frame_breaks_the_host(frames: list[Frame], opened: bool) -> None:
    """A board that lies: the host takes only words in order, and sends only what it was given."""
    pair = Pair(10)
    if opened:
        pair.run([1])
    host, sent, taken = pair.host, [], len(pair.heard)
    host.send(np.arange(300, dtype=np.uint32))
    for frame in frames:
        host.receive(frame.encode(), pair.now)
        new = host.take()
        if new.size:
            assert opened
            assert (frame.sequence, frame.session) == (taken, 1)
            assert new.tolist() == frame.words.tolist()
        taken += new.size
        pair.now += 0.1
        host.wait(pair.now)
        sent += Deframer().receive(host.output(pair.now))
    given = [1] * opened + list(range(300))
    for answer in sent:
        assert answer is not None
        if answer.kind == FrameKind.DATA and answer.words.size:
            assert answer.words.tolist() == given[answer.sequence :][: answer.words.size]
