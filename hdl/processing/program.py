"""The memory of a node's processor: program and data, which the host sees as well."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from axonloop.hdl.common import BusSignature, disjoint_memory
from axonloop.models.protocol import NodeRegion

BYTES = 4


class ProgramMemory(wiring.Component):
    """`words` words of 32 bits, at the region PROGRAM of `bus`.

    Members
    -------
    bus : the host's reads and writes
    own, strobes : the processor's, in cycles without one of the host's, and which bytes a write
        changes
    """

    def __init__(self, words: int) -> None:
        self._words = words
        super().__init__(
            {"bus": In(BusSignature()), "own": In(BusSignature()), "strobes": In(BYTES)}
        )

    def elaborate(self, platform: object) -> Module:
        m, bus, own, chosen = Module(), self.bus, self.own, Signal()
        m.submodules.store = store = disjoint_memory(32, self._words)
        write, read = store.write_port(granularity=8), store.read_port()
        selected, address = Signal(), Signal.like(read.addr)
        m.d.comb += [
            selected.eq((bus.read | bus.write) & (bus.address[24:] == NodeRegion.PROGRAM)),
            address.eq(Mux(selected, bus.address, own.address)),
            read.en.eq(Mux(selected, bus.read, own.read)),
            read.addr.eq(address),
            write.en.eq(Mux(selected, bus.write.replicate(BYTES), Mux(own.write, self.strobes, 0))),
            write.addr.eq(address),
            write.data.eq(Mux(selected, bus.write_data, own.write_data)),
            own.read_data.eq(read.data),
            bus.read_data.eq(Mux(chosen, read.data, 0)),
        ]
        m.d.sync += chosen.eq(bus.read & selected)
        return m
