"""The CONTROL region but its counters: identification, tick, seed, learned."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import CORE_BITS, BusSignature, with_terms
from axonloop.models.config import Geometry, Mesh
from axonloop.models.protocol import MAGIC, Control, Region, kernels_word, version_of


def identification(geometry: Geometry, mesh: Mesh) -> dict[int, int]:
    """The read-only words but the core's number, by offset."""
    words = {Control.MAGIC: MAGIC, Control.VERSION: version_of(geometry)}
    words |= {Control.COLUMNS: mesh.columns, Control.ROWS: mesh.rows}
    if geometry.convolutions:
        words |= {Control.CONVOLUTIONS: geometry.convolutions}
        words |= {Control.KERNELS: kernels_word(geometry)}
    of_mesh = (Control.COLUMNS, Control.ROWS)
    geometry_words = set(range(Control.AXONS, Control.TICK)).difference(of_mesh)
    return words | {
        offset: int(getattr(geometry, Control(offset).name.lower()))
        for offset in sorted(geometry_words)
    }


class ControlRegisters(wiring.Component):
    """Identification of the core, tick and seed. All other words read 0 and ignore writes.

    Members
    -------
    number : of the core
    tick, last_tick : the tick register, and the number of the tick that ran, one less
    next_tick : a tick starts; `tick` moves on, `learned` falls
    next_learn : learning starts; `learned` rises
    terms : in a core with terms: M, the modulation, which `clear` zeroes
    """

    def __init__(self, geometry: Geometry, mesh: Mesh) -> None:
        self._geometry = geometry
        self._identification = identification(geometry, mesh)
        modulation = Out(signed(geometry.error_bits))
        terms = Out(wiring.Signature({"clear": In(1), "modulation": modulation}))
        super().__init__(
            {
                "number": In(CORE_BITS),
                "next_tick": In(1),
                "next_learn": In(1),
                "tick": Out(32),
                "last_tick": Out(32, init=-1),
                "seed": Out(32),
                "learned": Out(1, init=1),
                "bus": In(BusSignature()),
            }
            | with_terms(geometry, terms=terms)
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, read, write = self.bus, Signal(), Signal()
        selected, offset = bus.address[24:] == Region.CONTROL, bus.address[:8]
        kept, word = Signal(range(Control.COUNTERS)), Signal(32)
        m.d.comb += write.eq(bus.write & selected)
        m.d.sync += [
            read.eq(bus.read & selected & ~offset[5:].any()),
            kept.eq(offset),
        ]
        m.d.comb += bus.read_data.eq(word)
        # What is kept is one less, so that one adder serves; a written tick is lowered after.
        lower = Signal()
        m.d.comb += self.tick.eq(self.last_tick + Mux(lower, 0xFFFF_FFFF, 1))
        m.d.sync += lower.eq(write & (offset == Control.TICK))
        with m.If(self.next_tick | lower):
            m.d.sync += self.last_tick.eq(self.tick)
        with m.If(self.next_tick):
            m.d.sync += self.learned.eq(0)
        with m.If(self.next_learn):
            m.d.sync += self.learned.eq(1)
        if self._geometry.terms:
            with m.If(self.terms.clear):
                m.d.sync += self.terms.modulation.eq(0)
        with m.If(read), m.Switch(kept):
            registers = {Control.CORE: self.number, Control.TICK: self.tick} | self._registers()
            for where, value in (self._identification | registers).items():
                with m.Case(where):
                    m.d.comb += word.eq(value)
        for where, register in ({Control.TICK: self.last_tick} | self._registers()).items():
            with m.If(write & (offset == where)):
                m.d.sync += register.eq(bus.write_data)
        return m

    def _registers(self) -> dict[int, Signal]:
        registers: dict[int, Signal] = {Control.SEED: self.seed, Control.LEARNED: self.learned}
        if self._geometry.terms:
            registers[Control.MODULATION] = self.terms.modulation
        return registers
