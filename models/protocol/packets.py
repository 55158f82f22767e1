"""The one packet format: on the host port, on the mesh, in recordings (docs/contract.md, 6).

A packet is one header word, and for register access more words behind it. Words are 32 bits,
little-endian where they become bytes. Header: kind in bits 31..28, core in 27..20, argument in
19..0.
"""

from __future__ import annotations

from enum import IntEnum

from axonloop.models.checks import require_range

MAX_COUNT = 0xFFFF
"""Most words that one register access can move."""
NEAR_NEURONS = 2048
"""Neurons that an ERROR can name; FAR_ERROR names those behind them."""


class Kind(IntEnum):
    """Bits 31..28 of a header. 0 and 11..15 are reserved."""

    SPIKE = 1
    ERROR = 2
    TICK = 3
    LEARN = 4
    CLEAR = 5
    WRITE = 6
    READ = 7
    DATA = 8
    FAULT = 9
    FAR_ERROR = 10


class Fault(IntEnum):
    """Bits 3..0 of a FAULT packet's argument; bits 7..4 hold the refused packet's kind."""

    KIND = 1
    CORE = 2
    RANGE = 3
    LEARNED = 4


def header(kind: Kind, core: int, argument: int = 0) -> int:
    """A header word."""
    return kind << 28 | core << 20 | argument


def spike(core: int, axon: int, delay: int = 0) -> int:
    """A spike for `axon` (0..65535) in slot tick + `delay` (0..15)."""
    return header(Kind.SPIKE, core, delay << 16 | axon)


def error(core: int, neuron: int, value: int, ungated: bool = False) -> int:
    """An error event of signed `value` (-127..127) for `neuron` (0..4095)."""
    require_range("error event", value, -127, 127)
    require_range("neuron of an error event", neuron, 0, 2 * NEAR_NEURONS - 1)
    far, near = divmod(neuron, NEAR_NEURONS)
    kind = Kind.FAR_ERROR if far else Kind.ERROR
    return header(kind, core, int(ungated) << 19 | near << 8 | value & 0xFF)


def neuron_of_error(word: int) -> int:
    """The neuron of an ERROR or FAR_ERROR packet."""
    far = NEAR_NEURONS if kind_of(word) == Kind.FAR_ERROR else 0
    return far + (word >> 8 & NEAR_NEURONS - 1)


def tick(core: int, learn: bool = False) -> int:
    """Run a tick; with `learn`, the learning step follows at once."""
    return header(Kind.TICK, core, int(learn))


def write(core: int, address: int, words: list[int]) -> list[int]:
    """Write `words` (1..65535 of them, unsigned 32-bit) to `address` and behind."""
    require_range("number of words", len(words), 1, MAX_COUNT)
    return [header(Kind.WRITE, core, len(words)), address, *words]


def read(core: int, address: int, count: int) -> list[int]:
    """Ask for `count` words (1..65535) at `address` and behind."""
    require_range("number of words", count, 1, MAX_COUNT)
    return [header(Kind.READ, core, count), address]


def kind_of(word: int) -> int:
    return word >> 28


def core_of(word: int) -> int:
    return word >> 20 & 0xFF


def argument_of(word: int) -> int:
    return word & 0xFFFFF
