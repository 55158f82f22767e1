"""What a node says: its error events, and LEARN, as packets to the cores."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import Column, LaneMemory, header_layout
from axonloop.hdl.processing.loss import event_layout
from axonloop.models.config import NodeGeometry
from axonloop.models.protocol import NEAR_NEURONS, Kind, NodeRegion

NEURON_BITS = NEAR_NEURONS.bit_length()
"""Width of a neuron's number in its core, of FAR_ERROR packets too."""


class Mouth(wiring.Component):
    """An ERROR, gated, for each error event, and a LEARN. Rules:

    1. Words come in the order of the events. While `busy` one is inside.
    2. The table has the core of each neuron of the node, and its number there.

    Latency: 1 cycle.
    Resources: a memory of 20 bits per neuron of the node.
    """

    def __init__(self, first: int, node: NodeGeometry) -> None:
        self._first = first
        self.numbers = LaneMemory(
            {
                "neuron": Column(NodeRegion.CHIP_NUMBER, NEURON_BITS, table=True),
                "core": Column(NodeRegion.CHIP_NUMBER, 8, low=16, table=True),
            },
            words=node.neurons,
        )
        super().__init__(
            {
                "events": In(stream.Signature(event_layout(node))),
                "words": Out(stream.Signature(32)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.numbers = numbers = self.numbers
        found, event = numbers.read_data[0], self.events.payload
        value, learn = Signal(8), Signal()
        word = header_layout()(self.words.payload)
        m.d.comb += [
            numbers.read_enable.eq(self.events.valid & self.events.ready),
            numbers.read_address.eq(event.neuron),
            self.events.ready.eq(~self.busy | self.words.ready),
            self.words.valid.eq(self.busy),
            word.kind.eq(Mux(found.neuron[-1], Kind.FAR_ERROR, Kind.ERROR)),
            word.core.eq(found.core),
            word.argument.eq(value | found.neuron[: NEURON_BITS - 1] << 8),
        ]
        with m.If(learn):
            m.d.comb += [word.kind.eq(Kind.LEARN), word.core.eq(self._first)]
            m.d.comb += word.argument.eq(0)
        with m.If(self.events.ready):
            m.d.sync += [
                self.busy.eq(self.events.valid),
                value.eq(event.value),
                learn.eq(event.learn),
            ]
        return m
