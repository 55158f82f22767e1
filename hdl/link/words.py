"""Identification and counters of a board, in one memory (docs/link.md)."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import disjoint_memory, lowest_one
from axonloop.models.protocol import IDENTITY_WORDS, Identity, Status

STATUS = 1 << (IDENTITY_WORDS - 1).bit_length()
"""Index of the first counter; the identification begins at 0."""


class LinkWords(wiring.Component):
    """The identification, with the number of the session in it, and the counters. Rules:

    1. A counter grows by 1 with each of its strobes, if these are at least 64 cycles apart.
    2. `open` writes `session` into the identification.
    3. While `settled`, `fetch` makes `data` the word of `index` from the next cycle on; it holds
       as long as `hold` is 1.

    Latency: 3 cycles per counter, one counter after the other; none starts while `hold`.
    """

    def __init__(self, identity: Sequence[int]) -> None:
        self._identity = identity
        super().__init__(
            {
                "count": In(len(Status)),
                "open": In(1),
                "session": In(32),
                "fetch": In(1),
                "index": In(range(STATUS + len(Status))),
                "hold": In(1),
                "settled": Out(1),
                "data": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = [*self._identity, *[0] * (STATUS - len(self._identity))]
        contents = [*words, *[0] * len(Status)]
        m.submodules.store = memory = disjoint_memory(32, len(contents), contents)
        write, read = memory.write_port(), memory.read_port()
        waiting, reading, counting = Signal(len(Status)), Signal(), Signal()
        counter, turn, grown = Signal.like(write.addr), Signal(), Signal(32)
        first = lowest_one(waiting)
        m.d.comb += [
            self.settled.eq(~waiting.any() & ~reading & ~counting),
            turn.eq(waiting.any() & ~reading & ~counting & ~self.hold),
            read.en.eq(turn | (self.fetch & self.settled)),
            read.addr.eq(Mux(turn, STATUS | first, self.index)),
            self.data.eq(read.data),
            write.en.eq(counting | self.open),
            write.addr.eq(Mux(self.open, Identity.SESSION, counter)),
            write.data.eq(Mux(self.open, self.session, grown)),
        ]
        m.d.sync += [
            waiting.eq((waiting & ~Mux(turn, 1 << first, 0)) | self.count),
            reading.eq(turn),
            grown.eq(read.data + 1),
        ]
        with m.If(turn):
            m.d.sync += counter.eq(STATUS | first)
        with m.If(reading):
            m.d.sync += counting.eq(1)
        with m.Elif(~self.open):
            m.d.sync += counting.eq(0)
        return m
