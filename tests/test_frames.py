"""Frames of the serial link: round trips, damage, hostile bytes."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from axonloop.host.frames import LONGEST, Deframer, Frame, decode

WORDS = st.lists(st.sampled_from([0, 1, 0x01010101, 2**32 - 1]) | st.integers(0, 2**32 - 1))
NUMBERS = st.integers(0, 2**16 - 1)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    return Frame(
        *(draw(NUMBERS) for _ in range(3)),
        kind=draw(st.integers(0, 3)),
        repeat=draw(st.integers(0, 1)),
        ask=draw(st.integers(0, 1)),
        epoch=draw(st.integers(0, 15)),
        session=draw(st.integers(0, 255)),
        words=np.array(draw(WORDS)[:64], np.uint32),
    )


def same(found: Frame | None, frame: Frame) -> bool:
    return found is not None and str(found) == str(frame)


def body(words: list[int]) -> bytes:
    inside = struct.pack(f"<{len(words)}I", *words)
    return inside + struct.pack("<I", zlib.crc32(inside))


@given(frames())
def test_frames_come_back(frame: Frame) -> None:
    data = frame.encode()
    assert data.index(0) == len(data) - 1 <= LONGEST
    assert len(data) in (4 * frame.words.size + 14, 4 * frame.words.size + 15)
    assert same(decode(data[:-1]), frame)


def test_a_frame_bit_by_bit() -> None:
    frame = Frame(0x1234, 0x5678, 0x9ABC, 2, 1, 0, 5, 0xDE, np.array([7], np.uint32))
    words = struct.unpack("<4I", cobs.decode(frame.encode()[:-1]))
    assert words[:3] == (0x56781234, 0xDE569ABC, 7)


@given(st.lists(frames(), max_size=5), st.integers(0, 99), st.data())
def test_pieces_of_any_size(sent: list[Frame], leading: int, data: st.DataObject) -> None:
    line = bytes(leading) + b"".join(frame.encode() for frame in sent)
    deframer, found = Deframer(), []
    while line:
        size = data.draw(st.integers(1, 300))
        found += deframer.receive(line[:size])
        line = line[size:]
    assert len(found) == len(sent)
    assert all(same(*pair) for pair in zip(found, sent, strict=True))


@given(frames(), st.data())
def test_a_changed_byte_never_passes(frame: Frame, data: st.DataObject) -> None:
    line = bytearray(frame.encode())
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 255))
    assert all(found is None for found in Deframer().receive(bytes(line) + b"\0"))


@given(st.binary(max_size=1000), frames())
def test_the_next_good_frame_is_heard_after_anything(noise: bytes, frame: Frame) -> None:
    deframer = Deframer()
    deframer.receive(noise + b"\0")
    (found,) = deframer.receive(frame.encode())
    assert same(found, frame)


def test_a_million_random_bytes_and_the_next_frame() -> None:
    deframer, rng = Deframer(), np.random.default_rng(3)
    for _ in range(100):
        heard = deframer.receive(rng.bytes(10_000))
        assert heard
        assert not any(heard)
    deframer.receive(b"\0")
    assert same(deframer.receive(Frame(epoch=3).encode())[0], Frame(epoch=3))


@pytest.mark.parametrize(
    "coded",
    [
        cobs.encode(body([1])),
        cobs.encode(body([1] * 67)),
        cobs.encode(body([1, 2, 3])[1:]),
        cobs.encode(body([1, 2, 3])) + b"\x02",
        cobs.encode(body([1, 2, 3])[:-1] + b"x"),
        b"\xff" * 5000,
        b"\x01" * 5000,
    ],
    ids=["short", "long", "odd", "run too long", "crc", "endless run", "endless zeros"],
)
def test_hostile_frames_are_bad(coded: bytes) -> None:
    deframer = Deframer()
    assert deframer.receive(coded + b"\0") == [None]
    assert same(deframer.receive(Frame(epoch=3).encode())[0], Frame(epoch=3))


def test_memory_is_bounded() -> None:
    deframer = Deframer()
    for _ in range(100):
        deframer.receive(b"x" * 10_000)
    assert len(deframer._begun) <= LONGEST + 1


def test_too_many_words() -> None:
    with pytest.raises(ValueError, match="frame must have at most 64 words, not 65"):
        Frame(words=np.zeros(65, np.uint32)).encode()
