"""Arrival of spikes where the scan for events runs ahead of the blocks that traces walk over."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from axonloop.hdl.common import Column, LaneMemory, flag_columns
from axonloop.hdl.core.scheduler import Scheduler
from axonloop.models.config import Geometry

TOGETHER = 4
"""Blocks that the scan for events looks at in a cycle."""


def scheduler_of(geometry: Geometry) -> Scheduler:
    """The scheduler of a core: split in two where its blocks are many, and wider than a lane."""
    many = geometry.axons // geometry.trace_lanes >= 2 * TOGETHER
    return SplitScheduler(geometry) if many and geometry.trace_lanes > 1 else Scheduler(geometry)


class SplitScheduler(Scheduler):
    """A `Scheduler` in which events do not wait for blocks. Its rules hold, and

    1. The scan for events takes `TOGETHER` blocks in a cycle; blocks are shown behind it.
    2. `scanning` falls when the last event was taken, `busy` when the last block was shown too.

    Latency: axons / (TOGETHER trace_lanes) + 2 cycles without events, one cycle per event
    otherwise; axons / trace_lanes + 3 for the blocks.
    Resources: a second read port of the bitmap, and a second copy of `always_on`.
    """

    def __init__(self, geometry: Geometry) -> None:
        super().__init__(geometry, TOGETHER)
        words, always = -(-self._blocks // TOGETHER), flag_columns(geometry)["always_on"]
        columns: dict[str, Column] = {"always_on": always}
        self._always = LaneMemory(columns, words=words, lanes=self._width)
        self._words = words

    def _sweep(self, m: Module, writing: Value) -> None:
        bus, flags = self._always.bus, self.flags_bus
        m.submodules.always = self._always
        m.d.comb += [
            bus.address.eq(flags.address),
            bus.write.eq(flags.write),
            bus.write_data.eq(flags.write_data),
        ]
        unread, fetched, front = Signal(), Signal(), Signal(range(self._words + 1))
        self._scan_events(m, unread, fetched, front)
        self._walk_blocks(m, writing, unread | fetched, front)

    def _scan_events(self, m: Module, unread: Signal, fetched: Signal, front: Signal) -> None:
        """Take the words of a slot apart, one after the other; `front` is the first that is not."""
        take, scan_slot = Signal(), Signal.like(self.slot)
        word, fetched_word = Signal(range(self._words)), Signal(range(self._words))
        advance = unread & (~fetched | take)
        always = Cat(row.always_on for row in self._always.read_data)
        drained = self._take_apart(m, take, fetched_word, self._scan.data | always)
        m.d.comb += [
            take.eq(fetched & drained),
            self.scanning.eq(unread | fetched | ~drained),
            front.eq(Mux(fetched, fetched_word, word)),
            self._scan.en.eq(advance),
            self._scan.addr.eq((scan_slot << self._word_bits) | word),
            self._always.read_enable.eq(advance),
            self._always.read_address.eq(word),
        ]
        with m.If(take):
            m.d.sync += fetched.eq(0)
        with m.If(advance):
            m.d.sync += [fetched.eq(1), fetched_word.eq(word), word.eq(word + 1)]
            m.d.sync += unread.eq(word != self._words - 1)
        with m.If(self.start):
            m.d.sync += [unread.eq(1), word.eq(0), scan_slot.eq(self.slot)]

    def _walk_blocks(self, m: Module, writing: Value, scans: Value, front: Value) -> None:
        """Show and empty the blocks of a slot behind the scan; those of all slots to clear."""
        take, bits = Signal(name="take_block"), self._part_bits
        walk = self._walk(m, take)
        self._show = show = self._store.read_port()
        always = Cat(row.always_on for row in self._flags.read_data)
        passed = ~scans | ((walk.shown_block >> bits) < front)
        spikes = self._part(show.data, walk.shown_block[:bits]) | always
        m.d.comb += [
            take.eq(walk.shown & ~writing & passed & ~self.pause),
            self.busy.eq(self.scanning | walk.going | walk.shown),
            show.en.eq(walk.advance),
            show.addr.eq((walk.slot << self._word_bits) | (walk.block >> bits)),
            self.blocks.block.spikes.eq(Mux(walk.clearing, 0, spikes)),
        ]
        with m.If(take):
            m.d.comb += [
                self._write.en.eq(1 << walk.shown_block[:bits]),
                self._write.addr.eq(
                    (walk.shown_slot << self._word_bits) | (walk.shown_block >> bits)
                ),
                self._write.data.eq(0),
            ]
