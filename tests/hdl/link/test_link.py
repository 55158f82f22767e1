"""The gateware's end of the link: frame by frame from docs/link.md, then against the host's end."""

from __future__ import annotations

import random
from collections import deque

import numpy as np
import pytest

from axonloop.host.devices.serial_line.frames import Deframer, Frame
from axonloop.host.devices.serial_line.session import HostLink, LinkLostError
from axonloop.models.protocol import FrameKind
from tests.host.devices.serial_line.test_session import Line
from tests.support.link_bench import CYCLES_PER_BYTE, IDENTITY, EchoChip, run_link

SESSION = 0xABCD_EF42
LOW = SESSION & 0xFF


def words(*values: int) -> np.ndarray:
    return np.array(values, np.uint32)


OPEN = Frame(kind=FrameKind.OPEN, session=LOW, words=words(SESSION))


def data(*values: int, **fields: int) -> Frame:
    return Frame(**{"session": LOW, "limit": 1000} | fields, words=words(*values))


def answers(
    sent: list[Frame | bytes],
    chip: EchoChip | None = None,
    wait: int = 4000,
    watchdog_bits: int = 28,
) -> list[list[Frame]]:
    """What the board says after each of `sent`; before the next it has `wait` cycles."""
    line: deque[int] = deque()
    deframer, heard = Deframer(), [[] for _ in sent]

    def line_in(cycle: int) -> int | None:
        if cycle % wait < 12:
            frame = sent[cycle // wait]
            line.extend(frame if isinstance(frame, bytes) else frame.encode())
        return line.popleft() if line else None

    def line_out(cycle: int, byte: int) -> None:
        found = deframer.receive(bytes([byte]))
        assert None not in found
        heard[cycle // wait] += found

    run_link(wait * len(sent), line_in, line_out, chip or EchoChip(), watchdog_bits=watchdog_bits)
    return heard


def test_a_board_without_session_says_so():
    (heard,) = answers([data(1)])
    assert [(f.kind, f.session, f.sequence, f.words.size) for f in heard] == [
        (FrameKind.LOST, LOW, 0, 0)
    ]


def test_open_identifies_and_resets_once():
    chip = EchoChip()
    heard = answers([OPEN, OPEN, Frame(kind=FrameKind.OPEN, session=7, words=words(7))], chip)
    for (frame,), session in zip(heard, (SESSION, SESSION, 7), strict=True):
        assert frame.kind == FrameKind.OPEN
        assert frame.session == session & 0xFF
        assert (frame.sequence, frame.acknowledge, frame.limit, frame.epoch) == (0, 0, 128, 0)
        assert frame.words.tolist() == [*IDENTITY[:2], session, *IDENTITY[3:]]
    assert chip.resets == 3  # power-up, and two sessions


def test_words_reach_the_chip_and_answers_return():
    chip = EchoChip()
    _, heard, more = answers([OPEN, data(0, 2), data(3, sequence=2, acknowledge=3)], chip)
    assert chip.commands == [0, 2, 3]
    (frame,) = heard
    assert (frame.sequence, frame.acknowledge, frame.limit) == (0, 2, 130)
    assert frame.words.tolist() == EchoChip.answer(2)
    (frame,) = more
    assert (frame.sequence, frame.acknowledge, frame.limit) == (3, 3, 131)
    assert frame.words.tolist() == EchoChip.answer(3)


def test_posted_words_are_not_answered_before_a_quarter_is_taken():
    _, silent, told = answers([OPEN, data(*[0] * 31), data(0, sequence=31)])
    assert silent == []
    assert [(f.acknowledge, f.limit, f.words.size) for f in told] == [(32, 160, 0)]


def test_old_and_early_words_are_dropped_and_answered():
    chip = EchoChip()
    _, _, old, early = answers([OPEN, data(0, 0), data(0, 0), data(0, sequence=3)], chip)
    assert chip.commands == [0, 0]
    assert [(f.acknowledge, f.repeat) for f in old + early] == [(2, 0), (2, 1)]


def test_a_bad_frame_is_answered_in_a_session_only():
    bad = b"\x05abcd\0"
    before, _, after, nothing = answers([bad, OPEN, bad, b"\0\0\0"])
    assert before == nothing == []
    assert [(f.acknowledge, f.repeat) for f in after] == [(0, 1)]


def test_open_without_a_number_is_bad():
    empty = Frame(kind=FrameKind.OPEN, session=LOW)
    before, _, after = answers([empty, OPEN, empty])
    assert before == []
    assert [f.repeat for f in after] == [1]


def test_words_without_room_are_dropped():
    chip = EchoChip(work=10**9)
    frames = [data(*[0] * 64, sequence=n) for n in (0, 64, 128)]
    _, _, _, heard = answers([OPEN, *frames], chip)
    assert [(f.acknowledge, f.limit, f.repeat) for f in heard] == [(128, 129, 1)]


@pytest.mark.slow
def test_answers_wait_for_their_end_and_go_again_when_asked():
    ask = {"repeat": 1, "ask": 1, "sequence": 1}
    _, first, again, same_epoch, later = answers(
        [
            OPEN,
            data(100),
            data(epoch=1, **ask),
            data(epoch=1, **ask),
            data(epoch=2, acknowledge=70, **ask),
        ],
        wait=9000,
    )
    expected = EchoChip.answer(100)
    assert [f.words.size for f in again] == [0, 64, 37]
    for heard in (first, again[1:]):
        assert [f.sequence for f in heard] == [0, 64]
        assert np.concatenate([f.words for f in heard]).tolist() == expected
    assert {f.epoch for f in again} == {1}
    assert [(f.words.size, f.epoch) for f in same_epoch] == [(0, 1)]
    assert [(f.sequence, f.words.tolist()) for f in later] == [(70, []), (70, expected[70:])]


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_acknowledged_after_going_back_is_not_sent_again(count):
    """An acknowledgement and a limit in one frame: what the limit allows counts from there.

    It did not in every second cycle, and words were sent that the chip had not said.
    """
    back = data(sequence=1, repeat=1, epoch=1, limit=0)
    taken = data(sequence=1, acknowledge=count + 1)
    _, first, went_back, silent = answers([OPEN, data(count), back, taken], wait=2400)
    assert [f.words.size for f in first] == [count + 1]
    assert went_back == silent == []


def test_the_hosts_limit_is_kept():
    _, none, some, rest = answers(
        [OPEN, data(5, limit=0), data(sequence=1, limit=4), data(sequence=1, limit=100)]
    )
    assert none == []
    assert [(f.sequence, f.words.size) for f in some + rest] == [(0, 4), (4, 2)]


def test_false_acknowledgements_are_ignored():
    _, first, second = answers(
        [OPEN, data(2, acknowledge=5), data(2, sequence=1, acknowledge=60_000)]
    )
    assert [f.sequence for f in first + second] == [0, 3]


def test_faults_end_an_answer():
    _, heard = answers([OPEN, data(1 << 31)])
    assert [f.words.tolist() for f in heard] == [[0x9000_0001]]


def test_status():
    bad, foreign = b"\x05abcd\0", Frame(session=1)
    status = Frame(kind=FrameKind.STATUS, session=LOW, sequence=1)
    heard = answers(
        [OPEN, data(0), data(0), bad, foreign, data(0, sequence=1, repeat=1, epoch=1), status]
    )
    (frame,) = heard[-1]
    assert frame.kind == FrameKind.STATUS
    # Sent: identification, old frame, repeat, LOST, and this one.
    assert frame.words.tolist() == [4, 1, 1, 1, 5, 1]


def test_the_watchdog_ends_a_session_and_a_new_one_helps():
    chip = EchoChip(work=10**9)
    ask = data(ask=1, sequence=2)
    opened = Frame(kind=FrameKind.OPEN, session=9, words=words(9))
    heard = answers([OPEN, data(0, 0), ask, opened], chip, watchdog_bits=11)
    assert [(f.kind, f.sequence) for f in heard[1] + heard[2]] == [(FrameKind.LOST, 1)]
    assert [f.kind for f in heard[3]] == [FrameKind.OPEN]
    assert chip.resets == 3


SEEDS = [0, pytest.param(1, marks=pytest.mark.slow)]


class Loop:
    """The host's end and the gateware's, with a damaged line between."""

    def __init__(self, seed: int, rate: float, noise: bool = False) -> None:
        self.rng = random.Random(seed)
        self.chip = EchoChip()
        self.host = HostLink(SESSION, pause=0.004, patience=0.2)
        self.down, self.up = Line(self.rng, rate), Line(self.rng, rate)
        self.noise, self.line, self.heard = noise, deque[int](), list[int]()

    def line_in(self, cycle: int) -> int | None:
        if not self.line:
            if self.noise and self.rng.random() < 0.02:
                self.line.extend(self.rng.randbytes(300))
            self.line.extend(self.down.carry(self.host.output(cycle * 1e-6)))
        return self.line.popleft() if self.line else None

    def line_out(self, cycle: int, byte: int) -> None:
        self.host.receive(self.up.carry(bytes([byte])), cycle * 1e-6)
        self.heard += self.host.take().tolist()

    def run(self, commands: list[int], cycles: int = 400_000) -> int:
        expected = [word for command in commands for word in EchoChip.answer(command)]
        self.host.begin(0)
        self.host.send(words(*commands))
        ran = run_link(
            cycles,
            self.line_in,
            self.line_out,
            self.chip,
            lambda _: len(self.heard) >= len(expected),
        )
        assert self.heard == expected
        assert self.chip.commands == commands
        return ran


def random_commands(rng: random.Random, count: int) -> list[int]:
    def word() -> int:
        return rng.choice([0, 0, 0, 1 << 31, 2, rng.getrandbits(23) << 8 | rng.randrange(90)])

    return [*(word() for _ in range(count)), 1]


@pytest.mark.parametrize("rate", [0, 4e-3])
@pytest.mark.parametrize("seed", SEEDS)
def test_both_ends_deliver_once_and_in_order(seed, rate):
    loop = Loop(seed, rate)
    loop.run(random_commands(loop.rng, 40))
    counters = loop.host.counters
    if rate == 0:
        assert (counters.words_again, counters.repaired) == (0, 0)
    else:
        assert loop.down.faults + loop.up.faults > 0
        assert counters.repaired > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_garbage_between_frames_does_no_harm(seed):
    loop = Loop(seed, 0, noise=True)
    loop.run(random_commands(loop.rng, 20))


def test_another_host_is_noticed():
    loop = Loop(0, 0)
    loop.run([0, 2])
    with pytest.raises(LinkLostError):
        loop.host.receive(answers([data(1)])[0][0].encode(), 1.0)


@pytest.mark.slow
def test_an_upload_fills_the_line():
    """With the smallest of buffers: as many byte times as bytes, but for 232 to open and answer."""
    loop = Loop(0, 0)
    ran = loop.run([*[0] * 575, 1])
    assert ran / CYCLES_PER_BYTE <= 4 * 576 + 14 * 9 + 232
