"""Step 1 of a node, second half: the levels decay, and take in what was heard."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    DECAY_BITS,
    Column,
    LaneMemory,
    address_bits,
    awake,
    decayed,
    delay,
    delay_strobe,
    magnitude,
    saturate,
)
from axonloop.hdl.processing.loss.payloads import HEARD_BITS, LEVEL_BITS
from axonloop.models.config import NodeGeometry, ceil_log2
from axonloop.models.protocol import NodeRegion


class Levels(wiring.Component):
    """Y_c' = sat(decay(Y_c, leak) + (s_c << rise)), a class per cycle. Rules:

    1. After the strobe `start` it is `busy`, and asks for s of class `output` in each of so many
       cycles, 0 first; `ends` in those of the last class of a word of `lanes` classes.
    2. `start` with `forget` makes all levels, and what was heard, 0.
    3. `clipped` strobes for each level that was clipped.
    4. While it is not `busy` the level of the class that is `asked` for comes in the next cycle.

    Latency: classes + 5 cycles from `start` until `busy` falls.
    Resources: a memory of 35 bits per class, a multiplier of 16 x 13 bits.

    Members
    -------
    classes, leak, rise : constants
    output, heard : a class, and its s
    best : the largest level, when it is no longer `busy`
    asks, asked, level : rule 4
    """

    def __init__(self, geometry: NodeGeometry) -> None:
        self._lanes = geometry.lanes
        self.store = LaneMemory(
            {
                "level": Column(NodeRegion.LEVEL, LEVEL_BITS, signed=True),
                "heard": Column(NodeRegion.HEARD, HEARD_BITS, signed=True),
            },
            words=geometry.classes,
        )
        super().__init__(
            {
                "start": In(1),
                "forget": In(1),
                "classes": In(range(geometry.classes + 1)),
                "leak": In(DECAY_BITS),
                "rise": In(4),
                "output": Out(address_bits(geometry.classes)),
                "heard": In(signed(HEARD_BITS)),
                "ends": Out(1),
                "busy": Out(1),
                "clipped": Out(1),
                "best": Out(signed(LEVEL_BITS)),
                "asks": In(1),
                "asked": In(address_bits(geometry.classes)),
                "level": Out(signed(LEVEL_BITS)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.store = store = self.store
        lane = self.output[: ceil_log2(self._lanes)]
        walking, last, forgets = Signal(), Signal(), Signal()
        m.d.comb += [
            last.eq(self.output == self.classes - 1),
            self.ends.eq(walking & (last | (lane == self._lanes - 1))),
            store.read_enable.eq(walking | self.asks),
            store.read_address.eq(Mux(walking, self.output, self.asked)),
            self.level.eq(store.read_data[0].level),
        ]
        with m.If(self.start):
            m.d.sync += [walking.eq(1), forgets.eq(self.forget), self.output.eq(0)]
        with m.If(walking):
            m.d.sync += [self.output.eq(self.output + 1), walking.eq(~last)]
        valid = delay_strobe(m, walking, 4, "valid")
        m.d.comb += self.busy.eq(Cat(valid).any())
        with m.If(awake(self.busy, platform)):
            where = delay(m, self.output, 4, "where")[-1]
            heard = delay(m, Mux(forgets, 0, self.heard), 4, "heard")
            total = self._decay(m, forgets, heard[3])
        level, clipped = saturate(total, LEVEL_BITS)
        m.d.comb += [
            store.write_address.eq(where),
            store.write_enable.level.eq(valid[4]),
            store.write_enable.heard.eq(valid[4]),
            store.write_data[0].level.eq(level),
            store.write_data[0].heard.eq(heard[4]),
            self.clipped.eq(valid[4] & clipped),
        ]
        with m.If(valid[4] & ((where == 0) | (level > self.best))):
            m.d.sync += self.best.eq(level)
        return m

    def _decay(self, m: Module, forgets: Value, heard: Value) -> Value:
        """Three stages behind the memory: size; product; the sum with what was heard."""
        level = self.store.read_data[0].level.as_signed()
        size, falls = Signal(LEVEL_BITS, reset_less=True), Signal(reset_less=True)
        product = Signal(LEVEL_BITS + DECAY_BITS, reset_less=True)
        negative = Signal(reset_less=True)
        total = Signal(signed(HEARD_BITS + 9), reset_less=True)
        m.d.sync += [
            size.eq(Mux(forgets, 0, magnitude(level))),
            falls.eq(level[-1]),
            product.eq(size * self.leak),
            negative.eq(falls),
            total.eq(decayed(product, negative) + (heard << self.rise)),
        ]
        return total
