"""The rows that wait for integration: the last of them come twice, so that neurons start early."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import Part, address_bits
from axonloop.models.config import Geometry

DEPTH = 16
"""Rows that wait at most, and one more."""


class RowQueue(wiring.Component):
    """Axons with a spike on their way from the scan to the synapses.

    Rows that still wait when the scan has ended come in two parts: of all of them the early groups
    first, then of all of them the late ones. The neurons of the early groups are swept, and their
    spikes sent, while the late groups of these rows are integrated.

    Rules
    -----
    1. Each of `events` comes once on `rows` as a whole, or twice: with part EARLY, then LATE. All
       EARLY ones lie together, behind all that are whole and before all LATE ones.
    2. `ended` rises when the last event of a tick was taken or is shown, and falls before the next.
    3. `busy` from the cycle in which an event is shown until the last row was taken.

    Latency: an event is shown at once where none waits.

    Members
    -------
    part : of the present row
    """

    def __init__(self, geometry: Geometry) -> None:
        self._width = address_bits(geometry.axons)
        axons = stream.Signature(self._width)
        super().__init__(
            {
                "events": In(axons),
                "ended": In(1),
                "rows": Out(axons),
                "part": Out(Part),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.queue = queue = fifo.SyncFIFO(width=self._width, depth=DEPTH)
        part, left, again = Signal(Part), Signal(range(DEPTH)), Signal()
        kept, rest = Signal(), Signal.like(queue.level)
        taken, empty = self.rows.valid & self.rows.ready, ~queue.r_rdy
        m.d.comb += [
            self.events.ready.eq(queue.level < DEPTH - 1),
            self.rows.valid.eq(queue.r_rdy | self.events.valid),
            self.rows.payload.eq(Mux(empty, self.events.payload, queue.r_data)),
            self.part.eq(part),
            self.busy.eq(self.events.valid | queue.r_rdy),
            again.eq(taken & (part == Part.EARLY)),
            queue.r_en.eq(taken & ~empty),
            kept.eq(self.events.valid & self.events.ready & ~(empty & taken)),
            queue.w_en.eq(again | kept),
            queue.w_data.eq(Mux(again, self.rows.payload, self.events.payload)),
        ]
        with m.Switch(part):
            with m.Case(Part.WHOLE):
                m.d.comb += rest.eq(queue.level - taken)
                with m.If(self.ended & ~self.events.valid & (rest != 0)):
                    m.d.sync += [part.eq(Part.EARLY), left.eq(rest)]
            with m.Case(Part.EARLY), m.If(taken):
                m.d.sync += left.eq(left - 1)
                with m.If(left == 1):
                    m.d.sync += part.eq(Part.LATE)
            with m.Case(Part.LATE), m.If(taken & (queue.level == 1)):
                m.d.sync += part.eq(Part.WHOLE)
        return m
