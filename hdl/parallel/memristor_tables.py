"""The tables of a core's memristors: a copy per lane, written by the bus at once."""

from functools import reduce
from operator import or_

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import BusSignature, disjoint_memory, with_pulses
from axonloop.hdl.parallel.memristor_lane import ADDRESS_BITS, GAIN_BITS, SHARE_BITS
from axonloop.models.config import GAIN_SHIFT_MAX, TABLE_WORDS, Geometry
from axonloop.models.protocol import Region

GAIN_SHIFT_BITS = GAIN_SHIFT_MAX.bit_length()
SHIFTS = 4 * TABLE_WORDS
"""Offset of the first gain shift in the region."""


class TablePair(wiring.Component):
    """Two tables behind each other, that of weights that rise first.

    Latency: one cycle. Resources: 512 words of `width` bits per lane.

    Members
    -------
    address, words : a word per lane, in the cycle after its address
    bus : register access from offset `first` of the region on; in its cycles lane 0 reads for it
    """

    def __init__(self, width: int, lanes: int, first: int) -> None:
        self._width, self._lanes, self._first = width, lanes, first
        super().__init__(
            {
                "address": In(data.ArrayLayout(ADDRESS_BITS, lanes)),
                "words": Out(data.ArrayLayout(width, lanes)),
                "bus": In(BusSignature()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, selected, chosen = self.bus, Signal(), Signal()
        offset = bus.address[:ADDRESS_BITS]
        above = self._first >> ADDRESS_BITS
        m.d.comb += selected.eq(
            (bus.address[24:] == Region.MEMRISTOR) & (bus.address[ADDRESS_BITS:24] == above)
        )
        for k in range(self._lanes):
            m.submodules[f"copy_{k}"] = store = disjoint_memory(self._width, 1 << ADDRESS_BITS)
            write, read = store.write_port(), store.read_port()
            m.d.comb += [
                write.en.eq(bus.write & selected),
                write.addr.eq(offset),
                write.data.eq(bus.write_data),
                read.addr.eq(self.address[k] if k else Mux(bus.read, offset, self.address[k])),
                self.words[k].eq(read.data),
            ]
        m.d.sync += chosen.eq(bus.read & selected)
        m.d.comb += bus.read_data.eq(Mux(chosen, self.words[0], 0))
        return m


class MemristorTables(wiring.Component):
    """Gains, gain shifts and, with pulses, shares (docs/contract.md, sections 3 and 7).

    Members
    -------
    gain_address, gains : R of every lane, in the cycle after its address
    up_shift, down_shift : the gain shifts
    pulses : with pulses: `address` and `shares`, K of every lane
    bus : register access
    """

    def __init__(self, geometry: Geometry) -> None:
        lanes = geometry.multipliers
        addresses = data.ArrayLayout(ADDRESS_BITS, lanes)
        self._gains = TablePair(GAIN_BITS, lanes, first=0)
        self._shares = None
        if geometry.memristor == 2:
            self._shares = TablePair(SHARE_BITS, lanes, first=2 * TABLE_WORDS)
        shares = wiring.Signature(
            {"address": Out(addresses), "shares": In(data.ArrayLayout(SHARE_BITS, lanes))}
        )
        super().__init__(
            {
                "gain_address": In(addresses),
                "gains": Out(data.ArrayLayout(GAIN_BITS, lanes)),
                "up_shift": Out(GAIN_SHIFT_BITS),
                "down_shift": Out(GAIN_SHIFT_BITS),
                "bus": In(BusSignature()),
            }
            | with_pulses(geometry, pulses=In(shares))
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.gains = gains = self._gains
        m.d.comb += [gains.address.eq(self.gain_address), self.gains.eq(gains.words)]
        parts = [gains.bus]
        if self._shares is not None:
            m.submodules.shares = shares = self._shares
            m.d.comb += shares.address.eq(self.pulses.address)
            m.d.comb += self.pulses.shares.eq(shares.words)
            parts.append(shares.bus)
        words = [part.read_data for part in parts]
        for part in parts:
            m.d.comb += [
                part.address.eq(self.bus.address),
                part.read.eq(self.bus.read),
                part.write.eq(self.bus.write),
                part.write_data.eq(self.bus.write_data),
            ]
        m.d.comb += self.bus.read_data.eq(reduce(or_, words, self._shift_words(m)))
        return m

    def _shift_words(self, m: Module) -> Signal:
        """Access to the two gain shifts; their word, 0 in other cycles."""
        bus, selected, word = self.bus, Signal(), Signal(GAIN_SHIFT_BITS)
        here = (bus.address[24:] == Region.MEMRISTOR) & (bus.address[1:24] == SHIFTS >> 1)
        down = bus.address[0]
        m.d.comb += selected.eq(here)
        with m.If(bus.write & selected & ~down):
            m.d.sync += self.up_shift.eq(bus.write_data)
        with m.If(bus.write & selected & down):
            m.d.sync += self.down_shift.eq(bus.write_data)
        read = Mux(down, self.down_shift, self.up_shift)
        m.d.sync += word.eq(Mux(bus.read & selected, read, 0))
        return word
