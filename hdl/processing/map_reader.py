"""Bit maps of spikes: what a host says in few words, as the packets that a chip takes."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import Fields, header_layout
from axonloop.hdl.core import COUNT_BITS, payload_words
from axonloop.models.protocol import MAP, MAP_BITS, MAP_COUNT, MAP_FIRST, MAP_TICK, Field, Kind


def words_behind(header: Fields) -> Value:
    """Words that follow a header on its way to a node."""
    return Mux(header.kind == MAP, _field(header.argument, MAP_COUNT), payload_words(header))


class MapReader(wiring.Component):
    """Reads the MAP packets among a host's (docs/contract.md, section 13.2). Rules:

    1. A MAP packet becomes a SPIKE for each bit that is set, from the lowest on, and a TICK to the
       core `first` behind them if its header asks for one.
    2. All other packets pass, word by word, their payload whatever it looks like.

    Latency: none for what passes; a cycle for a header, one for a word, and one for each bit up to
    the last that is set.

    Members
    -------
    words, packets : from the host; to node and chip
    """

    def __init__(self, first: int) -> None:
        self._first, words = first, stream.Signature(32)
        super().__init__({"words": In(words), "packets": Out(words)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words, packets = self.words, self.packets
        header, own = header_layout()(words.payload), header_layout()(packets.payload)
        left, core, ticks = Signal(COUNT_BITS + 1), Signal(8), Signal()
        bits, bit = Signal(MAP_BITS), Signal(range(MAP_BITS))
        place = Signal(MAP_FIRST.width)
        moves, ends = words.valid & words.ready, left == 0
        with m.FSM():
            with m.State("HEADER"):
                m.d.sync += [core.eq(header.core), bits.eq(0)]
                with m.If(header.kind == MAP):
                    m.d.comb += words.ready.eq(1)
                    m.d.sync += [
                        left.eq(_field(header.argument, MAP_COUNT)),
                        place.eq(_field(header.argument, MAP_FIRST) - 1),
                        ticks.eq(_field(header.argument, MAP_TICK)),
                    ]
                    with m.If(words.valid):
                        m.next = "BITS"
                with m.Else():
                    connect(m, host=flipped(words), chip=flipped(packets))
                    m.d.sync += left.eq(payload_words(header))
                    with m.If(moves & (payload_words(header) != 0)):
                        m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                connect(m, host=flipped(words), chip=flipped(packets))
                with m.If(moves):
                    m.d.sync += left.eq(left - 1)
                    with m.If(left == 1):
                        m.next = "HEADER"
            with m.State("BITS"):
                m.d.comb += [
                    packets.valid.eq(bits[0]),
                    own.kind.eq(Kind.SPIKE),
                    own.core.eq(core),
                    own.argument.eq(Cat(bit, place)),
                ]
                with m.If(packets.ready | ~bits[0]):
                    m.d.sync += [bits.eq(bits >> 1), bit.eq(bit + 1)]
                with m.If(bits == 0):
                    m.d.sync += [bits.eq(words.payload), bit.eq(0)]
                    m.d.comb += words.ready.eq(~ends)
                    with m.If(moves):
                        m.d.sync += [left.eq(left - 1), place.eq(place + 1)]
                    with m.Else():
                        m.d.sync += bits.eq(0)
                    with m.If(ends):
                        m.next = "HEADER"
                        with m.If(ticks):
                            m.next = "TICK"
            with m.State("TICK"):
                m.d.comb += [
                    packets.valid.eq(1),
                    packets.payload.eq(Kind.TICK << 28 | self._first << 20),
                ]
                with m.If(packets.ready):
                    m.next = "HEADER"
        return m


def _field(argument: Value, field: Field) -> Value:
    return argument[field.low : field.low + field.width]
