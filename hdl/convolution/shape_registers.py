"""The descriptors of a core's convolutions, in flip-flops (docs/contract.md, section 12)."""

from amaranth.hdl import Array, Cat, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from axonloop.hdl.common import BusSignature, Fields
from axonloop.hdl.convolution.shapes import (
    channel_groups,
    register_bits,
    shape_layout,
    shape_outputs,
)
from axonloop.models.config import Geometry, ceil_log2
from axonloop.models.protocol import CONVOLUTION_INDEX, CONVOLUTION_STRIDE, Region

NEVER_ZERO = ("in_channels", "in_height", "in_width", "kernel", "stride", "pool")
"""Registers that are not 0 in a descriptor that is used."""


class ShapeRegisters(wiring.Component):
    """All descriptors at once, written and read word by word, and measured after every write.

    Rules
    -----
    1. After power-up and after a write `measuring` is 1, until `shapes` counts.
    2. A descriptor with a 0 where none may be, or more channels than there are, is not `used`, so
       that no walk is endless.

    Latency: of measuring, for each descriptor about as many cycles as an image has rows or columns.

    Members
    -------
    shapes, measuring : to those that walk
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        super().__init__(shape_outputs(geometry) | {"bus": In(BusSignature())})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout, count = data.StructLayout(register_bits()), self._geometry.convolutions
        sets: list[Fields] = [Signal(layout, name=f"descriptor_{k}") for k in range(count)]
        written = self._access(m, sets)
        measured: list[Fields] = [
            Signal(shape_layout(self._geometry), name=f"measured_{k}") for k in range(count)
        ]
        self._measure(m, sets, measured, written)
        for k, shape in enumerate(measured):
            for name in shape.shape().members:
                source = sets[k] if name in CONVOLUTION_INDEX else shape
                m.d.comb += self.shapes[k][name].eq(source[name])
        return m

    def _access(self, m: Module, sets: list[Fields]) -> Value:
        """Register access; returns whether a word is written."""
        bus, bits = self.bus, ceil_log2(CONVOLUTION_STRIDE)
        index, number = bus.address[:bits], bus.address[bits:24]
        selected, read, word = Signal(), Signal(), Signal(32)
        kept = Signal(range(CONVOLUTION_STRIDE * len(sets)))
        m.d.comb += [
            selected.eq(bus.address[24:] == Region.CONVOLUTION),
            bus.read_data.eq(word),
        ]
        m.d.sync += [read.eq(bus.read & selected), kept.eq(bus.address)]
        for k, registers in enumerate(sets):
            for name, position in CONVOLUTION_INDEX.items():
                with m.If(bus.write & selected & (number == k) & (index == position)):
                    m.d.sync += registers[name].eq(bus.write_data)
        with m.If(read), m.Switch(kept):
            for k, registers in enumerate(sets):
                for name, position in CONVOLUTION_INDEX.items():
                    with m.Case(CONVOLUTION_STRIDE * k + position):
                        m.d.comb += word.eq(registers[name])
        return bus.write & selected

    def _measure(
        self, m: Module, sets: list[Fields], measured: list[Fields], written: Value
    ) -> None:
        """One descriptor after the other: count positions, and add up groups and pixels."""
        number, begun = Signal(range(len(sets))), Signal()
        running = Signal(init=1)
        chosen: Fields = Signal(sets[0].shape())
        m.d.comb += chosen.eq(Array(each.as_value() for each in sets)[number])
        found: Fields = Signal(shape_layout(self._geometry))
        low, right, line = Signal(10), Signal(10), Signal(8)
        groups = channel_groups(self._geometry, chosen.out_channels)
        deeper = low + chosen.stride <= chosen.in_height + 2 * chosen.padding
        wider = right + chosen.stride <= chosen.in_width + 2 * chosen.padding
        more = line != chosen.in_height
        fits = groups.any() & (chosen.out_channels <= self._geometry.weight_columns)
        used = Cat(chosen[name].any() for name in NEVER_ZERO).all() & fits
        m.d.comb += self.measuring.eq(running)
        with m.If(written):
            m.d.sync += [running.eq(1), number.eq(0), begun.eq(0)]
        with m.Elif(running & ~begun):
            m.d.sync += [
                begun.eq(1),
                found.used.eq(used),
                low.eq(chosen.kernel),
                right.eq(chosen.kernel),
                line.eq(1),
                found.out_height.eq(1),
                found.out_width.eq(1),
                found.row_groups.eq(groups),
                found.area.eq(chosen.in_width),
            ]
        with m.Elif(running & found.used & (deeper | wider | more)):
            with m.If(deeper):
                m.d.sync += [low.eq(low + chosen.stride), found.out_height.eq(found.out_height + 1)]
            with m.If(wider):
                m.d.sync += [
                    right.eq(right + chosen.stride),
                    found.out_width.eq(found.out_width + 1),
                    found.row_groups.eq(found.row_groups + groups),
                ]
            with m.If(more):
                m.d.sync += [line.eq(line + 1), found.area.eq(found.area + chosen.in_width)]
        with m.Elif(running):
            m.d.sync += [begun.eq(0), number.eq(number + 1)]
            m.d.sync += running.eq(number != len(sets) - 1)
            for k, shape in enumerate(measured):
                with m.If(number == k):
                    m.d.sync += shape.eq(found)
