"""Learning of kernels: every weight learns from all positions at once (contract, section 12)."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import (
    FactorReads,
    Fields,
    WeightReads,
    WeightWrites,
    address_bits,
    delay,
    delay_strobe,
    target_layout,
    weight_latency,
)
from axonloop.hdl.convolution.coefficients import Coefficients, term_count
from axonloop.hdl.convolution.kernel_lane import KernelLane, pair_bits
from axonloop.hdl.convolution.pair_sums import PairSums, row_layout
from axonloop.hdl.convolution.position_list import PositionList
from axonloop.hdl.convolution.shapes import shape_layout, shape_members
from axonloop.models.config import Geometry, ceil_log2


class KernelUpdate(wiring.Component):
    """Collects the coefficients of all targets, then walks convolutions, pieces of `multipliers`
    channels, terms and rows of weights; for each row it walks the positions that learn.

    Rules
    -----
    1. `start` empties the coefficients; targets are taken afterwards, until `ending`.
    2. `busy` from the cycle after `start` until the last weight was written.
    3. A row is summed while the one before is rounded; its last position waits until the sums of
       that are out of the way, or with one weight port until its weights are written.

    Latency: to empty, see `Coefficients`; per convolution, piece and term that learns its
    positions, + per row of weights the positions that learn, at least multipliers, with one weight
    port multipliers + 16; + some 30 to drain.
    Resources: those of `Coefficients`, `PositionList`, `PairSums` and `KernelLane`.

    Members
    -------
    shapes, measuring : the convolutions
    start, ending, term : rule 1; `term` is the number of the target's
    targets : neurons and coefficients
    common : the hash of tick, seed and core
    factors, reads, writes : of axons, and of weights
    visits, updates : pairs, and weights that changed, in this cycle
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        super().__init__(
            shape_members(geometry)
            | {
                "start": In(1),
                "ending": In(1),
                "term": In(address_bits(term_count(geometry))),
                "targets": In(stream.Signature(target_layout(geometry))),
                "common": In(32),
                "factors": Out(FactorReads(geometry)),
                "reads": Out(WeightReads(geometry)),
                "writes": Out(WeightWrites(geometry)),
                "visits": Out(pair_bits(geometry)),
                "updates": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        geometry = self._geometry
        m.submodules.coefficients = self._coefficients = kept = Coefficients(geometry)
        m.submodules.positions = self._positions = positions = PositionList(geometry)
        m.submodules.sums = self._sums = sums = PairSums(geometry)
        m.submodules.lane = self._lane = KernelLane(geometry)
        connect(m, targets=flipped(self.targets), coefficients=kept.targets)
        connect(m, sums=sums.factors, core=flipped(self.factors))
        self._shape = shape = Signal(shape_layout(geometry))
        self._piece, self._term = Signal.like(positions.piece), Signal.like(kept.read_term)
        self._pending, self._settled = Signal(), Signal()
        m.d.comb += [
            kept.clear.eq(self.start),
            kept.term.eq(self.term),
            kept.read_term.eq(self._term),
            kept.enable.eq(positions.enable),
            kept.word.eq(positions.word),
            positions.values.eq(kept.values),
            positions.found.eq(kept.rule),
            positions.shape.eq(shape),
            positions.piece.eq(self._piece),
            sums.shape.eq(shape),
            sums.factor.eq(positions.rule.factor),
            sums.position.eq(positions.position),
        ]
        asked = self._walk(m)
        kept_weights = self._fetch(m, asked)
        self._round(m, asked, kept_weights)
        return m

    def _walk(self, m: Module) -> Signal:
        """Over convolutions, pieces and terms; returns that a row's last position is asked for."""
        geometry, shape, piece = self._geometry, self._shape, self._piece
        positions = self._positions
        count, terms = geometry.convolutions, term_count(geometry)
        number, asked, rows_end = Signal(address_bits(count)), Signal(), Signal()
        shapes = Array(self.shapes[k].as_value() for k in range(count))
        pieces = shape.out_channels >> ceil_log2(geometry.multipliers)
        with m.FSM() as fsm:
            m.d.comb += self.busy.eq(~fsm.ongoing("IDLE"))
            with m.State("IDLE"), m.If(self.start):
                m.next = "GATHER"
            with m.State("GATHER"):
                m.d.sync += number.eq(0)
                with m.If(self.ending & ~self._coefficients.clearing & ~self.measuring):
                    m.next = "PICK"
                    with m.If(~self._coefficients.any.any()):
                        m.next = "IDLE"
            with m.State("PICK"):
                m.d.sync += [shape.as_value().eq(shapes[number]), piece.eq(0), self._term.eq(0)]
                m.next = "LOOK"
            with m.State("LOOK"):
                there = self._coefficients.any.bit_select(self._term, 1)
                m.next = "NEXT TERM"
                with m.If(~shape.used):
                    m.next = "NEXT"
                with m.Elif(there):
                    m.d.comb += positions.start.eq(1)
                    m.next = "SCAN"
            with m.State("SCAN"), m.If(~positions.busy):
                m.next = "NEXT TERM"
                with m.If(positions.count != 0):
                    m.next = "ROWS"
            with m.State("ROWS"), m.If(rows_end):
                m.next = "DRAIN"
            with m.State("DRAIN"), m.If(self._settled):
                m.next = "NEXT TERM"
            with m.State("NEXT TERM"):
                m.d.sync += self._term.eq(self._term + 1)
                m.next = "LOOK"
                with m.If(self._term == terms - 1):
                    m.d.sync += [self._term.eq(0), piece.eq(piece + 1)]
                    with m.If(piece == pieces - 1):
                        m.next = "NEXT"
            with m.State("NEXT"):
                m.d.sync += number.eq(number + 1)
                m.next = "PICK"
                with m.If(number == count - 1):
                    m.next = "IDLE"
            walking = fsm.ongoing("ROWS")
        self._rows(m, walking, asked, rows_end)
        return asked

    def _rows(self, m: Module, walking: Value, asked: Value, rows_end: Value) -> None:
        """Position after position of a row of weights, and row after row."""
        positions, sums, shape = self._positions, self._sums, self._shape
        row: Fields = Signal(row_layout(self._geometry))
        position, final, goes = Signal.like(positions.number), Signal(), Signal()
        m.d.comb += [
            final.eq(position == positions.count - 1),
            goes.eq(walking & ~(final & self._pending)),
            asked.eq(goes & final),
            positions.read.eq(goes),
            positions.number.eq(position),
            sums.valid.eq(goes),
            sums.first.eq(position == 0),
            sums.last.eq(final),
            sums.row.eq(row),
        ]
        with m.If(goes):
            m.d.sync += position.eq(Mux(final, 0, position + 1))
        self._next_row(m, row, asked, rows_end)
        with m.If(~walking):
            m.d.sync += [
                position.eq(0),
                row.number.eq(shape.first_row),
                row.axon.eq(shape.first_axon),
                *(row[name].eq(0) for name in ("a", "b", "bias")),
            ]

    def _next_row(self, m: Module, row: Fields, asked: Value, rows_end: Value) -> None:
        """One further in the kernel's row, or its next row, the next channel, the bias, or none."""
        shape = self._shape
        channel = Signal(shape.in_channels.shape())
        line, plane = Signal.like(row.axon, name="line"), Signal.like(row.axon, name="plane")
        below, behind = Signal.like(row.axon, name="below"), Signal.like(row.axon, name="behind")
        m.d.comb += [below.eq(line + shape.in_width), behind.eq(plane + shape.area)]
        with m.If(asked):
            m.d.sync += row.number.eq(row.number + 1)
            with m.If(row.bias):
                m.d.comb += rows_end.eq(1)
            with m.Elif(row.b != shape.kernel - 1):
                m.d.sync += [row.b.eq(row.b + 1), row.axon.eq(row.axon + 1)]
            with m.Elif(row.a != shape.kernel - 1):
                m.d.sync += [row.a.eq(row.a + 1), row.b.eq(0), row.axon.eq(below), line.eq(below)]
            with m.Else():
                m.d.sync += [row.a.eq(0), row.b.eq(0), channel.eq(channel + 1)]
                m.d.sync += [each.eq(behind) for each in (row.axon, line, plane)]
                with m.If(channel == shape.in_channels - 1):
                    m.d.sync += row.bias.eq(1)
                    m.d.comb += rows_end.eq(~shape.bias)
            with m.If(row.number == self._geometry.weight_rows - 1):
                m.d.comb += rows_end.eq(1)
        with m.If(rows_end | ~self.busy | self._positions.busy):
            m.d.sync += channel.eq(0)
            m.d.sync += [each.eq(shape.first_axon) for each in (line, plane)]

    def _fetch(self, m: Module, asked: Value) -> Value:
        """Read the weights of a row; they are there with its sums."""
        geometry, location = self._geometry, self.reads.location
        width = geometry.weight_bits * geometry.multipliers
        parts = geometry.lanes // geometry.multipliers
        m.d.comb += [
            self.reads.enable.eq(asked),
            location.axon.eq(self._sums.row.number),
            location.group.eq(self._piece >> ceil_log2(parts)),
        ]
        weights = self.reads.data.as_value()
        part = weights.word_select(self._part, width) if parts > 1 else weights
        return delay(m, part, PairSums.LATENCY - weight_latency(geometry), "fetched")[-1]

    @property
    def _part(self) -> Value:
        """The part of a group's lanes that the present channels are."""
        return self._piece[: ceil_log2(self._geometry.lanes // self._geometry.multipliers)]

    def _round(self, m: Module, asked: Value, weights: Value) -> None:
        """One weight of a summed row after the other through the lane; then write all at once."""
        geometry, lane, sums = self._geometry, self._lane, self._sums
        count, lane_bits = geometry.multipliers, ceil_log2(geometry.multipliers)
        totals, pairs = Signal.like(sums.totals.as_value()), Signal.like(sums.pairs.as_value())
        left, turn, moving = Signal.like(weights), Signal(range(max(2, count))), Signal()
        row, rule = Signal.like(sums.number), self._positions.rule
        last = moving & (turn == count - 1)
        with m.If(moving):
            for values in (totals, pairs, left):
                m.d.sync += values.eq(values >> len(values) // count)
            m.d.sync += [turn.eq(turn + 1), moving.eq(~last)]
        with m.If(sums.done):
            m.d.sync += [totals.eq(sums.totals), pairs.eq(sums.pairs), left.eq(weights)]
            m.d.sync += [moving.eq(1), turn.eq(0), row.eq(sums.number)]
        m.d.comb += [
            lane.common.eq(self.common),
            lane.term.eq(self._term),
            lane.shift.eq(rule.eta_shift),
            lane.nearest.eq(rule.rounding),
            lane.valid.eq(moving),
            lane.total.eq(totals),
            lane.pairs.eq(pairs),
            lane.weight.eq(left),
            lane.channel.eq(Cat(turn[:lane_bits], self._piece)),
            lane.row.eq(row),
        ]
        m.d.sync += [
            self.visits.eq(Mux(lane.done, lane.visits, 0)),
            self.updates.eq(lane.done & lane.changed),
        ]
        ends = delay_strobe(m, last, lane.LATENCY + 2, "ends")
        on_way = delay_strobe(m, moving, lane.LATENCY + 2, "on_way")
        rows = delay(m, row, lane.LATENCY + 1, "written_row")
        m.d.comb += [
            self.writes.expected.eq(ends[lane.LATENCY]),
            self.writes.turn.eq(rows[-2]),
        ]
        self._write(m, ends[lane.LATENCY + 1], rows[-1])
        summing = delay_strobe(m, asked, sums.LATENCY, "summing")
        m.d.comb += self._settled.eq(~Cat(summing[1:]).any() & ~Cat(on_way).any())
        if geometry.weight_ports == 2:
            self._take_turns(m, asked)
            return
        with m.If(asked):
            m.d.sync += self._pending.eq(1)
        with m.Elif(ends[-1]):
            m.d.sync += self._pending.eq(0)

    def _take_turns(self, m: Module, asked: Value) -> None:
        """The sums of a row are in the lane before those of the next one come."""
        wait = Signal(range(max(2, self._geometry.multipliers)))
        with m.If(asked):
            m.d.sync += wait.eq(self._geometry.multipliers - 1)
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        m.d.comb += self._pending.eq(wait != 0)

    def _write(self, m: Module, written: Value, row: Value) -> None:
        """Collect what the lane gives, and write the weights of a row that changed."""
        geometry, lane, location = self._geometry, self._lane, self.writes.location
        count, parts = geometry.multipliers, geometry.lanes // geometry.multipliers
        values, changes = Signal(geometry.weight_bits * count), Signal(count)
        with m.If(lane.done):
            m.d.sync += [
                values.eq(Cat(values, lane.new_weight)[geometry.weight_bits :]),
                changes.eq(Cat(changes, lane.changed)[1:]),
            ]
        enable = Mux(written, changes, 0)
        if parts > 1:
            enable = enable << (self._part * count)
        m.d.comb += [
            self.writes.enable.eq(enable),
            self.writes.data.as_value().eq(values.replicate(parts)),
            location.axon.eq(row),
            location.group.eq(self._piece >> ceil_log2(parts)),
        ]
