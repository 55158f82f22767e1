"""Error events: summed exactly, per neuron, until the learning step asks for them."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In

from axonloop.hdl.common import BusSignature, ErrorSums, Fields, disjoint_memory, error_layout
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
    4. With terms `pop` answers with `neuron` alone, two cycles later. In the cycle after
       `terms.fetch`, `gated` and `ungated` are those of `wanted`, until the next `fetch`, and its
       sums are zeroed. `forget` empties the list; all neurons that were in it must be fetched.
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        bits = geometry.error_sum_bits
        self._layout = data.StructLayout(
            {"gated": signed(bits), "ungated": signed(bits), "listed": 1}
        )
        super().__init__(
            {
                "events": In(stream.Signature(error_layout(geometry))),
                "sums": In(ErrorSums(geometry)),
                "bus": In(BusSignature()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        out = self.sums
        depth = self._geometry.neurons
        m.submodules.store = sums = disjoint_memory(self._layout.size, depth)
        m.submodules.entries = entries = disjoint_memory(len(out.neuron), depth)
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
            popped.eq(Cat(out.pop, popped[:2])),
            out.neuron.eq(leave.data),
        ]
        m.d.comb += [
            self.events.ready.eq(1),
            leave.en.eq(out.pop),
            leave.addr.eq(out.left - 1),
            read.en.eq(self.events.valid | fetch),
            read.addr.eq(Mux(fetch, wanted, self.events.payload.neuron)),
            out.gated.eq(old.gated),
            out.ungated.eq(old.ungated),
            new.gated.eq(old.gated + Mux(event.ungated, 0, event.value)),
            new.ungated.eq(old.ungated + Mux(event.ungated, event.value, 0)),
            new.listed.eq(1),
            write.en.eq(valid | zero),
            write.addr.eq(Mux(zero, zeroed, event.neuron)),
            write.data.eq(Mux(zero, 0, new.as_value())),
            enter.en.eq(valid & ~old.listed),
            enter.addr.eq(out.left),
            enter.data.eq(event.neuron),
        ]
        with m.If(enter.en):
            m.d.sync += out.left.eq(out.left + 1)
        with m.If(out.pop):
            m.d.sync += out.left.eq(out.left - 1)
        if self._geometry.terms:
            with m.If(out.terms.forget):
                m.d.sync += out.left.eq(0)
        self._access(m, read, old)
        return m

    def _fetches(self, m: Module, popped: Value) -> tuple[Value, Value, Value, Value]:
        """Strobe and neuron of the sums to read, then strobe and neuron of the sums to zero."""
        if not self._geometry.terms:
            return popped[1], self.sums.neuron, popped[2], self.sums.neuron
        terms = self.sums.terms
        zero, zeroed = Signal(), Signal.like(terms.wanted)
        m.d.sync += [zero.eq(terms.fetch), zeroed.eq(terms.wanted)]
        return terms.fetch, terms.wanted, zero, zeroed

    def _access(self, m: Module, read: memory.ReadPort, old: Fields) -> None:
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
