"""Frames of the serial link as bytes, and back (docs/link.md, section 1)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

import numpy as np
from cobs import cobs

from axonloop.host.devices.packets import Words
from axonloop.models.protocol import BODY_WORDS, FRAME_WORDS, HEADER_0, HEADER_1, pack, unpack

NO_WORDS: Words = np.empty(0, np.uint32)
LONGEST = 4 * BODY_WORDS + 2
"""Most bytes between two zeros."""
SHORTEST = 12
"""Fewest bytes of a body."""


@dataclass(frozen=True)
class Frame:
    """Header fields, as numbers, and data words, uint32; 0..64 of them."""

    sequence: int = 0
    acknowledge: int = 0
    limit: int = 0
    kind: int = 0
    repeat: int = 0
    ask: int = 0
    epoch: int = 0
    session: int = 0
    words: Words = field(default_factory=NO_WORDS.copy)

    def encode(self) -> bytes:
        """The bytes on the line, with the zero at the end. ValueError if a field does not fit."""
        if self.words.size > FRAME_WORDS:
            raise ValueError(f"frame must have at most {FRAME_WORDS} words, not {self.words.size}")
        headers = (
            pack(fields, **{name: getattr(self, name) for name in fields})
            for fields in (HEADER_0, HEADER_1)
        )
        body = struct.pack("<2I", *headers) + self.words.astype("<u4").tobytes()
        return bytes(cobs.encode(body + struct.pack("<I", zlib.crc32(body)))) + b"\0"


def decode(coded: bytes) -> Frame | None:
    """The frame from what stands between two zeros; None if it is bad."""
    try:
        body = cobs.decode(coded)
    except cobs.DecodeError:
        return None
    if len(body) % 4 or not SHORTEST <= len(body) <= 4 * BODY_WORDS:
        return None
    first, second, *_ = words = np.frombuffer(body, "<u4")
    if zlib.crc32(body[:-4]) != words[-1]:
        return None
    fields = unpack(HEADER_0, int(first)) | unpack(HEADER_1, int(second))
    return Frame(**fields, words=words[2:-1].astype(np.uint32))


class Deframer:
    """Cuts a stream of bytes into frames; keeps at most the bytes of one."""

    def __init__(self) -> None:
        self._begun = b""

    def receive(self, data: bytes) -> list[Frame | None]:
        """The frames that end in `data`, in order; None for a bad one."""
        *ended, begun = (self._begun + data).split(b"\0")
        self._begun = begun[: LONGEST + 1]
        return [decode(coded) for coded in ended if coded]
