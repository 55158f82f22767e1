"""The positions of a convolution that learn, as a list that is walked for every row of weights."""

from amaranth.hdl import Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import Fields, address_bits, disjoint_memory
from axonloop.hdl.convolution.coefficients import (
    coefficients_layout,
    rule_layout,
)
from axonloop.hdl.convolution.shapes import shape_layout
from axonloop.models.config import Geometry, ceil_log2

PIXEL_BITS = 10
"""Width of a row or column of pixels, those of the padding included (signed)."""


def position_layout(geometry: Geometry) -> data.StructLayout:
    """A position that learns: row and column of its first pixel, that pixel's axon less the first
    one, and the coefficients of some of its channels."""
    return data.StructLayout(
        {
            "y": signed(PIXEL_BITS),
            "x": signed(PIXEL_BITS),
            "axon": address_bits(geometry.axons),
            "values": coefficients_layout(geometry),
        }
    )


class PositionList(wiring.Component):
    """Reads the coefficients of some channels at all positions, and lists those that are not 0.

    Latency: a cycle per position and 3; a position follows `number` after one cycle.
    Resources: a memory of as many positions as the core has groups.

    Members
    -------
    shape, piece : what is listed: the channels from multipliers x `piece` on
    start, busy : the list is made
    enable, word, values, found : to the coefficients
    count, rule : how many positions there are, and how their weights learn
    read, number, position : the list
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        words = geometry.neurons // geometry.multipliers
        super().__init__(
            {
                "shape": In(shape_layout(geometry)),
                "piece": In(address_bits(geometry.weight_columns // geometry.multipliers)),
                "start": In(1),
                "busy": Out(1),
                "enable": Out(1),
                "word": Out(address_bits(words)),
                "values": In(coefficients_layout(geometry)),
                "found": In(rule_layout(geometry)),
                "count": Out(range(geometry.groups + 1)),
                "rule": Out(rule_layout(geometry)),
                "read": In(1),
                "number": In(address_bits(geometry.groups)),
                "position": Out(position_layout(geometry)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout, scanned = self.position.shape(), Signal()
        m.submodules.store = store = disjoint_memory(layout.size, self._geometry.groups)
        write, read = store.write_port(), store.read_port()
        entry: Fields = Signal(layout)
        at: Fields = Signal(layout)
        scanning = Signal()
        self._scan(m, scanning, at)
        m.d.sync += scanned.eq(scanning)
        keeps = scanned & self.values.as_value().any()
        m.d.comb += [
            self.busy.eq(scanning | scanned | self.start),
            self.enable.eq(scanning),
            *(entry[name].eq(at[name]) for name in ("y", "x", "axon")),
            entry.values.eq(self.values),
            write.en.eq(keeps),
            write.addr.eq(self.count),
            write.data.eq(entry),
            read.en.eq(self.read),
            read.addr.eq(self.number),
            self.position.as_value().eq(read.data),
        ]
        with m.If(keeps):
            m.d.sync += [self.count.eq(self.count + 1), self.rule.eq(self.found)]
        with m.If(self.start):
            m.d.sync += self.count.eq(0)
        return m

    def _scan(self, m: Module, scanning: Signal, at: Fields) -> None:
        """Position after position, row by row; `at` is the one before."""
        geometry, shape = self._geometry, self.shape
        y, x = Signal(signed(PIXEL_BITS)), Signal(signed(PIXEL_BITS))
        axon, line = Signal.like(at.axon), Signal.like(at.axon, name="line")
        below, stride = Signal.like(line, name="below"), shape.stride
        first = -(shape.padding * shape.in_width + shape.padding)
        per_group = ceil_log2(geometry.lanes // geometry.multipliers)
        right = self._more(x, shape.in_width)
        deeper = self._more(y, shape.in_height)
        m.d.comb += below.eq(line + stride * shape.in_width)
        m.d.sync += [at.y.eq(y), at.x.eq(x), at.axon.eq(axon)]
        with m.If(scanning):
            m.d.sync += self.word.eq(self.word + (shape.out_channels >> self._piece_bits))
            with m.If(right):
                m.d.sync += [x.eq(x + stride), axon.eq(axon + stride)]
            with m.Else():
                m.d.sync += [x.eq(-shape.padding), axon.eq(below), line.eq(below)]
                m.d.sync += [y.eq(y + stride), scanning.eq(deeper)]
        with m.If(self.start):
            m.d.sync += [
                scanning.eq(1),
                y.eq(-shape.padding),
                x.eq(-shape.padding),
                axon.eq(first),
                line.eq(first),
                self.word.eq((shape.first_group << per_group) + self.piece),
            ]

    def _more(self, start: Value, size: Value) -> Value:
        """Is there a position behind the one whose first pixel is `start`, of `size` pixels?"""
        end = start + self.shape.stride + self.shape.kernel
        return end <= (size + self.shape.padding)

    @property
    def _piece_bits(self) -> int:
        return ceil_log2(self._geometry.multipliers)
