"""Error events: summed exactly, per neuron, until the learning step asks for them."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import BusSignature, address_bits, error_layout
from axonloop.models.config import Geometry
from axonloop.models.protocol import Region


class Errors(wiring.Component):
    """The gated and ungated error sums of every neuron, and the list of neurons that have any.

    Rules
    -----
    1. `events` is always accepted, one in two cycles; sums are exact, modulo their width.
    2. While not taking events, `pop` answers three cycles later: `neuron`, `gated`, `ungated` of
       some neuron of the list, which leaves the list, its sums zeroed.
    3. `left` neurons are still in the list.
    4. With terms `pop` answers with `neuron` alone, two cycles later. The cycle after `fetch`,
       `gated` and `ungated` are those of `wanted`, until the next `fetch`, and its sums are
       zeroed. `forget` empties the list; all neurons that were in it must be fetched.
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        bits = geometry.error_sum_bits
        self._layout = data.StructLayout(
            {"gated": signed(bits), "ungated": signed(bits), "listed": 1}
        )
        of_terms = {"fetch": In(1), "wanted": In(address_bits(geometry.neurons)), "forget": In(1)}
        super().__init__(
            (of_terms if geometry.terms else {})
            | {
                "events": In(stream.Signature(error_layout(geometry))),
                "pop": In(1),
                "neuron": Out(address_bits(geometry.neurons)),
                "gated": Out(signed(bits)),
                "ungated": Out(signed(bits)),
                "left": Out(range(geometry.neurons + 1)),
                "bus": In(BusSignature()),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        depth = max(2, self._geometry.neurons)
        m.submodules.disjoint_sums = sums = memory.Memory(
            shape=self._layout.size, depth=depth, init=[]
        )
        m.submodules.disjoint = entries = memory.Memory(
            shape=len(self.neuron), depth=depth, init=[]
        )
        write, enter, leave = sums.write_port(), entries.write_port(), entries.read_port()
        read = sums.read_port()
        event, valid = Signal(error_layout(self._geometry)), Signal()
        popped = Signal(3)
        old = data.View(self._layout, read.data)
        new = Signal(self._layout)
        fetch, wanted, zero, zeroed = self._fetches(m, popped)
        m.d.sync += [
            event.eq(self.events.payload),
            valid.eq(self.events.valid),
            popped.eq(Cat(self.pop, popped[:2])),
            self.neuron.eq(leave.data),
        ]
        m.d.comb += [
            self.events.ready.eq(1),
            leave.en.eq(self.pop),
            leave.addr.eq(self.left - 1),
            read.en.eq(self.events.valid | fetch),
            read.addr.eq(Mux(fetch, wanted, self.events.payload.neuron)),
            self.gated.eq(old.gated),
            self.ungated.eq(old.ungated),
            new.gated.eq(old.gated + Mux(event.ungated, 0, event.value)),
            new.ungated.eq(old.ungated + Mux(event.ungated, event.value, 0)),
            new.listed.eq(1),
            write.en.eq(valid | zero),
            write.addr.eq(Mux(zero, zeroed, event.neuron)),
            write.data.eq(Mux(zero, 0, new.as_value())),
            enter.en.eq(valid & ~old.listed),
            enter.addr.eq(self.left),
            enter.data.eq(event.neuron),
        ]
        with m.If(enter.en):
            m.d.sync += self.left.eq(self.left + 1)
        with m.If(self.pop):
            m.d.sync += self.left.eq(self.left - 1)
        if self._geometry.terms:
            with m.If(self.forget):
                m.d.sync += self.left.eq(0)
        self._access(m, read, old)
        return m

    def _fetches(self, m, popped):
        """Whether and whose sums are read, whether and whose are zeroed."""
        if not self._geometry.terms:
            return popped[1], self.neuron, popped[2], self.neuron
        zero, zeroed = Signal(), Signal.like(self.wanted)
        m.d.sync += [zero.eq(self.fetch), zeroed.eq(self.wanted)]
        return self.fetch, self.wanted, zero, zeroed

    def _access(self, m, read, old) -> None:
        """Sums can be read by the host, not written."""
        bus, gated, ungated = self.bus, Signal(), Signal()
        region = bus.address[24:]
        with m.If(bus.read):
            m.d.comb += [read.en.eq(1), read.addr.eq(bus.address)]
        m.d.sync += [
            gated.eq(bus.read & (region == Region.GATED)),
            ungated.eq(bus.read & (region == Region.UNGATED)),
        ]
        m.d.comb += bus.read_data.eq(Mux(gated, old.gated, Mux(ungated, old.ungated, 0)))
