"""Step 3 of a node, up to its division: an exponential for each level, and their sum."""

from decimal import ROUND_HALF_EVEN, Decimal

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import Column, LaneMemory, address_bits, awake, delay, delay_strobe
from axonloop.hdl.processing.loss.payloads import (
    HEIGHT_BITS,
    HEIGHTS_BITS,
    LEVEL_BITS,
    SCALE_BITS,
)
from axonloop.models.config import NodeGeometry
from axonloop.models.protocol import NodeRegion

ENTRIES, STEPS_PER_NAT = 256, 32
"""Entries of the table that are not 0, and those for a factor of e."""


class Heights(wiring.Component):
    """e_c = X[min((D_c scale + half) >> scale_shift, 256)], and their sum. Rules:

    1. After the strobe `start` it is `busy`, and `reads` the level of class `output` in each of so
       many cycles, 0 first; `level` is there in the next cycle.
    2. `best` is the largest level from `start` on; `sum` counts when it is no longer `busy`.

    Latency: classes + 7 cycles from `start` until `busy` falls.
    Resources: a table of 257 x 16 bits, a memory of 16 bits per class, a multiplier of 16 x 16
    bits, a shifter of 32.

    Members
    -------
    classes, scale, scale_shift : constants
    best : the largest level
    output, reads, level : the levels, class by class
    sum : of all heights
    """

    def __init__(self, geometry: NodeGeometry) -> None:
        self.store = LaneMemory(
            {"height": Column(NodeRegion.HEIGHT, HEIGHT_BITS)}, words=geometry.classes
        )
        super().__init__(
            {
                "start": In(1),
                "classes": In(range(geometry.classes + 1)),
                "scale": In(SCALE_BITS),
                "scale_shift": In(5),
                "best": In(signed(LEVEL_BITS)),
                "output": Out(address_bits(geometry.classes)),
                "reads": Out(1),
                "level": In(signed(LEVEL_BITS)),
                "busy": Out(1),
                "sum": Out(HEIGHTS_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.store = store = self.store
        valid = delay_strobe(m, self.reads, 6, "valid")
        with m.If(awake(Cat(valid).any(), platform)):
            place, where = self._place(m), delay(m, self.output, 6, "where")[6]
        height = self._exponential(m, place)
        with m.If(self.start):
            m.d.sync += [self.reads.eq(1), self.output.eq(0), self.sum.eq(0)]
        with m.If(self.reads):
            m.d.sync += self.output.eq(self.output + 1)
            m.d.sync += self.reads.eq(self.output != self.classes - 1)
        with m.If(valid[6]):
            m.d.sync += self.sum.eq(self.sum + height)
        m.d.comb += [
            self.busy.eq(Cat(valid).any()),
            store.write_address.eq(where),
            store.write_enable.height.eq(valid[6]),
            store.write_data[0].height.eq(height),
        ]
        return m

    def _place(self, m: Module) -> Value:
        """Four stages behind the level: D; its product; with half a unit; in units."""
        below = Signal(LEVEL_BITS, reset_less=True)
        product, rounded, units = (
            Signal(LEVEL_BITS + SCALE_BITS, name=name, reset_less=True)
            for name in ("product", "rounded", "units")
        )
        m.d.sync += [
            below.eq(self.best - self.level),
            product.eq(below * self.scale),
            rounded.eq(product + ((1 << self.scale_shift) >> 1)),
            units.eq(rounded >> self.scale_shift),
        ]
        return Mux(units < ENTRIES, units[:8], ENTRIES)

    def _exponential(self, m: Module, place: Value) -> Value:
        """X of the place of the cycle before."""
        exact = (2**15 * (Decimal(-k) / STEPS_PER_NAT).exp() for k in range(ENTRIES))
        entries = [int(value.quantize(Decimal(1), ROUND_HALF_EVEN)) for value in exact]
        table: memory.Memory = memory.Memory(
            shape=unsigned(HEIGHT_BITS), depth=ENTRIES + 1, init=[*entries, 0]
        )
        m.submodules.table = table
        port = table.read_port()
        m.d.comb += port.addr.eq(place)
        return port.data
