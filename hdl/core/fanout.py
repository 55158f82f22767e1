"""Emission of spikes: fan-out tables and reports to the host (step 5 of a tick)."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    CORE_BITS,
    Column,
    Emission,
    LaneMemory,
    address_bits,
    addressed_layout,
    is_below,
    spike_layout,
)
from axonloop.models.config import Geometry
from axonloop.models.protocol import FANOUT_FIELDS, Region

ENTRY_BITS = 28


class Fanout(wiring.Component):
    """Takes every spike of a sweep through its neuron's list of destinations.

    Rules
    -----
    1. `emission` hands over the neurons that spiked, one after the other.
    2. A neuron that `report`s appears once on `reports`.
    3. For every entry of the neuron's list a spike appears once on `spikes`, addressed to its core.
    4. An entry whose core is not one of the chip's `cores` (0.., or `number` if that is alone), or
       whose axon or delay no core has, is not sent; `fault` rises for a cycle instead, and the
       next entry waits for its end.
    5. `busy` while anything is queued or on its way; it falls after the last spike was taken.

    While a list is walked, the next one is fetched and its neuron reported.

    Latency: 3 cycles from a neuron to its first entry, then one per entry (two where it is a
    fault), and at least one per neuron; and what the receivers take longer.
    """

    def __init__(self, geometry: Geometry, cores: int) -> None:
        self._geometry, self._cores = geometry, cores
        first, count = FANOUT_FIELDS["first"], FANOUT_FIELDS["count"]
        neurons = geometry.neurons
        first_bits = address_bits(geometry.entries)
        count_bits = min(count.width, geometry.entries.bit_length())
        columns = {
            "first": Column(Region.FANOUT, first_bits, low=first.low, table=True),
            "count": Column(Region.FANOUT, count_bits, low=count.low, table=True),
        }
        self._lists = LaneMemory(columns, words=neurons)
        self._entries = LaneMemory(
            {"entry": Column(Region.ENTRY, ENTRY_BITS, table=True)}, words=geometry.entries
        )
        super().__init__(
            {
                "number": In(CORE_BITS),
                "emission": In(Emission(geometry)),
                "reports": Out(stream.Signature(address_bits(neurons))),
                "spikes": Out(stream.Signature(addressed_layout(spike_layout(geometry)))),
                "fault": Out(1),
                "busy": Out(1),
            }
        )

    @property
    def memories(self) -> dict[str, LaneMemory]:
        """The memories that the register map sees, by name of the submodule."""
        return {"lists": self._lists, "entries": self._entries}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name, store in self.memories.items():
            m.submodules[name] = store
        emission, listed, done = self.emission, Signal(), Signal()
        walking, free = self._walk(m, done)
        accept = emission.neurons.valid & emission.neurons.ready
        told = ~emission.report | self._report(m, listed, done)
        m.d.comb += [
            done.eq(listed & told & free),
            emission.neurons.ready.eq(~listed | done),
            self._lists.read_enable.eq(accept),
            self._lists.read_address.eq(emission.neurons.payload),
            self.busy.eq(emission.waiting | listed | walking),
            emission.busy.eq(self.busy),
        ]
        with m.If(done):
            m.d.sync += listed.eq(0)
        with m.If(accept):
            m.d.sync += listed.eq(1)
        return m

    def _report(self, m: Module, listed: Value, done: Value) -> Value:
        """Show the neuron to the host once; returns whether that was or is taken."""
        reported = Signal()
        m.d.comb += [
            self.reports.valid.eq(listed & self.emission.report & ~reported),
            self.reports.payload.eq(self.emission.last),
        ]
        taken = reported | self.reports.ready
        m.d.sync += reported.eq(listed & taken & ~done)
        return taken

    def _walk(self, m: Module, load: Value) -> tuple[Value, Value]:
        """Read the entries of a list, one per cycle, behind the list that `load` brings.

        Returns whether entries are left, and whether the next list may be loaded.
        """
        found, fetch, send = self._lists.read_data[0], Signal(), Signal()
        entry, remaining = Signal.like(found.first), Signal.like(found.count)
        ready = self._send(m, send)
        m.d.comb += [
            fetch.eq(remaining.any() & (~send | ready)),
            self._entries.read_enable.eq(fetch),
            self._entries.read_address.eq(entry),
        ]
        m.d.sync += send.eq(fetch | (send & ~ready))
        with m.If(fetch):
            m.d.sync += [entry.eq(entry + 1), remaining.eq(remaining - 1)]
        with m.If(load):
            m.d.sync += [entry.eq(found.first), remaining.eq(found.count)]
        left = remaining.any() | send | self.spikes.valid | self.fault
        return left, (remaining == 0) | (fetch & (remaining == 1))

    def _send(self, m: Module, send: Value) -> Signal:
        """Put the present entry into the output register, when it is free: `send` asks for it.

        Returns whether it is taken. An entry that names what the chip does not have is a fault.
        """
        geometry, good, ready = self._geometry, Signal(), Signal()
        entry = self._entries.read_data.as_value()
        axon, delay, core = entry[:16], entry[16:20], entry[20:]
        m.d.comb += [
            ready.eq((~self.spikes.valid | self.spikes.ready) & ~self.fault),
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

    def _has(self, core: Value) -> Value:
        """Is there a core of this number? They start at 0, unless there is one only."""
        return core == self.number if self._cores == 1 else is_below(core, self._cores)
