"""Packets to the node itself: words of its registers, written and read."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import BusSignature, header_layout
from axonloop.hdl.core import COUNT_BITS
from axonloop.models.protocol import NODE_CORE, Kind


class NodeAccess(wiring.Component):
    """Carries out WRITE and READ packets (docs/contract.md, section 13.2). Rules:

    1. `words` brings no other packets. A word that is written takes a cycle, and is there in the
       next but one; one that is read takes four. All that `bus` asks comes from registers; what is
       read comes two cycles later.
    2. `data` shows the answer to a READ. From its header to its last word `answers` is 1.

    Latency: the header of an answer comes one cycle after the address was taken.
    """

    def __init__(self) -> None:
        words = stream.Signature(32)
        super().__init__(
            {"words": In(words), "data": Out(words), "answers": Out(1), "bus": Out(BusSignature())}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words, bus, header = self.words, self.bus, header_layout()(self.words.payload)
        reads, left, word, writes = Signal(), Signal(COUNT_BITS), Signal(32), Signal()
        address, last = Signal(32), left == 1
        m.d.comb += [bus.address.eq(address), bus.write.eq(writes), bus.write_data.eq(word)]
        m.d.sync += writes.eq(0)
        with m.If(writes):
            m.d.sync += address.eq(address + 1)
        with m.FSM():
            with m.State("HEADER"):
                m.d.comb += words.ready.eq(~writes)
                m.d.sync += [left.eq(header.argument), reads.eq(header.kind == Kind.READ)]
                with m.If(words.valid & ~writes):
                    m.next = "ADDRESS"
            with m.State("ADDRESS"):
                m.d.comb += words.ready.eq(1)
                m.d.sync += address.eq(words.payload)
                with m.If(words.valid):
                    m.next = "DATA"
                    with m.If(~reads):
                        m.next = "WRITE"
                        with m.If(left == 0):
                            m.next = "HEADER"
            with m.State("WRITE"):
                m.d.comb += words.ready.eq(1)
                m.d.sync += [writes.eq(words.valid), word.eq(words.payload)]
                with m.If(words.valid):
                    m.d.sync += left.eq(left - 1)
                    with m.If(last):
                        m.next = "HEADER"
            with m.State("DATA"):
                m.d.comb += [
                    self.answers.eq(1),
                    self.data.valid.eq(1),
                    self.data.payload.eq(Kind.DATA << 28 | NODE_CORE << 20 | left),
                ]
                with m.If(self.data.ready):
                    m.next = "READ"
                    with m.If(left == 0):
                        m.next = "HEADER"
            with m.State("READ"):
                m.d.comb += [self.answers.eq(1), bus.read.eq(1)]
                m.d.sync += [address.eq(address + 1), left.eq(left - 1)]
                m.next = "WAIT"
            with m.State("WAIT"):
                m.d.comb += self.answers.eq(1)
                m.next = "FETCH"
            with m.State("FETCH"):
                m.d.comb += self.answers.eq(1)
                m.d.sync += word.eq(bus.read_data)
                m.next = "WORD"
            with m.State("WORD"):
                m.d.comb += [
                    self.answers.eq(1),
                    self.data.valid.eq(1),
                    self.data.payload.eq(word),
                ]
                with m.If(self.data.ready):
                    m.next = "READ"
                    with m.If(left == 0):
                        m.next = "HEADER"
        return m
