"""The memory of a node's processor: program and data, which the host sees as well."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from axonloop.hdl.common import BusSignature, disjoint_memory
from axonloop.models.protocol import NodeRegion

BYTES = 4


class ProgramMemory(wiring.Component):
    """`words` words of 32 bits, at the region PROGRAM.

    Members
    -------
    bus : reads and writes, at most one in a cycle
    strobes : which bytes a write changes
    """

    def __init__(self, words: int) -> None:
        self._words = words
        super().__init__({"bus": In(BusSignature()), "strobes": In(BYTES)})

    def elaborate(self, platform: object) -> Module:
        m, bus, chosen = Module(), self.bus, Signal()
        m.submodules.store = store = disjoint_memory(32, self._words)
        write, read = store.write_port(granularity=8), store.read_port()
        selected = bus.address[24:] == NodeRegion.PROGRAM
        m.d.comb += [
            read.en.eq(bus.read & selected),
            read.addr.eq(bus.address),
            write.en.eq(Mux(bus.write & selected, self.strobes, 0)),
            write.addr.eq(bus.address),
            write.data.eq(bus.write_data),
            bus.read_data.eq(Mux(chosen, read.data, 0)),
        ]
        m.d.sync += chosen.eq(bus.read & selected)
        return m
