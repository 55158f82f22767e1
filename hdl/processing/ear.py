"""What a node hears: spikes of its neurons, and the end of a tick, among the words of the chip."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import Column, LaneMemory, address_bits, header_layout
from axonloop.hdl.core import COUNT_BITS
from axonloop.models.config import Geometry, Mesh, NodeGeometry
from axonloop.models.protocol import IS_HEARD, Kind, NodeRegion, neuron_stride


class Ear(wiring.Component):
    """Between a chip and its host, on the way of the replies. Rules:

    1. While it `hears`, a SPIKE of a neuron that the table knows goes to `spikes`, as its number in
       the node; if it `tells`, to the host too. All other words go on, in their order; but while it
       is `silent` no SPIKE does, and no answer to a TICK: it is only kept, as by rule 2.
    2. The answer to a TICK is taken and kept. With it comes `ended`, and it goes on when, in a
       later cycle, the node is `done`. Other words, FAULTs, pass it meanwhile.
    3. `ticked` and `read` strobe when the answer to a TICK, or to a READ, has gone on: its last
       word.

    Latency: none; a SPIKE takes two cycles.
    Resources: a memory of 12 bits per neuron of the chip.

    Members
    -------
    words, others : from the chip, to the host
    spikes, ended, done : to and from the engine
    hears, tells, silent : constants
    ticked, read : rule 3, by what was asked
    """

    def __init__(self, geometry: Geometry, mesh: Mesh, first: int, node: NodeGeometry) -> None:
        self._first, words = first, stream.Signature(32)
        self._number_bits = address_bits(node.neurons)
        self._neuron_bits = neuron_stride(geometry.neurons).bit_length() - 1
        self._core_bits = address_bits(mesh.cores)
        self.numbers = LaneMemory(
            {
                "number": Column(NodeRegion.NODE_NUMBER, self._number_bits, table=True),
                "heard": Column(NodeRegion.NODE_NUMBER, 1, low=IS_HEARD, table=True),
            },
            words=mesh.cores * neuron_stride(geometry.neurons),
        )
        super().__init__(
            {
                "words": In(words),
                "others": Out(words),
                "spikes": Out(stream.Signature(self._number_bits)),
                "ended": Out(1),
                "done": In(1),
                "hears": In(1),
                "tells": In(1),
                "silent": In(1),
                "ticked": Out(1),
                "read": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.numbers = numbers = self.numbers
        words, others, header = self.words, self.others, header_layout()(self.words.payload)
        kept, left = Signal(32), Signal(COUNT_BITS)
        asked = header.argument[4:8]
        core = (header.core - self._first)[: self._core_bits]
        goes = others.valid & others.ready
        m.d.comb += [
            others.payload.eq(words.payload),
            numbers.read_address.eq(Cat(header.argument[: self._neuron_bits], core)),
            self.spikes.payload.eq(numbers.read_data[0].number),
        ]
        with m.FSM():
            with m.State("HEADER"), m.If(words.valid):
                m.d.sync += kept.eq(words.payload)
                with m.If(self.hears & (header.kind == Kind.SPIKE)):
                    m.d.comb += [words.ready.eq(1), numbers.read_enable.eq(1)]
                    m.next = "SPIKE"
                with m.Elif(self.hears & (header.kind == Kind.TICK)):
                    m.d.comb += [words.ready.eq(1), self.ended.eq(1)]
                    m.next = "HOLD"
                with m.Else():
                    connect(m, chip=flipped(words), host=flipped(others))
                    m.d.sync += left.eq(header.argument)
                    refused = goes & (header.kind == Kind.FAULT)
                    ticked = goes & (header.kind == Kind.TICK)
                    m.d.comb += [
                        self.ticked.eq(ticked | (refused & (asked == Kind.TICK))),
                        self.read.eq(refused & (asked == Kind.READ)),
                    ]
                    with m.If(goes & (header.kind == Kind.DATA)):
                        m.next = "DATA"
            with m.State("DATA"):
                connect(m, chip=flipped(words), host=flipped(others))
                with m.If(goes):
                    m.d.sync += left.eq(left - 1)
                    with m.If(left == 1):
                        m.d.comb += self.read.eq(1)
                        m.next = "HEADER"
            with m.State("SPIKE"):
                heard, dropped = numbers.read_data[0].heard, Signal()
                m.d.comb += [
                    dropped.eq(~heard & self.silent),
                    self.spikes.valid.eq(heard),
                    others.valid.eq(~heard & ~self.silent),
                    others.payload.eq(kept),
                ]
                with m.If(goes | dropped | (self.spikes.valid & self.spikes.ready)):
                    m.next = "HEADER"
                    with m.If(heard & self.tells & ~self.silent):
                        m.next = "TELL"
            with m.State("TELL"):
                m.d.comb += [others.valid.eq(1), others.payload.eq(kept)]
                with m.If(goes):
                    m.next = "HEADER"
            with m.State("HOLD"):
                connect(m, chip=flipped(words), host=flipped(others))
                with m.If(self.done & ~words.valid):
                    m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += [others.valid.eq(~self.silent), others.payload.eq(kept)]
                with m.If(goes | self.silent):
                    m.d.comb += self.ticked.eq(1)
                    m.next = "HEADER"
        return m
