"""A memory of several values per word that the register map sees value by value."""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.payloads import BusSignature, address_bits
from axonloop.models.config import ceil_log2
from axonloop.models.registers import Region


class LaneMemory(wiring.Component):
    """`words` words of `lanes` values of `width` bits, one read and one write port.

    Value n of `region` is lane n mod lanes of word n / lanes; in the 32-bit word of the map it
    takes the bits from `low` up, sign-extended if `signed`. A read takes one cycle and returns
    what was there before a write of the same cycle. `read_data` holds while `read_enable` is 0.

    Members
    -------
    read_enable, read_address, read_data : the read port; data one cycle after the address
    write_enable, write_address, write_data : the write port; one enable per lane
    bus : register access; it takes both ports over
    """

    def __init__(
        self,
        region: Region,
        *,
        words: int,
        width: int,
        lanes: int = 1,
        low: int = 0,
        signed: bool = False,
        writable: bool = True,
    ) -> None:
        self._region, self._lanes, self._width = region, lanes, width
        self._low, self._signed, self._writable = low, signed, writable
        self._words = max(2, words)
        address = address_bits(words)
        super().__init__(
            {
                "read_enable": In(1),
                "read_address": In(address),
                "read_data": Out(data.ArrayLayout(unsigned(width), lanes)),
                "write_enable": In(lanes),
                "write_address": In(address),
                "write_data": In(data.ArrayLayout(unsigned(width), lanes)),
                "bus": In(BusSignature()),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.memory = store = memory.Memory(
            shape=unsigned(self._width * self._lanes), depth=self._words, init=[]
        )
        lane_bits, bus = ceil_log2(self._lanes), self.bus
        write = store.write_port(granularity=self._width)
        read = store.read_port()
        selected = Signal()
        word = bus.address[lane_bits : lane_bits + len(self.read_address)]
        lane = bus.address[:lane_bits]
        m.d.comb += [
            selected.eq(bus.address[24:] == self._region),
            read.en.eq(self.read_enable | bus.read),
            read.addr.eq(Mux(bus.read, word, self.read_address)),
            self.read_data.eq(read.data),
            write.en.eq(self.write_enable),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data.as_value()),
        ]
        if self._writable:
            value = bus.write_data[self._low : self._low + self._width]
            with m.If(bus.write):
                m.d.comb += [
                    write.en.eq(Mux(selected, 1 << lane, 0)),
                    write.addr.eq(word),
                    write.data.eq(Cat(value for _ in range(self._lanes))),
                ]
        self._read_back(m, read.data, bus.read & selected, lane)
        return m

    def _read_back(self, m, word, strobe, lane) -> None:
        chosen, chosen_lane = Signal(), Signal(max(1, ceil_log2(self._lanes)))
        m.d.sync += [chosen.eq(strobe), chosen_lane.eq(lane)]
        value = word.word_select(chosen_lane, self._width) if self._lanes > 1 else word
        value = value.as_signed() if self._signed else value
        m.d.sync += self.bus.read_data.eq(Mux(chosen, value << self._low, 0))
