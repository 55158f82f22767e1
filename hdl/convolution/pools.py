"""Pools of positions: of each, the neuron with the largest U keeps B (contract, section 12)."""

from amaranth.hdl import Array, Cat, Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from axonloop.hdl.common import Fields, PoolPort, address_bits, disjoint_memory
from axonloop.hdl.convolution.shapes import POSITION_BITS, shape_layout, shape_members
from axonloop.models.config import Geometry, ceil_log2

POOL_BITS = 4
"""Width of a row or column of a pool."""


class Pools(wiring.Component):
    """Keeps U of a sweep, then walks all pools twice: to find the largest, and to lower the others.

    Of a pool at the end that is not whole, all are lowered. Convolutions with pools of 1 are passed
    over.

    Latency: per pool and word of channels 2 q^2 + 2 cycles, + 4 per convolution.
    Resources: neurons x (state_bits + 1) bits of memory; update_lanes comparisons.

    Members
    -------
    shapes, measuring : the convolutions
    neurons : the sweep, and who is lowered
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        super().__init__(shape_members(geometry) | {"neurons": In(PoolPort(geometry))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        geometry, neurons = self._geometry, self.neurons
        words = geometry.neurons // geometry.update_lanes
        bits = address_bits(words) + 1
        m.submodules.store = store = disjoint_memory(neurons.tops.shape().size, words)
        write, read = store.write_port(), store.read_port()
        self._shape = shape = Signal(shape_layout(geometry))
        self._deep, self._wide = Signal(bits), Signal(bits)  # words of a position, and of a row
        across, down = Signal(bits), Signal(bits)  # from pool to pool
        number = Signal(address_bits(geometry.convolutions))
        top, left = Signal(POSITION_BITS), Signal(POSITION_BITS)
        line, corner, part = Signal(bits), Signal(bits), Signal(bits)
        self._top, self._left = top, left
        self._dv, self._du = Signal(POOL_BITS), Signal(POOL_BITS)
        self._row, self._at = Signal(bits), Signal(bits)
        shapes = Array(self.shapes[k].as_value() for k in range(geometry.convolutions))
        per_group = ceil_log2(geometry.lanes // geometry.update_lanes)
        begin, seeking = Signal(), Signal()
        m.d.comb += [
            write.en.eq(neurons.valid),
            write.addr.eq(neurons.index),
            write.data.eq(neurons.tops.as_value()),
            read.en.eq(seeking),
            read.addr.eq(self._at),
            neurons.lowered.eq(self._at),
        ]
        whole = (top + shape.pool <= shape.out_height) & (left + shape.pool <= shape.out_width)
        losers = self._compare(m, seeking, data.View(neurons.tops.shape(), read.data))
        with m.If(begin):
            m.d.sync += [self._row.eq(corner + part), self._at.eq(corner + part)]
            m.d.sync += [self._dv.eq(0), self._du.eq(0)]
        with m.FSM() as fsm:
            m.d.comb += neurons.busy.eq(~fsm.ongoing("IDLE"))
            with m.State("IDLE"):
                m.d.sync += number.eq(0)
                with m.If(neurons.start):
                    m.next = "PICK"
            with m.State("PICK"):
                m.d.sync += shape.as_value().eq(shapes[number])
                m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.sync += [
                    self._deep.eq(shape.out_channels >> ceil_log2(geometry.update_lanes)),
                    self._wide.eq(shape.row_groups << per_group),
                    line.eq(shape.first_group << per_group),
                    corner.eq(shape.first_group << per_group),
                    *(value.eq(0) for value in (top, left, part)),
                ]
                m.next = "STEPS"
                with m.If(~shape.used | (shape.pool == 1)):
                    m.next = "NEXT"
            with m.State("STEPS"):
                m.d.sync += [
                    across.eq(self._deep * shape.pool),
                    down.eq(self._wide * shape.pool),
                ]
                m.next = "POOL"
            with m.State("POOL"):
                m.d.comb += begin.eq(1)
                m.next = "SEEK"
            with m.State("SEEK"):
                m.d.comb += seeking.eq(1)
                with m.If(~self._go_on(m)):
                    m.d.comb += begin.eq(1)
                    m.next = "REST"
            with m.State("REST"):
                m.next = "LOWER"
            with m.State("LOWER"):
                m.d.comb += neurons.losers.eq(losers | (~whole).replicate(geometry.update_lanes))
                with m.If(~self._go_on(m)):
                    m.d.sync += part.eq(part + 1)
                    m.next = "POOL"
                    with m.If(part == self._deep - 1):
                        m.d.sync += [part.eq(0), left.eq(left + shape.pool)]
                        m.d.sync += corner.eq(corner + across)
                        with m.If(left + shape.pool >= shape.out_width):
                            m.d.sync += [left.eq(0), top.eq(top + shape.pool)]
                            m.d.sync += [corner.eq(line + down), line.eq(line + down)]
                            with m.If(top + shape.pool >= shape.out_height):
                                m.next = "NEXT"
            with m.State("NEXT"):
                m.d.sync += number.eq(number + 1)
                m.next = "PICK"
                with m.If(number == geometry.convolutions - 1):
                    m.next = "IDLE"
        return m

    def _go_on(self, m: Module) -> Value:
        """The pool's next position, if there is one: returns whether."""
        shape, dv, du = self._shape, self._dv, self._du
        right = (du + 1 < shape.pool) & (self._left + du + 1 < shape.out_width)
        below = (dv + 1 < shape.pool) & (self._top + dv + 1 < shape.out_height)
        with m.If(right):
            m.d.sync += [du.eq(du + 1), self._at.eq(self._at + self._deep)]
        with m.Elif(below):
            m.d.sync += [du.eq(0), dv.eq(dv + 1)]
            m.d.sync += [self._row.eq(self._row + self._wide), self._at.eq(self._row + self._wide)]
        return right | below

    def _compare(self, m: Module, seeking: Value, tops: Fields) -> Value:
        """Keep, in every lane, the largest U and its position; returns who is not at it now."""
        bits = self._geometry.state_bits + 1
        came, first = Signal(), Signal()
        position, here = Signal(2 * POOL_BITS), Signal(2 * POOL_BITS)
        m.d.comb += here.eq(Cat(self._du, self._dv))
        m.d.sync += [came.eq(seeking), first.eq(here == 0), position.eq(here)]
        losers = Signal(self._geometry.update_lanes)
        for k in range(self._geometry.update_lanes):
            largest = Signal(signed(bits), name=f"largest_{k}", reset_less=True)
            winner = Signal(2 * POOL_BITS, name=f"winner_{k}", reset_less=True)
            with m.If(came & (first | (tops[k] > largest))):
                m.d.sync += [largest.eq(tops[k]), winner.eq(position)]
            m.d.comb += losers[k].eq(winner != here)
        return losers
