"""The registers of a chip on a bus, declared once (docs/verilog.md)."""

from enum import IntEnum

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

BUS_MAGIC = 0x4158_4C42
"""The first register: "AXLB"."""
BUS_VERSION = 1
"""Version of these registers."""
WORD_BITS = 4
"""Width of a register's number; its byte address has two bits more."""


class BusRegister(IntEnum):
    """Numbers of the registers; four times that is the byte address. The others are refused."""

    MAGIC = 0
    VERSION = 1
    DEPTHS = 2
    RESET = 3
    ROOM = 4
    LEVEL = 5
    ROOM_WANTED = 6
    LEVEL_WANTED = 7
    ENABLE = 8
    PENDING = 9
    COMMAND = 10
    REPLY = 11


class Interrupt(IntEnum):
    """Bits of ENABLE and PENDING.

    ROOM: at least ROOM_WANTED words can be written. LEVEL: at least LEVEL_WANTED words wait.
    REFUSED: an access was refused; a 1 written to it in PENDING clears it.
    """

    ROOM = 0
    LEVEL = 1
    REFUSED = 2


class Access(wiring.Signature):
    """Accesses to registers, as the protocol of a bus asks for them. Rules:

    1. While `ask` is 1, register `number` is read, or written with `data` if `write`; `whole` says
       that all bytes of the word are meant. An access takes one cycle.
    2. In the cycle behind it, `refused` says whether it was refused, and if not, `word` is what
       was read.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "ask": Out(1),
                "write": Out(1),
                "whole": Out(1),
                "number": Out(WORD_BITS),
                "data": Out(32),
                "refused": In(1),
                "word": In(32),
            }
        )
