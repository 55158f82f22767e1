"""Integration through kernels: an axon's spike goes to all positions that see its pixel."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    Fields,
    LaneMemory,
    SumReads,
    WeightReads,
    accumulate,
    address_bits,
    delay,
    delay_strobe,
    weight_latency,
)
from axonloop.hdl.convolution.reach import Reach, reach_layout
from axonloop.hdl.convolution.shapes import channel_groups, shape_members
from axonloop.models.config import Geometry


def steps_layout(geometry: Geometry) -> data.StructLayout:
    """How far a walk goes from position to position; 0 along the kernel for a bias.

    `groups` of a position, `row_groups` of a row of them; `stride` and `kernel`.
    """
    groups = address_bits(geometry.groups) + 1
    return data.StructLayout({"groups": groups, "row_groups": groups, "stride": 4, "kernel": 4})


class KernelSynapses(wiring.Component):
    """Reads, for every event, all weights of its pixel at all positions that see it, L per cycle.

    The walk begins at the pixel's last position and goes back, row by row: a position earlier is a
    stride further in the kernel.

    Rules
    -----
    1. `events` are taken one after the other; what the next one reaches is fetched while this one
       is walked, so that they follow each other without a gap. None is taken before the table of
       what axons reach is made.
    2. `sums` may be used while not `busy`.

    Latency: per event the positions that see it times C' / L, or 1; + 3 to fetch the first, +
    `weight_latency` + 1 to drain.

    Members
    -------
    shapes, measuring : the convolutions
    weights : to the weight memory
    sums : the accumulators
    row_groups : 1 for each group whose sums grow, for the SynOps counter
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        super().__init__(
            {
                "events": In(stream.Signature(address_bits(geometry.axons))),
                "weights": Out(WeightReads(geometry)),
                "sums": In(SumReads(geometry)),
                "row_groups": Out(1),
                "busy": Out(1),
            }
            | shape_members(geometry)
        )

    @property
    def memories(self) -> dict[str, LaneMemory]:
        """None that the register map sees."""
        return {}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        geometry = self._geometry
        take, held = Signal(), Signal()
        entry: Fields = Signal(reach_layout(geometry), name="next_entry")
        steps: Fields = Signal(steps_layout(geometry), name="next_steps")
        coming = self._fetch(m, take, held, entry, steps)
        active, row, group, piece = self._walk(m, take, held, entry, steps)
        last = weight_latency(geometry)
        valid = delay_strobe(m, active, last, "valid")
        where = delay(m, group, last, "where")
        m.d.comb += [
            self.weights.enable.eq(active),
            self.weights.location.axon.eq(row),
            self.weights.location.group.eq(piece),
            self.row_groups.eq(active),
            self.busy.eq(coming | held | Cat(valid).any()),
        ]
        data_ = [self.weights.data[lane] for lane in range(geometry.lanes)]
        addends = [Mux(weight == geometry.no_synapse, 0, weight) for weight in data_]
        accumulate(m, geometry, self.sums, valid, where, addends)
        return m

    def _fetch(self, m: Module, take: Value, held: Value, entry: Fields, steps: Fields) -> Value:
        """Keep the next event's entry, and the steps of its convolution, until they are taken.

        Returns whether more events are on their way.
        """
        geometry, events = self._geometry, self.events
        m.submodules.reach = reach = Reach(geometry)
        fetched, accept, move = Signal(), Signal(), Signal()
        found = reach.entry
        shapes = Array(self.shapes[k].as_value() for k in range(geometry.convolutions))
        shape = data.View(self.shapes.shape().elem_shape, shapes[found.number])
        m.d.comb += [
            reach.shapes.eq(self.shapes),
            reach.measuring.eq(self.measuring),
            move.eq(fetched & (~held | take)),
            events.ready.eq((~fetched | move) & ~reach.filling),
            accept.eq(events.valid & events.ready),
            reach.enable.eq(accept),
            reach.address.eq(events.payload),
        ]
        with m.If(take):
            m.d.sync += held.eq(0)
        with m.If(move):
            m.d.sync += [
                held.eq(found.used),
                fetched.eq(0),
                entry.eq(found),
                steps.groups.eq(channel_groups(geometry, shape.out_channels)),
                steps.row_groups.eq(shape.row_groups),
                steps.stride.eq(Mux(found.bias, 0, shape.stride)),
                steps.kernel.eq(shape.kernel),
            ]
        with m.If(accept):
            m.d.sync += fetched.eq(1)
        return events.valid | fetched | reach.filling

    def _walk(
        self, m: Module, take: Value, held: Value, entry: Fields, steps: Fields
    ) -> tuple[Signal, ...]:
        """From position to position, and there from group to group of channels.

        Returns whether a piece is walked, its row of weights, its group of neurons, and which of
        its row's pieces it is.
        """
        geometry = self._geometry
        active, piece = Signal(), Signal(address_bits(geometry.weight_columns // geometry.lanes))
        start: Fields = Signal(entry.shape(), name="line")
        at: Fields = Signal(entry.shape())
        step: Fields = Signal(steps.shape())
        more, left, up = Signal(), Signal(), Signal()
        m.d.comb += [
            more.eq(piece != step.groups - 1),
            left.eq((at.b + step.stride < step.kernel) & (at.u != 0)),
            up.eq((start.a + step.stride < step.kernel) & (start.v != 0)),
            take.eq(held & (~active | ~(more | left | up))),
        ]
        # The first position of the row of positions before.
        before: Fields = Signal(entry.shape())
        m.d.comb += [
            before.eq(start),
            before.a.eq(start.a + step.stride),
            before.v.eq(start.v - 1),
            before.row.eq(start.row + step.stride * step.kernel),
            before.group.eq(start.group - step.row_groups),
        ]
        with m.If(active):
            m.d.sync += piece.eq(0)
            with m.If(more):
                m.d.sync += piece.eq(piece + 1)
            with m.Elif(left):
                m.d.sync += [
                    at.b.eq(at.b + step.stride),
                    at.u.eq(at.u - 1),
                    at.row.eq(at.row + step.stride),
                    at.group.eq(at.group - step.groups),
                ]
            with m.Elif(up):
                m.d.sync += [start.eq(before), at.eq(before)]
            with m.Else():
                m.d.sync += active.eq(0)
        with m.If(take):
            m.d.sync += [active.eq(1), piece.eq(0), start.eq(entry), at.eq(entry), step.eq(steps)]
        group = Signal.like(entry.group, name="group")
        m.d.comb += group.eq(at.group + piece)
        return active, at.row, group, piece
