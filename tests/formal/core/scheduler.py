"""The scheduler: a spike sets its bit and no other; a scan gives every bit once and clears it."""

from amaranth.asserts import AnySeq
from amaranth.hdl import (
    Array,
    Assert,
    Assume,
    Cat,
    Cover,
    Elaboratable,
    Module,
    Mux,
    ResetSignal,
    Signal,
)

from axonloop.hdl.common import popcount
from axonloop.models.config import Geometry
from axonloop.models.protocol import Region, pending_stride
from tests.formal.code import Code, Mutant
from tests.formal.engine import Claim
from tests.formal.probe import Probe

SCHEDULER = "axonloop.hdl.core.scheduler"
GEOMETRY = Geometry(
    axons=6,
    neurons=2,
    lanes=2,
    update_lanes=2,
    trace_lanes=2,
    multipliers=2,
    delay_slots=4,
    entries=4,
)
SLOTS, LANES = GEOMETRY.delay_slots, GEOMETRY.trace_lanes


class SchedulerSpec(Elaboratable):
    """A scheduler that is used as the core uses it, beside a bitmap of D x axons bits.

    Spikes come at any time but in the cycle of `start` and while clearing, with delays up to
    D - 2; the tick moves on with `start`; the register bus is used while the scheduler is idle and
    two cycles after a spike at the earliest. With `timed`, the cycles of a scan are counted.
    """

    def __init__(self, code: Code, timed: bool = False) -> None:
        self._follows(code.load(SCHEDULER).Scheduler(GEOMETRY), GEOMETRY)
        self._timed = timed

    def _follows(self, dut, geometry: Geometry, together: int = 1) -> None:
        """The scheduler and its sizes; `together` blocks lie in a word of its memory."""
        self._dut, self._together, self._axons = dut, together, geometry.axons
        self._blocks, self._stride = geometry.axons // LANES, pending_stride(geometry)
        self._word_bits = (self._stride // together - 1).bit_length()
        self._offset_bits = (SLOTS * self._stride - 1).bit_length()

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.dut = self._probe = Probe(self._dut)
        m.d.comb += Assume(~ResetSignal())
        self._pending = [Signal(self._axons, name=f"pending_{slot}") for slot in range(SLOTS)]
        self._expected, self._emitted = Signal(self._axons), Signal(self._axons)
        self._seen, self._scanned = Signal(self._blocks), Signal(2)
        self._scans, self._clears = Signal(), Signal()
        self._drive(m)
        self._check_scan(m)
        self._follow(m)
        self._check_bitmap(m)
        self._tie(m)
        return m

    def _always(self, block: int):
        """The always-on bits of a block: the last bit of each row's flags."""
        row = self._probe.rows("flags.store")[block]
        width = len(row) // LANES
        return Cat(row[lane * width + width - 1] for lane in range(LANES))

    def _drive(self, m) -> None:
        dut, spike, tick = self._dut, self._dut.spikes, self._dut.tick_slot
        spiked = Signal()
        m.d.comb += [
            spike.valid.eq(AnySeq(1)),
            spike.payload.as_value().eq(AnySeq(len(spike.payload.as_value()))),
            tick.eq(AnySeq(2)),
            dut.slot.eq(tick),
            dut.start.eq(AnySeq(1)),
            dut.clear.eq(AnySeq(1)),
            dut.events.ready.eq(AnySeq(1)),
            dut.pause.eq(AnySeq(1)),
            dut.bus.write.eq(AnySeq(1)),
            dut.bus.address.eq(AnySeq(32)),
            dut.bus.write_data.eq(AnySeq(32)),
        ]
        m.d.comb += [
            dut.flags_bus.write.eq(dut.bus.write),
            dut.flags_bus.address.eq(dut.bus.address),
            dut.flags_bus.write_data.eq(dut.bus.write_data),
        ]
        m.d.sync += spiked.eq(spike.valid)
        strobes = dut.start | dut.clear | dut.bus.write
        m.d.comb += [
            Assume((dut.start + dut.clear + dut.bus.write) <= 1),
            Assume(~(strobes & (dut.busy | spike.valid))),
            Assume(~(dut.bus.write & spiked)),
            Assume(~(spike.valid & self._clears & dut.busy)),
            Assume(spike.payload.axon < self._axons),
            Assume(spike.payload.delay <= SLOTS - 2),
            Assume(~(dut.busy & self._scans) | (tick == self._scanned + 1)),
        ]

    def _follow(self, m) -> None:
        """The reference: bits set by spikes and by the bus, cleared block by block."""
        dut, spike, pending = self._dut, self._dut.spikes, Array(self._pending)
        slot = (dut.tick_slot + spike.payload.delay)[:2]
        for number, bits in enumerate(self._pending):
            for axon in range(self._axons):
                with m.If(spike.valid & (slot == number) & (spike.payload.axon == axon)):
                    m.d.sync += bits[axon].eq(1)
        offset = dut.bus.address[: self._offset_bits]
        write = dut.bus.write & (dut.bus.address[24:] == Region.PENDING)
        for number, bits in enumerate(self._pending):
            for block in range(self._blocks):
                part = bits.word_select(block, LANES)
                with m.If(write & (offset == number * self._stride + block)):
                    m.d.sync += part.eq(dut.bus.write_data)
                shown = dut.blocks.valid & (dut.blocks.block.index == block)
                with m.If(shown & self._scans & (self._scanned == number)):
                    m.d.sync += part.eq(0)
        always = Cat(self._always(block) for block in range(self._blocks))
        with m.If(dut.start | dut.clear):
            m.d.sync += [self._scans.eq(dut.start), self._clears.eq(dut.clear)]
            m.d.sync += [self._seen.eq(0), self._emitted.eq(0), self._scanned.eq(dut.slot)]
            for axon, bit in enumerate(always):
                m.d.sync += self._expected[axon].eq(
                    dut.start & (pending[dut.slot].bit_select(axon, 1) | bit)
                )
        with m.Elif(~dut.busy):
            m.d.sync += [self._scans.eq(0), self._clears.eq(0)]
        with m.If(dut.clear):
            m.d.sync += [bits.eq(0) for bits in self._pending]

    def _check_bitmap(self, m) -> None:
        """What is stored is the reference, but for the write under way and a clear in work."""
        dut, rows = self._dut, self._probe.rows("store")
        writing = self._probe["writing"]
        port = dut._write
        address, bit = self._probe["address"], self._probe["bit"]
        for number, bits in enumerate(self._pending):
            for block in range(self._blocks):
                position = number * self._stride + block
                written = writing & (address == position // self._together)
                late = Mux(written, bit.word_select(position % self._together, LANES), 0)
                same = (self._stored(position) | late) == bits.word_select(block, LANES)
                m.d.comb += Assert(same | (self._clears & dut.busy))
        with m.If(writing):
            m.d.comb += [
                Assert(port.en.all() & (port.addr == address)),
                Assert((port.data & ~bit) == (Array(rows)[address] & ~bit)),
                Assert(dut.collision == (Array(rows)[address] & bit).any()),
            ]
        m.d.comb += [
            Assert(dut.spikes.ready),
            Assert(~(dut.collision & ~writing)),
            Assert(~writing | (address[: self._word_bits] * self._together < self._blocks)),
        ]

    def _stored(self, position: int):
        """What is stored of a block of a slot."""
        row = self._probe.rows("store")[position // self._together]
        return row.word_select(position % self._together, LANES)

    def _check_scan(self, m) -> None:
        dut = self._dut
        block, event = dut.blocks, dut.events
        with m.If(block.valid):
            index = block.block.index
            expected = self._expected.word_select(index, LANES)
            m.d.comb += [
                Assert(index < self._blocks),
                Assert(~self._seen.bit_select(index, 1)),
                Assert(block.block.spikes == expected),
                Assert(block.block.clear == self._clears),
                Assert(self._scans | self._clears),
            ]
            m.d.sync += self._seen.bit_select(index, 1).eq(1)
        axon, now = event.payload, Signal(self._axons)
        with m.If(event.valid):
            m.d.comb += [
                Assert(axon < self._axons),
                Assert(self._expected.bit_select(axon, 1)),
                Assert(~self._emitted.bit_select(axon, 1)),
            ]
            with m.If(event.ready):
                m.d.comb += now.bit_select(axon, 1).eq(1)
                m.d.sync += self._emitted.bit_select(axon, 1).eq(1)
        with m.If(self._scans & ~dut.scanning):
            m.d.comb += Assert((self._emitted | now) == self._expected)
        ended = (self._scans | self._clears) & ~dut.busy
        with m.If(ended):
            m.d.comb += [
                Assert(self._seen.all()),
                Assert((self._emitted | now) == self._expected),
            ]
            with m.If(self._scans):
                m.d.comb += Assert(Array(self._pending)[self._scanned] == 0)
        self._cover(m, ended, self._emitted | now)

    def _cover(self, m, ended, emitted) -> None:
        m.d.comb += Cover(ended & self._scans & emitted.all())
        m.d.comb += Cover(ended & self._clears)

    def _tie(self, m) -> None:
        """Invariants: how far the scan is, and what it still has to show and to give."""
        dut, probe = self._dut, self._probe
        going, shown, clearing = (probe[n] for n in ("going", "shown", "clearing"))
        slot, shown_slot, base = (probe[n] for n in ("slot", "shown_slot", "base"))
        block, shown_block, bits = (probe[n] for n in ("block", "shown_block", "bits"))
        works, position, end = Signal(), Signal(6), Signal(6)
        address, bit = probe["address"], probe["bit"]
        writing, moving = probe["writing"], going | shown
        first, last = (
            Mux(self._clears, 0, self._scanned),
            Mux(self._clears, SLOTS - 1, self._scanned),
        )
        reached = Mux(shown, shown_slot * self._blocks + shown_block, slot * self._blocks + block)
        m.d.comb += [
            works.eq(self._scans | self._clears),
            end.eq((last + 1) * self._blocks),
            position.eq(Mux(moving, reached, end)),
            Assert(~(self._scans & self._clears)),
            Assert(works | ~(moving | bits.any())),
            Assert(~moving | (clearing == self._clears)),
            Assert(~going | ((block < self._blocks) & (position < end))),
            Assert(~shown | ((shown_block < self._blocks) & (position < end))),
            Assert(~moving | (position >= first * self._blocks)),
            Assert(~(going & shown) | (slot * self._blocks + block == position + 1)),
            Assert(~(going & shown) | (position + 1 < end)),
            Assert(~(shown & ~going) | (position + 1 == end)),
            Assert(~(going & self._scans) | (slot == self._scanned)),
            Assert(~(shown & self._scans) | (shown_slot == self._scanned)),
            Assert(~writing | (bit.any() & ((bit & (bit - 1)) == 0))),
            Assert(~(writing & self._clears & dut.busy)),
            Assert(
                ~(writing & self._scans & dut.busy) | (address[self._word_bits :] != self._scanned)
            ),
        ]
        with m.If(works):
            for number in range(self._blocks):
                self._tie_block(
                    m,
                    number,
                    position - first * self._blocks > number,
                    shown & (shown_block == number),
                )
            self._tie_events(m, base, bits)
        if self._timed:
            self._check_time(m, going & ~shown, bits, end - position)
        with m.If(self._clears):
            m.d.comb += Assert(self._expected == 0)
            for number in range(SLOTS):
                with m.If(dut.busy):
                    m.d.comb += Assert(self._pending[number] == 0)
                for index in range(self._blocks):
                    row = self._stored(number * self._stride + index)
                    done = position > number * self._blocks + index
                    m.d.comb += Assert(~(done & dut.busy) | (row == 0))

    def _tie_events(self, m, base, bits) -> None:
        """What of the expected events is still to come: of this word, and of those not taken."""
        width = self._together * LANES
        for axon in range(self._axons):
            held = (base == axon // width) & bits[axon % width]
            left = self._expected[axon] & ~self._emitted[axon]
            later = self._expected[axon] & ~self._taken(axon // width)
            m.d.comb += Assert(left == (held | later))
            m.d.comb += Assert(~(held & later))
            m.d.comb += Assert(~self._emitted[axon] | self._expected[axon])
        m.d.comb += Assert(~bits.any() | (base < -(-self._axons // width)))

    def _taken(self, word: int):
        """Is the word of this number behind the scan?"""
        return self._seen[word]

    def _shown(self, number: int):
        """What was read of block `number` when it is to be shown."""
        return self._dut._scan.data

    def _tie_block(self, m, number: int, done, fetched) -> None:
        expected = self._expected.word_select(number, LANES)
        pending = Array(self._pending)[self._scanned].word_select(number, LANES)
        always = self._always(number)
        shown = self._dut._flags.read_data
        word = self._shown(number) | Cat(shown[lane].always_on for lane in range(LANES))
        m.d.comb += Assert(self._seen[number] == done)
        with m.If(self._scans & self._dut.busy):
            m.d.comb += Assert(Mux(done, pending == 0, (pending | always) == expected))
            m.d.comb += Assert(~fetched | (word == expected))

    def _check_time(self, m, unfetched, bits, left) -> None:
        """A cycle is spent if no spike is written, the receiver takes and nobody pauses.

        2 of them, 1 per event and 1 per block without one, where another block follows; to clear, 1
        per block and 1. Invariant: as many as are left of them.
        """
        dut, spent, busy = self._dut, Signal(range(256)), self._dut.busy
        held_up = self._probe["writing"] | dut.pause | (dut.events.valid & ~dut.events.ready)
        with m.If(busy & ~held_up):
            m.d.sync += spent.eq(spent + 1)
        with m.If(dut.start | dut.clear):
            m.d.sync += spent.eq(0)
        words = [self._expected.word_select(number, LANES) for number in range(self._blocks)]
        unseen = [Mux(self._seen[k], 0, _cycles(word)) for k, word in enumerate(words[:-1])]
        final = popcount(words[-1])
        most = Signal(range(256))
        m.d.comb += most.eq(2 + sum(map(_cycles, words[:-1])) + final)
        waiting = _cycles(bits) + sum(unseen) + final
        rest = unfetched + Mux(self._seen.all(), popcount(bits), waiting)
        with m.If(self._scans):
            m.d.comb += Assert(~busy | (spent + rest <= most))
            m.d.comb += Assert(spent <= most)
        with m.If(self._clears):
            m.d.comb += Assert(~busy | (spent + unfetched + left <= SLOTS * self._blocks + 1))
            m.d.comb += Assert(spent <= SLOTS * self._blocks + 1)
        m.d.comb += Cover(self._scans & ~busy & (spent == most) & (most > self._blocks + 1))
        m.d.comb += Cover(self._clears & ~busy & (spent == SLOTS * self._blocks + 1))


def _cycles(word):
    """From the cycle behind a block to that of the next one, while nothing holds them up."""
    return Mux(word.any(), popcount(word), 1)


CLAIMS = [
    Claim(
        "scheduler",
        "a spike sets its bit and no other; a scan shows each block and gives each bit once, and "
        "clears them; spikes are always taken",
        SchedulerSpec,
        depth=2,
        search=8,
        reach=18,
        mutants=(
            Mutant(
                "wrong slot",
                SCHEDULER,
                "self.tick_slot + spike.delay",
                "self.tick_slot + spike.delay + 1",
            ),
            Mutant("erases its neighbours", SCHEDULER, "read.data | bit)", "bit)"),
            Mutant(
                "misses the spike before",
                SCHEDULER,
                "transparent_for=(self._write,)",
                "transparent_for=()",
            ),
            Mutant(
                "scan and spike write at once",
                SCHEDULER,
                "walk.shown & ~writing & drained",
                "walk.shown & drained",
            ),
            Mutant(
                "does not wait for the receiver",
                SCHEDULER,
                "Mux(self.events.ready, bits & ~lowest, bits)",
                "bits & ~lowest",
            ),
            Mutant(
                "leaves a block out",
                SCHEDULER,
                "block == self._blocks - 1",
                "block == self._blocks - 2",
            ),
            Mutant(
                "does not clear", SCHEDULER, "self._write.data.eq(0)", "self._write.data.eq(word)"
            ),
        ),
    ),
    Claim(
        "scheduler",
        "a scan ends in bounded time: 2 cycles, 1 per event, 1 per block without, and those in "
        "which a spike is written, the receiver waits or `pause` is up",
        lambda code: SchedulerSpec(code, timed=True),
        depth=2,
        search=14,
        reach=18,
        mutants=(
            Mutant(
                "reads a block when none is shown only",
                SCHEDULER,
                "going & (~shown | take)",
                "going & ~shown",
            ),
            Mutant("rests after events", SCHEDULER, "eq(~left.any())", "eq(~bits.any())"),
            Mutant(
                "waits for spikes that come, too",
                SCHEDULER,
                "walk.shown & ~writing & drained",
                "walk.shown & ~writing & ~self.spikes.valid & drained",
            ),
        ),
    ),
]
