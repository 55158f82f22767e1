"""Integration: the exact sum of the weights of all axons with a spike (step 2 of a tick)."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    Column,
    LaneMemory,
    address_bits,
    delay,
    delay_strobe,
    parameter_layout,
    place_layout,
    weight_latency,
)
from axonloop.hdl.core.blank_out import BlankOut
from axonloop.models.config import Geometry, is_serial
from axonloop.models.protocol import ROW_FIELDS, Region, set_bits


class Synapses(wiring.Component):
    """Reads the row of every event, L weights per cycle, into one accumulator per neuron.

    ACC_i = sum of W_ij over the axons j with a spike whose row visits i; *no synapse* adds 0, and
    so does a synapse that drops the spike, where synapses may (`blank`).

    Rules
    -----
    1. `events` are taken one after the other; the descriptor of the next row is fetched while the
       row before is read, so that rows follow each other without a gap. In a serial core a cycle
       lies between them, so that no sum is read while it is written.
    2. `sums` may be read while not `busy`, one group per cycle, data in the next cycle; with
       `sum_clear` the group read in the cycle before is set to 0.

    Latency: sum over events of max(groups, 1) (a serial core: groups + 1), + 2 to fetch the first
    row, + `weight_latency` + 1 to drain; where synapses may drop spikes, `BlankOut.LATENCY` + 1 to
    drain.

    Members
    -------
    start, tick, seed, core, parameter_sets : where synapses may drop spikes; see BlankOut
    read_enable, read_place, read_data : to the weight memory
    row_groups : groups of the row that starts in this cycle, for the SynOps counter
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry, self._serial = geometry, is_serial(geometry)
        groups = address_bits(geometry.groups)
        columns = {
            "first": Column(Region.ROW, groups),
            "count": Column(Region.ROW, geometry.groups.bit_length(), low=ROW_FIELDS["groups"].low),
        }
        if geometry.blank_out and set_bits(geometry):
            low = ROW_FIELDS["parameter_set"].low
            columns["set"] = Column(Region.ROW, set_bits(geometry), low=low)
        self._rows = LaneMemory(columns, words=geometry.axons)
        self._blank = BlankOut(geometry) if geometry.blank_out else None
        self._later = BlankOut.LATENCY - weight_latency(geometry) if geometry.blank_out else 0
        sets = data.ArrayLayout(parameter_layout(geometry), geometry.parameter_sets)
        of_blank = {
            "start": In(1),
            "tick": In(32),
            "seed": In(32),
            "core": In(8),
            "parameter_sets": In(sets),
        }
        sums = data.ArrayLayout(signed(geometry.accumulator_bits), geometry.lanes)
        super().__init__(
            (of_blank if geometry.blank_out else {})
            | {
                "events": In(stream.Signature(address_bits(geometry.axons))),
                "read_enable": Out(1),
                "read_place": Out(place_layout(geometry)),
                "read_data": In(data.ArrayLayout(signed(geometry.weight_bits), geometry.lanes)),
                "sum_enable": In(1),
                "sum_address": In(groups),
                "sum_clear": In(1),
                "sums": Out(sums),
                "row_groups": Out(geometry.groups.bit_length()),
                "busy": Out(1),
            }
        )

    @property
    def memories(self) -> dict[str, LaneMemory]:
        """What the register map sees."""
        return {"rows": self._rows}

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.rows = self._rows
        active, group = Signal(), Signal(address_bits(self._geometry.groups))
        axon, fetched, number = self._walk(m, active, group)
        later, latency = self._later, weight_latency(self._geometry)
        valid = delay_strobe(m, active, later + latency, "valid")
        where = delay(m, group, later + latency, "where")
        m.d.comb += [
            self.read_enable.eq(valid[later]),
            self.read_place.axon.eq(delay(m, axon, later, "axon")[-1]),
            self.read_place.group.eq(where[later]),
            self.busy.eq(self.events.valid | fetched | Cat(valid).any()),
        ]
        if self._blank is not None:
            self._drop(m, self._blank, axon, group, number)
        self._accumulate(m, valid, where)
        return m

    def _drop(self, m, blank, axon, group, number) -> None:
        m.submodules.blank = blank
        for name in ("start", "tick", "seed", "core", "parameter_sets", "busy"):
            m.d.comb += getattr(blank, name).eq(getattr(self, name))
        m.d.comb += [blank.axon.eq(axon), blank.group.eq(group), blank.set.eq(number)]

    def _walk(self, m, active, group) -> tuple[Signal, Signal, Signal]:
        """Walk over the groups of one row while the next descriptor is fetched."""
        number = Signal(set_bits(self._geometry), name="set")
        fetched, take = Signal(), Signal()
        fetched_axon, axon = Signal.like(self.events.payload), Signal.like(self.events.payload)
        remaining = Signal(self._geometry.groups.bit_length())
        accept = self.events.valid & self.events.ready
        row = self._rows.read_data[0]
        m.d.comb += [
            take.eq(fetched & (~active | ((remaining == 1) & (not self._serial)))),
            self.events.ready.eq(~fetched | take),
            self.row_groups.eq(Mux(take, row.count, 0)),
        ]
        m.d.comb += [
            self._rows.read_enable.eq(accept),
            self._rows.read_address.eq(self.events.payload),
        ]
        with m.If(active):
            m.d.sync += [group.eq(group + 1), remaining.eq(remaining - 1)]
            m.d.sync += active.eq(remaining != 1)
        with m.If(take):
            m.d.sync += [
                axon.eq(fetched_axon),
                group.eq(row.first),
                remaining.eq(row.count),
                active.eq(row.count != 0),
                fetched.eq(0),
            ]
            if "set" in row.shape().members:
                m.d.sync += number.eq(row.set)
        with m.If(accept):
            m.d.sync += [fetched.eq(1), fetched_axon.eq(self.events.payload)]
        return axon, fetched, number

    def _accumulate(self, m, valid, where) -> None:
        """Add a row piece to its group's accumulators; the read port forwards the last write."""
        geometry = self._geometry
        store = memory.Memory(
            shape=geometry.accumulator_bits * geometry.lanes,
            depth=max(2, geometry.groups),
            init=[],
        )
        m.submodules["disjoint" if self._serial else "memory"] = store
        write = store.write_port()
        read = store.read_port(transparent_for=() if self._serial else (write,))
        cleared = Signal.like(self.sum_address)
        m.d.sync += cleared.eq(self.sum_address)
        m.d.comb += [
            read.en.eq(valid[-2] | self.sum_enable),
            read.addr.eq(Mux(self.sum_enable, self.sum_address, where[-2])),
            self.sums.as_value().eq(read.data),
            write.en.eq(valid[-1] | self.sum_clear),
            write.addr.eq(Mux(self.sum_clear, cleared, where[-1])),
        ]
        with m.If(~self.sum_clear):
            m.d.comb += write.data.eq(
                Cat(
                    (self.sums[lane] + self._addend(lane))[: geometry.accumulator_bits]
                    for lane in range(geometry.lanes)
                )
            )

    def _addend(self, lane: int):
        weight = self.read_data[lane]
        absent = weight == self._geometry.no_synapse
        dropped = self._blank.dropped[lane] if self._blank is not None else 0
        return Mux(absent | dropped, 0, weight)
