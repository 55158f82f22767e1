"""The serial link's names and numbers, declared once (docs/link.md)."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from axonloop.models.checks import require, require_range, take_whole
from axonloop.models.config import Geometry, Mesh
from axonloop.models.protocol.registers import Control, Field, kernels_word

LINK_MAGIC = 0x41584C4C
"""Word 0 of the identification."""
LINK_VERSION = 2
"""Version of the protocol."""
FRAME_WORDS = 64
"""Most data words of a frame."""
FRAME_BYTES = 14
"""Bytes of a frame beside its data words: headers, CRC, a byte of COBS, the zero."""
BODY_WORDS = FRAME_WORDS + 3
"""Most words of a body: two of header, data, CRC."""
NUMBER_BITS = 16
"""Width of word numbers."""
EPOCH_BITS = 4
HOST_DEPTH = 1 << 14
"""Words that the host's buffer holds."""
WATCHDOG_BITS = 28
"""The watchdog waits 2^this cycles."""
HIGHEST_CLOCK = 2**32 - 1
"""The highest clock in Hz: the identification has 32 bits for it."""
LEAST_CYCLES = 4
"""Clock cycles of a bit, at least: the receiver samples a bit in its middle."""

HEADER_0 = {"sequence": Field(0, NUMBER_BITS), "acknowledge": Field(16, NUMBER_BITS)}
HEADER_1 = {
    "limit": Field(0, NUMBER_BITS),
    "kind": Field(16, 2),
    "repeat": Field(18, 1),
    "ask": Field(19, 1),
    "epoch": Field(20, EPOCH_BITS),
    "session": Field(24, 8),
}


def line_bytes(words: int) -> int:
    """Bytes of so many data words on the line, in full frames and one more for the rest.

    A frame whose first 254 bytes hold no zero, which is rare, takes one more (docs/link.md, 1).
    """
    return 4 * words + FRAME_BYTES * -(-words // FRAME_WORDS)


def require_baud(baud: int) -> int:
    """Return `baud`, in bit/s. Raises ValueError unless some clock allows that rate."""
    return require_range("baud", baud, 300, HIGHEST_CLOCK // LEAST_CYCLES)


class FrameKind(IntEnum):
    """The kinds of frames."""

    DATA = 0
    OPEN = 1
    STATUS = 2
    LOST = 3


class Reason(IntEnum):
    """The reason why a session is lost; it stands in `sequence` of LOST."""

    NONE = 0
    WATCHDOG = 1


class Identity(IntEnum):
    """Words of the identification; from GEOMETRY on, words 3..25 of the chip's CONTROL region, and
    30 and 31 if it has convolutions."""

    MAGIC = 0
    VERSION = 1
    SESSION = 2
    COMMAND_DEPTH = 3
    REPLY_DEPTH = 4
    CLOCK = 5
    BAUD = 6
    BUILD = 7
    CONFIGURATION = 8
    CORE = 9
    GEOMETRY = 10


GEOMETRY_FIELDS = tuple(entry for entry in Control if Control.AXONS <= entry < Control.TICK)
IDENTITY_WORDS = Identity.GEOMETRY + len(GEOMETRY_FIELDS)
"""Words of an identification of a chip without convolutions."""
CONVOLUTION_FIELDS = (Control.CONVOLUTIONS, Control.KERNELS)
"""Fields that follow where the chip has convolutions."""


class Status(IntEnum):
    """Counters of the board's end."""

    RECEIVED = 0
    BAD = 1
    ASTRAY = 2
    FOREIGN = 3
    SENT = 4
    RETURNS = 5


@dataclass(frozen=True)
class LinkConfig:
    """The configuration of a board's end. Raises ValueError where a value is out of range.

    `clock` in Hz, `baud` in bit/s. `command_depth` and `reply_depth` are the words that the
    buffers to and from the chip hold. The watchdog waits 2^`watchdog_bits` cycles. The clock must
    give at least 4 cycles per bit, and come within 2 % of the rate.
    """

    clock: int = 12_000_000
    baud: int = 1_000_000
    command_depth: int = 1024
    reply_depth: int = 1024
    watchdog_bits: int = WATCHDOG_BITS

    def __post_init__(self) -> None:
        take_whole(self, "clock", "baud", "watchdog_bits")
        require_baud(self.baud)  # before the clock, which may have been made of it
        require_range("clock", self.clock, 1, HIGHEST_CLOCK)
        require_range("watchdog_bits", self.watchdog_bits, 4, 40)
        for name in ("command_depth", "reply_depth"):
            depth = getattr(self, name)
            good = depth in (1 << bits for bits in range(7, 14))
            require(good, name, "a power of two in 128..8192", depth)
        cycles = self.cycles_per_bit
        most = f"at most a quarter of the clock ({self.clock})"
        require(cycles >= LEAST_CYCLES, "baud", most, self.baud)
        error = abs(self.clock / cycles / self.baud - 1)
        require(error <= 0.02, "baud", f"a whole part of the clock ({self.clock})", self.baud)

    @property
    def cycles_per_bit(self) -> int:
        """Clock cycles of one bit."""
        return round(self.clock / self.baud)


def geometry_words(geometry: Geometry, mesh: Mesh) -> list[int]:
    """The values of `geometry_fields` in the chip's CONTROL region."""
    values = {**vars(geometry), **vars(mesh)}
    words = [int(values[field.name.lower()]) for field in GEOMETRY_FIELDS]
    return words + [geometry.convolutions, kernels_word(geometry)] * bool(geometry.convolutions)


def geometry_fields(words: int) -> tuple[Control, ...]:
    """The offsets in CONTROL of so many words of geometry in an identification."""
    more = words > len(GEOMETRY_FIELDS)
    return GEOMETRY_FIELDS + CONVOLUTION_FIELDS * more


def configuration_hash(words: Sequence[int]) -> int:
    """The first 32 bits of the SHA-256 of `words`, those of the identification from CORE on."""
    return _first_word(struct.pack(f"<{len(words)}I", *words))


def build_hash(sources: bytes) -> int:
    """The first 32 bits of the SHA-256 of the gateware's sources."""
    return _first_word(sources)


def _first_word(data: bytes) -> int:
    return int.from_bytes(hashlib.sha256(data).digest()[:4], "big")


def identity_words(
    link: LinkConfig, geometry: Geometry, mesh: Mesh, core: int, build: int
) -> list[int]:
    """The identification of a board, for session 0."""
    chip = [core, *geometry_words(geometry, mesh)]
    line = [link.command_depth, link.reply_depth, link.clock, link.baud]
    return [LINK_MAGIC, LINK_VERSION, 0, *line, build, configuration_hash(chip), *chip]
