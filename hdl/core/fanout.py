"""Emission of spikes: fan-out tables and reports to the host (step 5 of a tick)."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    REPORT,
    Column,
    LaneMemory,
    address_bits,
    addressed_layout,
    flags_layout,
    is_below,
    lowest_one,
    spike_layout,
)
from axonloop.models.config import Geometry, ceil_log2, is_serial
from axonloop.models.protocol import FANOUT_FIELDS, Region

ENTRY_BITS = 28


class Fanout(wiring.Component):
    """Takes every spike of a sweep through its neuron's list of destinations.

    Rules
    -----
    1. `words` are words of spikes as the sweep shows them; nothing is lost, because the queue
       holds all words of a sweep. A serial core has no queue: its sweep rests while `busy`.
    2. A spike of a group with `report` appears once on `reports`, as its neuron's number.
    3. For every entry of the neuron's list a spike appears once on `spikes`, addressed to its core.
    4. An entry whose core is not one of `cores`, or whose axon or delay no core has, is not sent;
       `fault` rises for one cycle instead.
    5. `busy` while anything is queued or on its way; it falls after the last spike was taken.

    Members
    -------
    report : of a serial core: whether the group of the last of `words` reports

    Latency: 2 cycles per spike + 2 per entry + 1, and what the receivers take longer.
    """

    def __init__(self, geometry: Geometry, cores: range) -> None:
        self._geometry, self._cores = geometry, cores
        first, count = FANOUT_FIELDS["first"], FANOUT_FIELDS["count"]
        neurons = geometry.neurons
        count_bits = min(count.width, geometry.entries.bit_length())
        columns = {
            "first": Column(Region.FANOUT, address_bits(geometry.entries), low=first.low),
            "count": Column(Region.FANOUT, count_bits, low=count.low),
        }
        self._lists = LaneMemory(columns, words=neurons)
        self._entries = LaneMemory(
            {"entry": Column(Region.ENTRY, ENTRY_BITS)}, words=geometry.entries
        )
        self._serial = is_serial(geometry)
        self._report = None if self._serial else LaneMemory(REPORT, words=geometry.groups)
        super().__init__(
            {
                **({"report": In(1)} if self._serial else {}),
                "words": In(flags_layout(geometry)),
                "reports": Out(stream.Signature(address_bits(neurons))),
                "spikes": Out(stream.Signature(addressed_layout(spike_layout(geometry)))),
                "fault": Out(1),
                "busy": Out(1),
            }
        )

    @property
    def memories(self) -> dict[str, LaneMemory]:
        """What the register map sees."""
        stores = {"lists": self._lists, "entries": self._entries, "report": self._report}
        return {name: store for name, store in stores.items() if store is not None}

    def elaborate(self, platform) -> Module:
        m = Module()
        for name, store in self.memories.items():
            m.submodules[name] = store
        bits, neuron, next_word = self._queue(m)
        found = self._lists.read_data[0]
        report = self._report.read_data[0].report if self._report else self.report
        entry, remaining = Signal.like(found.first), Signal.like(found.count)
        kept, idle = Signal.like(neuron), Signal()
        # A serial core's sweep waits, so that the number stands still.
        shown = neuron if self._serial else kept
        reported = ~report | self.reports.ready
        m.d.comb += [
            self.busy.eq(next_word | bits.any() | ~idle | self.spikes.valid | self.fault),
            self.reports.payload.eq(shown),
            self._entries.read_address.eq(entry),
        ]
        send = Signal()
        ready = self._send(m, send)
        with m.FSM():
            with m.State("FIND"):
                m.d.comb += idle.eq(1)
                with m.If(bits.any()):
                    m.d.comb += self._fetch(neuron)
                    m.d.sync += [kept.eq(neuron), bits.eq(bits & (bits - 1))]
                    m.next = "REPORT"
            with m.State("REPORT"):
                m.d.comb += self.reports.valid.eq(report)
                m.d.sync += [entry.eq(found.first), remaining.eq(found.count)]
                with m.If(reported):
                    m.next = "ENTRY"
                    with m.If(found.count == 0):
                        m.next = "FIND"
            with m.State("ENTRY"):
                m.d.comb += self._entries.read_enable.eq(1)
                m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += send.eq(1)
                with m.If(ready):
                    m.d.sync += [entry.eq(entry + 1), remaining.eq(remaining - 1)]
                    m.next = "ENTRY"
                    with m.If(remaining == 1):
                        m.next = "FIND"
        return m

    def _send(self, m, send) -> Signal:
        """Put the present entry into the output register, when it is free: `send` asks for it.

        Returns whether it is taken. An entry that names what the chip does not have is a fault.
        """
        geometry, good, ready = self._geometry, Signal(), Signal()
        entry = self._entries.read_data.as_value()
        axon, delay, core = entry[:16], entry[16:20], entry[20:]
        m.d.comb += [
            ready.eq(~self.spikes.valid | self.spikes.ready),
            good.eq(
                self._has(core) & is_below(axon, geometry.axons) & (delay <= geometry.max_delay)
            ),
        ]
        m.d.sync += self.fault.eq(send & ready & ~good)
        with m.If(ready):
            m.d.sync += [
                self.spikes.valid.eq(send & good),
                self.spikes.payload.payload.axon.eq(axon),
                self.spikes.payload.payload.delay.eq(delay),
                self.spikes.payload.core.eq(core),
            ]
        return ready

    def _has(self, core):
        """Is there a core of this number? They start at 0, unless there is one only."""
        if len(self._cores) == 1:
            return core == self._cores.start
        return is_below(core, self._cores.stop)

    def _queue(self, m):
        """Words with spikes wait here; returns the bits of the current one and its first neuron.

        The queue's output register takes the first word two cycles after it came, so from three
        words on a queue of as many never fills.
        """
        lanes = self._geometry.update_lanes
        index_bits = len(self.words.index)
        bits, index = Signal(lanes), Signal(index_bits)
        neuron, waiting = Signal(address_bits(self._geometry.neurons)), Signal()
        m.d.comb += neuron.eq((index << ceil_log2(lanes)) | lowest_one(bits))
        if self._serial:
            with m.If(self.words.valid & self.words.bits.any()):
                m.d.sync += [bits.eq(self.words.bits), index.eq(self.words.index)]
            return bits, neuron, waiting
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(
            width=lanes + index_bits, depth=max(3, self._geometry.neurons // lanes)
        )
        m.d.comb += [
            waiting.eq(queue.level != 0),
            queue.w_en.eq(self.words.valid & self.words.bits.any()),
            queue.w_data.eq(Cat(self.words.bits, self.words.index)),
        ]
        with m.If(~bits.any() & queue.r_rdy):
            m.d.comb += queue.r_en.eq(1)
            m.d.sync += [bits.eq(queue.r_data[:lanes]), index.eq(queue.r_data[lanes:])]
        return bits, neuron, waiting

    def _fetch(self, neuron):
        """Read the neuron's list and whether its group reports."""
        group = neuron >> ceil_log2(self._geometry.lanes)
        reads = [(self._lists, neuron), *([(self._report, group)] if self._report else [])]
        return [
            statement
            for store, where in reads
            for statement in (store.read_enable.eq(1), store.read_address.eq(where))
        ]
