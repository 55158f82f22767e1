"""Frames of the serial link: round trips, damage, hostile bytes."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st

from axonloop.host.devices.serial_line.frames import LONGEST, Deframer, Frame, decode

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


def plain_body(coded: bytes) -> bytes | None:
    """Docs/link.md, section 1, byte by byte: the body, if it is a good frame's."""
    found, place = bytearray(), 0
    while place < len(coded):
        run = coded[place + 1 : place + coded[place]]
        if len(run) + 1 < coded[place]:
            return None
        place += coded[place]
        found += run + (b"\0" if len(run) < 254 and place < len(coded) else b"")
    crc = 0xFFFF_FFFF
    for byte in found[:-4]:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xEDB8_8320 * (crc & 1)
    good = (crc ^ 0xFFFF_FFFF).to_bytes(4, "little") == found[-4:]
    return bytes(found) if good and len(found) in range(12, 272, 4) else None


@st.composite
def hostile(draw: st.DrawFn) -> bytes:
    """Bytes between two zeros: any, a body of any length with a good CRC, or nearly such."""
    words = draw(st.lists(st.sampled_from([0, 1, 0x01010101, 2**32 - 1]), max_size=80))
    coded = bytearray(cobs.encode(draw(st.sampled_from([body(words), body(words)[1:]]))))
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        place = draw(st.integers(0, len(coded)))
        coded[place : place + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return draw(st.sampled_from([bytes(coded), draw(st.binary())])).replace(b"\0", b"\1")


@settings(max_examples=200)
@given(st.lists(hostile(), max_size=6), st.binary(max_size=300), st.data())
def test_only_what_has_its_crc_passes(
    parts: list[bytes], noise: bytes, data: st.DataObject
) -> None:
    """A frame for each good body on the line, as the plain decoder has it, and no other."""
    line = noise + b"\0" + b"\0".join(parts) + b"\0"
    bodies = [plain_body(coded) for coded in line.split(b"\0") if coded]
    deframer, found = Deframer(), []
    while line:
        size = data.draw(st.integers(1, 600))
        found += deframer.receive(line[:size])
        line = line[size:]
    assert [frame is None for frame in found] == [body is None for body in bodies]
    for frame, inside in zip(found, bodies, strict=True):
        if frame is not None and inside is not None:
            assert cobs.decode(frame.encode()[:-1]) == inside


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
