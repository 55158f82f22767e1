"""Arrival of spikes: the bitmap of slots and axons, and its scan at the start of a tick."""

from typing import Any, NamedTuple

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    CLOCKED,
    BusSignature,
    Fields,
    LaneMemory,
    address_bits,
    block_layout,
    flag_columns,
    lowest_one,
    spike_layout,
)
from axonloop.models.config import Geometry, ceil_log2
from axonloop.models.protocol import Region, pending_stride


class Walk(NamedTuple):
    """The next `block` and the one that is `shown`, each of its slot; the next is read when the
    walk may `advance`."""

    going: Value
    clearing: Value
    advance: Value
    slot: Value
    block: Value
    shown: Value
    shown_slot: Value
    shown_block: Fields


class Scheduler(wiring.Component):
    """Step 1 of a tick: which axons have a spike (docs/contract.md, section 5).

    Rules
    -----
    1. `spikes` is always accepted, one per cycle, and lands in slot (tick + delay) mod D; not
       during `clear`.
    2. `start` scans slot `slot` block by block and empties it. Each block appears once on
       `blocks`, not while `pause`, each axon with a spike once on `events`.
    3. `clear` empties all slots, and shows every block once on `blocks` with `clear` set.
    4. `scanning` and `busy` fall when the last event was taken.

    Latency: axons / trace_lanes + 2 cycles without events; one cycle per event otherwise.

    Members
    -------
    collision : an accepted spike found its bit set
    """

    def __init__(self, geometry: Geometry, blocks: int = 1) -> None:
        self._geometry = geometry
        self._blocks = geometry.axons // geometry.trace_lanes
        self._together, self._width = blocks, blocks * geometry.trace_lanes
        slot = address_bits(geometry.delay_slots)
        super().__init__(
            {
                "spikes": In(stream.Signature(spike_layout(geometry))),
                "tick_slot": In(slot),
                "start": In(1),
                "slot": In(slot),
                "clear": In(1),
                "blocks": Out(data.StructLayout({"valid": 1, "block": block_layout(geometry)})),
                "events": Out(stream.Signature(address_bits(geometry.axons))),
                "pause": In(1),
                "scanning": Out(1),
                "busy": Out(1),
                "collision": Out(1),
                "bus": In(BusSignature()),
                "flags_bus": In(BusSignature()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        geometry = self._geometry
        stride = pending_stride(geometry) // self._together
        self._word_bits, self._part_bits = ceil_log2(stride), ceil_log2(self._together)
        marks: dict[str, Any] = {CLOCKED: 1}
        store: memory.Memory = memory.Memory(
            shape=self._width, depth=geometry.delay_slots * stride, init=[], attrs=marks
        )
        m.submodules.store = self._store = store
        m.submodules.flags = self._flags = LaneMemory(
            flag_columns(geometry), words=self._blocks, lanes=geometry.trace_lanes
        )
        wiring.connect(m, wiring.flipped(self.flags_bus), self._flags.bus)
        self._write = store.write_port(granularity=geometry.trace_lanes)
        self._scan = store.read_port()
        writing = self._accept(m, store.read_port(transparent_for=(self._write,)))
        self._sweep(m, writing)
        self._access(m)
        return m

    def _accept(self, m: Module, read: memory.ReadPort) -> Signal:
        """Read, set the bit, write back; returns whether a write takes the port this cycle."""
        lane_bits = ceil_log2(self._width)
        spike, writing = self.spikes.payload, Signal()
        address, bit = Signal.like(self._write.addr), Signal(self._width)
        slot = (self.tick_slot + spike.delay)[: len(self.slot)]
        m.d.comb += [
            self.spikes.ready.eq(1),
            read.en.eq(self.spikes.valid),
            read.addr.eq((slot << self._word_bits) | spike.axon[lane_bits:]),
        ]
        m.d.sync += [
            writing.eq(self.spikes.valid),
            address.eq(read.addr),
            bit.eq(1 << spike.axon[:lane_bits] if lane_bits else 1),
        ]
        with m.If(writing):
            m.d.comb += [
                self._write.en.eq(~0),
                self._write.addr.eq(address),
                self._write.data.eq(read.data | bit),
                self.collision.eq((read.data & bit).any()),
            ]
        return writing

    def _sweep(self, m: Module, writing: Value) -> None:
        """One walk for both: a block is shown when the events of the one before are taken."""
        take = Signal()
        walk = self._walk(m, take)
        rows = self._flags.read_data
        always = Cat(rows[lane].always_on for lane in range(self._geometry.trace_lanes))
        word = Mux(walk.clearing, 0, self._scan.data | always)
        drained = self._take_apart(m, take, walk.shown_block, word)
        m.d.comb += [
            take.eq(walk.shown & ~writing & drained & ~self.pause),
            self.scanning.eq(walk.going | walk.shown | ~drained),
            self.busy.eq(self.scanning),
            self._scan.en.eq(walk.advance),
            self._scan.addr.eq((walk.slot << self._word_bits) | walk.block),
            self.blocks.block.spikes.eq(word),
        ]
        with m.If(take):
            m.d.comb += [
                self._write.en.eq(1),
                self._write.addr.eq((walk.shown_slot << self._word_bits) | walk.shown_block),
                self._write.data.eq(0),
            ]

    def _walk(self, m: Module, take: Value) -> Walk:
        """Walk over the blocks of a slot, of all slots to clear; one is read while `take` shows
        the one before."""
        going, clearing, shown = (Signal(name=name) for name in ("going", "clearing", "shown"))
        slot, shown_slot = (Signal.like(self.slot, name=f"{name}slot") for name in ("", "shown_"))
        block, shown_block = Signal(range(self._blocks)), Signal(range(self._blocks))
        advance = going & (~shown | take)
        m.d.comb += [
            self._flags.read_enable.eq(advance),
            self._flags.read_address.eq(block),
            self.blocks.valid.eq(take & (~clearing | (shown_slot == 0))),
            self.blocks.block.index.eq(shown_block),
            self.blocks.block.rows.eq(self._flags.read_data),
            self.blocks.block.clear.eq(clearing),
        ]
        with m.If(take):
            m.d.sync += shown.eq(0)
        with m.If(advance):
            m.d.sync += [shown.eq(1), shown_block.eq(block), shown_slot.eq(slot)]
            m.d.sync += block.eq(block + 1)
            with m.If(block == self._blocks - 1):
                m.d.sync += [block.eq(0), slot.eq(slot + 1)]
                m.d.sync += going.eq(clearing & (slot != self._geometry.delay_slots - 1))
        with m.If(self.start | self.clear):
            m.d.sync += [going.eq(1), block.eq(0), clearing.eq(self.clear)]
            m.d.sync += slot.eq(Mux(self.clear, 0, self.slot))
        return Walk(going, clearing, advance, slot, block, shown, shown_slot, shown_block)

    def _take_apart(self, m: Module, take: Value, block: Fields, word: Value) -> Signal:
        """Turn a word's spikes into events, lowest first; returns whether a new word fits."""
        bits, base = Signal(self._width), Signal.like(block)
        left, drained = Signal.like(bits), Signal()
        lowest = bits & (~bits + 1)[: len(bits)]
        m.d.comb += [
            left.eq(Mux(self.events.ready, bits & ~lowest, bits)),
            drained.eq(~left.any()),
            self.events.valid.eq(bits.any()),
            self.events.payload.eq((base << ceil_log2(len(bits))) | lowest_one(bits)),
        ]
        m.d.sync += bits.eq(Mux(take, word, left))
        with m.If(take):
            m.d.sync += base.eq(block)
        return drained

    def _access(self, m: Module) -> None:
        """Register access to the bitmap; words past the end of a slot read 0."""
        bus, chosen = self.bus, Signal()
        offset = bus.address[: self._part_bits + len(self._write.addr)]
        block, part = offset[: self._part_bits + self._word_bits], offset[: self._part_bits]
        inside = block < self._blocks if len(block) else 1
        selected, kept = Signal(), Signal.like(part)
        given = bus.write_data[: self._geometry.trace_lanes]
        m.d.comb += selected.eq((bus.address[24:] == Region.PENDING) & inside)
        with m.If(bus.read):
            m.d.comb += [self._scan.en.eq(1), self._scan.addr.eq(offset >> self._part_bits)]
        with m.If(bus.write & selected):
            m.d.comb += [
                self._write.en.eq(1 << part),
                self._write.addr.eq(offset >> self._part_bits),
                self._write.data.eq(given.replicate(self._together)),
            ]
        m.d.sync += [chosen.eq(bus.read & selected), kept.eq(part)]
        m.d.comb += bus.read_data.eq(Mux(chosen, self._part(self._scan.data, kept), 0))

    def _part(self, word: Value, number: Value) -> Value:
        """One block of a stored word."""
        return word.word_select(number, self._geometry.trace_lanes)
