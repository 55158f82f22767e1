"""A node that has said that it is done: it sends nothing, and takes spikes, until the next tick."""

from amaranth.asserts import AnySeq
from amaranth.hdl import Assert, Assume, Cover, Elaboratable, Module, ResetSignal, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect

from axonloop.hdl.processing.loss.payloads import NEURONS_BITS, event_layout
from axonloop.models.config import NodeGeometry
from axonloop.models.protocol import NodeCommand, NodePhase
from tests.formal.code import Code, Mutant
from tests.formal.engine import Claim
from tests.formal.probe import Probe

ENGINE, MOUTH = "axonloop.hdl.processing.loss.engine", "axonloop.hdl.processing.mouth"
NODE = NodeGeometry(4, 2, 2)
SLOWEST = 2
"""Cycles that a part here works, or lets a spike wait; the claim does not depend on how many."""
LONGEST = 2 * SLOWEST + 2
STATES = 9


class Part(wiring.Component):
    """A part of the engine, by its rules alone: from `start` on it is `busy`, for a while.

    `slowest` bounds how long, if it is not None; `listener` takes spikes, and `encoder` begins to
    be busy whenever `feeds` is 1 and makes events only while it is.
    """

    def __init__(self, slowest: int | None = None) -> None:
        self._slowest = slowest
        super().__init__(
            {
                "start": In(1),
                "forget": In(1),
                "feeds": In(1),
                "busy": Out(1),
                "command": Out(2),
                "phase": In(NodePhase),
                "add_events": In(1),
                "constants": Out(data.StructLayout({"wanted": 1})),
                "number": In(unsigned(NEURONS_BITS)),
                "spikes": In(stream.Signature(2)),
                "events": Out(stream.Signature(event_layout(NODE))),
            }
        )

    def elaborate(self, platform) -> Module:
        m, works = Module(), Signal(3)
        ends = AnySeq(1)
        waits = Signal(3)
        m.d.sync += waits.eq(0)
        with m.If(self.spikes.valid & ~self.spikes.ready):
            m.d.sync += waits.eq(waits + 1)
        m.d.sync += works.eq(0)
        with m.If(self.busy & (works != 7)):
            m.d.sync += works.eq(works + 1)
        with m.If(self.start | self.feeds):
            m.d.sync += self.busy.eq(1)
        with m.Elif(ends & (~self.events.valid | self.events.ready)):
            m.d.sync += self.busy.eq(0)
        if self._slowest is not None:
            m.d.comb += [Assume(works <= self._slowest), Assume(waits <= self._slowest)]
        m.d.comb += [
            self.command.eq(AnySeq(2)),
            self.constants.eq(AnySeq(1)),
            self.spikes.ready.eq(AnySeq(1)),
            self.events.valid.eq(self.busy & AnySeq(1)),
            self.events.payload.as_value().eq(AnySeq(self.events.payload.shape().size)),
            Assume(~self.events.payload.learn),
        ]
        return m
