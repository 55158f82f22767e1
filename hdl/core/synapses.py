"""Integration: the exact sum of the weights of all axons with a spike (step 2 of a tick)."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import (
    LOSS_BITS,
    BlankOutInputs,
    Column,
    Fields,
    LaneMemory,
    Part,
    SumReads,
    WeightReads,
    accumulate,
    address_bits,
    delay,
    delay_strobe,
    early_groups,
    weight_latency,
    with_blank_out,
    with_early_groups,
)
from axonloop.hdl.core.blank_out import BlankOut
from axonloop.models.config import Geometry
from axonloop.models.protocol import ROW_FIELDS, Region, set_bits


class Synapses(wiring.Component):
    """Reads the row of every event, L weights per cycle, into one accumulator per neuron.

    ACC_i = sum of W_ij over the axons j with a spike whose row visits i; *no synapse* adds 0, and
    so does a synapse that drops the spike, where synapses may (`blank`). With a mask a weight
    counts W (256 - r_j), by the loss of its row; the neurons round the sums.

    Rules
    -----
    1. `events` are taken one after the other; the descriptor of the next row is fetched while the
       row before is read, so that rows follow each other without a gap. With `gap` a cycle lies
       between them, so that no sum is read while it is written.
    2. `sums` may be used while not `busy`; those of the early groups also from `early` on, where
       the last rows come in two parts, in the cycles that are not `taken`. While `wanted` every
       second cycle is free.

    Latency: sum over events of max(groups, 1) (with `gap`, groups + 1), + 2 to fetch the first
    row, + `weight_latency` + 1 to drain; where synapses may drop spikes, `BlankOut.LATENCY` + 1 to
    drain; with a mask 1 more. Each sum that is read meanwhile costs a cycle.
    Resources: with a mask, lanes multipliers of weight_bits x 9.

    Members
    -------
    blank : where synapses may drop spikes: what decides which; see BlankOut
    weights : to the weight memory
    sums : the accumulators
    row_groups : groups of the row that starts in this cycle, for the SynOps counter
    part : of the row in `events`, where some groups are early; see RowQueue
    early : all early parts are in the accumulators; a strobe
    """

    def __init__(self, geometry: Geometry, gap: bool) -> None:
        self._geometry, self._gap = geometry, gap
        columns = {
            name: Column(Region.ROW, width, low=ROW_FIELDS[field].low, table=True)
            for name, field, width in (
                ("first", "first_group", address_bits(geometry.groups)),
                ("count", "groups", geometry.groups.bit_length()),
            )
        }
        if geometry.blank_out and set_bits(geometry):
            low = ROW_FIELDS["parameter_set"].low
            columns["set"] = Column(Region.ROW, set_bits(geometry), low=low, table=True)
        if geometry.mask:
            columns["loss"] = Column(Region.ROW_LOSS, LOSS_BITS, table=True)
        self._rows = LaneMemory(columns, words=geometry.axons)
        self._blank_out = BlankOut(geometry) if geometry.blank_out else None
        self._later = BlankOut.LATENCY - weight_latency(geometry) if geometry.blank_out else 0
        super().__init__(
            {
                "events": In(stream.Signature(address_bits(geometry.axons))),
                "weights": Out(WeightReads(geometry)),
                "sums": In(SumReads(geometry)),
                "row_groups": Out(geometry.groups.bit_length()),
                "busy": Out(1),
            }
            | with_blank_out(geometry, blank=In(BlankOutInputs(geometry)))
            | with_early_groups(geometry, part=In(Part), early=Out(1))
        )

    @property
    def memories(self) -> dict[str, LaneMemory]:
        """The memories that the register map sees, by name of the submodule."""
        return {"rows": self._rows}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.rows = self._rows
        active, group = Signal(), Signal(address_bits(self._geometry.groups))
        step, take = Signal(), Signal()
        m.d.comb += step.eq(active & ~self._rest(m, active))
        axon, fetched, number, kept = self._walk(m, active, step, group, take)
        later, shown = self._later, self._later + weight_latency(self._geometry)
        last = shown + self._geometry.mask
        valid = delay_strobe(m, step, last, "valid")
        where = delay(m, group, last, "where")
        m.d.comb += [
            self.weights.enable.eq(valid[later]),
            self.weights.location.axon.eq(delay(m, axon, later, "axon")[-1]),
            self.weights.location.group.eq(where[later]),
            self.busy.eq(self.events.valid | fetched | active | Cat(valid).any()),
        ]
        if early_groups(self._geometry):
            self._tell_early(m, take, valid)
        if self._blank_out is not None:
            self._drop(m, self._blank_out, axon, group, number)
        addends = [self._addend(lane) for lane in range(self._geometry.lanes)]
        if self._geometry.mask:
            addends = self._masked(m, addends, delay(m, kept, shown, "kept")[-1])
        accumulate(m, self._geometry, self.sums, valid, where, addends, self._gap)
        return m

    def _rest(self, m: Module, active: Value) -> Value:
        """Leave every second cycle to who reads sums early, and no more than there are to read."""
        words = early_groups(self._geometry) * self._geometry.lanes // self._geometry.update_lanes
        rests, rested, given = Signal(), Signal(), Signal(range(words + 1))
        m.d.comb += rests.eq(self.sums.wanted & ~rested & (given != words))
        m.d.sync += rested.eq(rests)
        with m.If(~self.busy):
            m.d.sync += given.eq(0)
        with m.Elif(active & rests):
            m.d.sync += given.eq(given + 1)
        return rests

    def _tell_early(self, m: Module, take: Value, valid: list[Value]) -> None:
        """The first late part is taken: the early ones end, which takes as long as a group."""
        begun, late = Signal(), take & (self._part == Part.LATE)
        m.d.sync += begun.eq(self.busy & (late | begun))
        ended = delay_strobe(m, late & ~begun, len(valid) - 1, "ended")
        m.d.comb += [self.early.eq(ended[-1] & begun), self.sums.taken.eq(valid[-2])]

    def _drop(self, m: Module, blank: BlankOut, axon: Value, group: Value, number: Value) -> None:
        m.submodules.blank = blank
        connect(m, inputs=flipped(self.blank), blank=blank.inputs)
        m.d.comb += blank.busy.eq(self.busy)
        m.d.comb += [blank.axon.eq(axon), blank.group.eq(group), blank.set.eq(number)]

    def _walk(
        self, m: Module, active: Value, step: Value, group: Value, take: Value
    ) -> tuple[Signal, ...]:
        """Walk over the groups of one row while the next descriptor is fetched.

        Returns its axon, whether the next one is fetched, its set, and what it keeps with a mask.
        """
        number, kept = Signal(set_bits(self._geometry), name="set"), Signal(LOSS_BITS + 1)
        fetched = Signal()
        fetched_axon, axon = Signal.like(self.events.payload), Signal.like(self.events.payload)
        remaining = Signal(self._geometry.groups.bit_length())
        accept = self.events.valid & self.events.ready
        row = self._rows.read_data[0]
        first, count = self._span(m, row, accept)
        m.d.comb += [
            take.eq(fetched & (~active | (step & (remaining == 1) & (not self._gap)))),
            self.events.ready.eq(~fetched | take),
            self.row_groups.eq(Mux(take, count, 0)),
        ]
        m.d.comb += [
            self._rows.read_enable.eq(accept),
            self._rows.read_address.eq(self.events.payload),
        ]
        with m.If(step):
            m.d.sync += [group.eq(group + 1), remaining.eq(remaining - 1)]
            m.d.sync += active.eq(remaining != 1)
        with m.If(take):
            m.d.sync += [
                axon.eq(fetched_axon),
                group.eq(first),
                remaining.eq(count),
                active.eq(count != 0),
                fetched.eq(0),
            ]
            if "set" in row.shape().members:
                m.d.sync += number.eq(row.set)
            if self._geometry.mask:
                m.d.sync += kept.eq((1 << LOSS_BITS) - row.loss)
        with m.If(accept):
            m.d.sync += [fetched.eq(1), fetched_axon.eq(self.events.payload)]
        return axon, fetched, number, kept

    def _span(self, m: Module, row: Fields, accept: Value) -> tuple[Value, Value]:
        """First group and number of groups of the part of a row that was asked for."""
        early = early_groups(self._geometry)
        if not early:
            return row.first, row.count
        self._part = part = Signal(Part)
        with m.If(accept):
            m.d.sync += part.eq(self.part)
        end, starts_late = row.first + row.count, row.first >= early
        until = Mux(end > early, early, end)
        first, count = Signal.like(row.first), Signal.like(row.count)
        m.d.comb += [first.eq(row.first), count.eq(row.count)]
        with m.Switch(part):
            with m.Case(Part.EARLY):
                m.d.comb += count.eq(Mux(starts_late, 0, until - row.first))
            with m.Case(Part.LATE):
                start = Mux(starts_late, row.first, early)
                m.d.comb += [first.eq(start), count.eq(Mux(end > early, end - start, 0))]
        return first, count

    def _addend(self, lane: int) -> Value:
        weight = self.weights.data[lane]
        absent = weight == self._geometry.no_synapse
        dropped = self._blank_out.dropped[lane] if self._blank_out is not None else 0
        return Mux(absent | dropped, 0, weight)

    def _masked(self, m: Module, weights: list[Value], kept: Value) -> list[Value]:
        """Weights by what their row keeps, 1..256 parts of 256: one register."""
        masked: list[Value] = []
        for lane, weight in enumerate(weights):
            width = self._geometry.weight_bits + LOSS_BITS
            product = Signal(signed(width), name=f"masked_{lane}", reset_less=True)
            m.d.sync += product.eq(weight.as_signed() * kept)
            masked.append(product)
        return masked
