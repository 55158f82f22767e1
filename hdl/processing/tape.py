"""The tape of a node: packets in its memory, which it plays as if a host had sent them."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import BusSignature, disjoint_memory, header_layout
from axonloop.hdl.core import COUNT_BITS
from axonloop.hdl.processing.loss import LENGTH_BITS, PASSES_BITS
from axonloop.hdl.processing.map_reader import words_behind
from axonloop.models.protocol import NODE_CORE, Kind, NodeRegion


class Tape(wiring.Component):
    """Between a host and its node (docs/contract.md, section 13.4). Rules:

    1. While `passes` is 0 the host's packets pass, word by word; a word that was shown stays until
       it is taken, whatever `passes` becomes.
    2. Else the first `length` words of the tape, which are whole packets, are played from the
       first on. Behind the last of them `passed` strobes, and the next pass begins if there is one.
    3. Between two packets of the tape a READ or WRITE of the host to the node goes first; its other
       packets wait until `passes` is 0.

    Latency: none for the host's words; two cycles before each word of the tape, one more for a
    packet and one for a pass.
    Resources: a memory of 32 bits per word.

    Members
    -------
    words, packets : from the host; to the node
    length, passes, passed : rule 2
    bus : writes to the tape
    """

    def __init__(self, words: int) -> None:
        self._size, own = words, stream.Signature(32)
        super().__init__(
            {
                "words": In(own),
                "packets": Out(own),
                "length": In(LENGTH_BITS),
                "passes": In(PASSES_BITS),
                "passed": Out(1),
                "bus": In(BusSignature()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, bus = Module(), self.bus
        m.submodules.store = store = disjoint_memory(32, self._size)
        write, read = store.write_port(), store.read_port()
        position, left = Signal(LENGTH_BITS), Signal(COUNT_BITS + 1)
        m.d.comb += [
            write.en.eq(bus.write & (bus.address[24:] == NodeRegion.TAPE)),
            write.addr.eq(bus.address),
            write.data.eq(bus.write_data),
            read.addr.eq(position),
            read.en.eq(0),
            bus.read_data.eq(0),
        ]
        words, packets = self.words, self.packets
        header, played = header_layout()(words.payload), header_layout()(read.data)
        asks = (header.kind == Kind.READ) | (header.kind == Kind.WRITE)
        own = words.valid & (header.core == NODE_CORE) & asks
        begun, shown, rest = Signal(), Signal(), Signal(COUNT_BITS + 1)
        behind = Signal.like(rest)
        m.d.sync += behind.eq(words_behind(played))
        m.d.comb += rest.eq(Mux(begun, left - 1, behind))
        with m.FSM():
            with m.State("HEADER"):
                m.d.sync += [left.eq(words_behind(header)), begun.eq(0)]
                m.d.sync += shown.eq(packets.valid & ~packets.ready)  # rule 1
                with m.If((self.passes != 0) & ~own & ~shown):
                    m.next = "FETCH"
                with m.Else():
                    connect(m, host=flipped(words), node=flipped(packets))
                    with m.If(words.valid & words.ready & (words_behind(header) != 0)):
                        m.next = "HOST"
                with m.If(self.passes == 0):
                    m.d.sync += position.eq(0)
            with m.State("HOST"):
                connect(m, host=flipped(words), node=flipped(packets))
                with m.If(words.valid & words.ready):
                    m.d.sync += left.eq(left - 1)
                    with m.If(left == 1):
                        m.next = "HEADER"
            with m.State("FETCH"):
                m.d.comb += read.en.eq(1)
                m.next = "LOOK"
            with m.State("LOOK"):
                m.next = "PLAY"
            with m.State("PLAY"):
                m.d.comb += [packets.valid.eq(1), packets.payload.eq(read.data)]
                with m.If(packets.ready):
                    m.d.sync += [begun.eq(1), left.eq(rest), position.eq(position + 1)]
                    m.next = "FETCH"
                    with m.If(rest == 0):
                        m.next = "HEADER"
                        with m.If(position + 1 >= self.length):
                            m.next = "END"
            with m.State("END"):
                m.d.comb += self.passed.eq(1)
                m.d.sync += position.eq(0)
                m.next = "HEADER"
        return m
