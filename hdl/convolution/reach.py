"""A table that says of every axon where its walk through the kernels begins."""

from amaranth.hdl import Array, Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import UNDEFINED, Fields, address_bits, disjoint_memory
from axonloop.hdl.convolution.shapes import (
    POSITION_BITS,
    channel_groups,
    shape_layout,
    shape_members,
)
from axonloop.models.config import Geometry

OFFSET_BITS = 5
"""Width of an offset into a kernel, of one beyond its end too."""


def reach_layout(geometry: Geometry) -> data.StructLayout:
    """What an axon reaches first: its last position and, there, the offset into the kernel.

    `used`: it reaches any. `number` of its convolution; `bias`: it is a bias. `row` of the weights
    and `group` of neurons, position (`v`, `u`), offset (`a`, `b`).
    """
    return data.StructLayout(
        {
            "used": 1,
            "bias": 1,
            "number": address_bits(geometry.convolutions),
            "row": address_bits(geometry.weight_rows),
            "group": address_bits(geometry.groups),
            "v": POSITION_BITS,
            "u": POSITION_BITS,
            "a": 4,
            "b": 4,
        }
    )


def cursor_layout(geometry: Geometry) -> data.StructLayout:
    """A row or column of pixels: its last position, the offset there, the groups before it."""
    return data.StructLayout(
        {"offset": OFFSET_BITS, "position": POSITION_BITS, "group": address_bits(geometry.groups)}
    )


class ReachFill(wiring.Component):
    """Works out the entry of every axon, one per cycle; it begins with its reset.

    All axons first get an entry that reaches nothing. Then the pixels of every convolution are
    walked in the order of their axons; the last position that sees a pixel moves on when the pixel
    leaves its first row or column.

    Latency: axons, + the axons of all convolutions, + some 20 cycles for each.

    Members
    -------
    shapes : of the convolutions
    write, axon, entry : to the table
    filling : not done yet
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        super().__init__(
            shape_members(geometry)
            | {
                "write": Out(1),
                "axon": Out(address_bits(geometry.axons)),
                "entry": Out(reach_layout(geometry)),
                "filling": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        geometry, entry = self._geometry, self.entry
        count = geometry.convolutions
        number, axon = Signal(address_bits(count)), Signal.like(self.axon)
        self._shape = shape = Signal(shape_layout(geometry))
        self._groups = channel_groups(geometry, shape.out_channels)
        cursors = cursor_layout(geometry)
        self._row, self._column = Signal(cursors, name="row"), Signal(cursors, name="column")
        top, left = Signal(cursors), Signal(cursors)
        x, y, channel = Signal(8), Signal(8), Signal(12)
        kernel_row = Signal.like(entry.row)
        shapes = Array(self.shapes[k].as_value() for k in range(count))
        m.d.comb += [self.axon.eq(axon), entry.number.eq(number)]
        self._tell(m, kernel_row)
        with m.FSM() as fsm:
            m.d.comb += self.filling.eq(~fsm.ongoing("DONE"))
            with m.State("CLEAR"):
                m.d.comb += [self.write.eq(1), entry.used.eq(0)]
                m.d.sync += axon.eq(axon + 1)
                with m.If(axon == geometry.axons - 1):
                    m.next = "PICK"
            with m.State("PICK"):
                m.d.sync += shape.as_value().eq(shapes[number])
                m.next = "BEGIN"
            with m.State("BEGIN"):
                for cursor in (self._row, self._column):
                    m.d.sync += [cursor.offset.eq(shape.padding), cursor.position.eq(0)]
                m.d.sync += [
                    self._row.group.eq(shape.first_group),
                    self._column.group.eq(0),
                    axon.eq(shape.first_axon),
                    kernel_row.eq(shape.first_row),
                    *(value.eq(0) for value in (x, y, channel)),
                ]
                m.next = "ALIGN"
                with m.If(~shape.used):
                    m.next = "NEXT"
            with m.State("ALIGN"):
                m.d.sync += [top.eq(self._row), left.eq(self._column)]
                moves = [self._align(m, cursor) for cursor in (self._row, self._column)]
                with m.If(~moves[0] & ~moves[1]):
                    m.next = "WALK"
            with m.State("WALK"):
                m.d.comb += self.write.eq(1)
                m.d.sync += [axon.eq(axon + 1), x.eq(x + 1)]
                self._advance(m, self._column)
                with m.If(x == shape.in_width - 1):
                    m.d.sync += [x.eq(0), y.eq(y + 1), self._column.eq(left)]
                    self._advance(m, self._row)
                    with m.If(y == shape.in_height - 1):
                        m.d.sync += [y.eq(0), channel.eq(channel + 1), self._row.eq(top)]
                        m.d.sync += kernel_row.eq(kernel_row + shape.kernel * shape.kernel)
                        with m.If(channel == shape.in_channels - 1):
                            # The last pixel's last position is the last one of all: the bias begins
                            # there, too.
                            m.d.sync += [self._row.eq(self._row), self._column.eq(self._column)]
                            m.next = "BIAS"
                with m.If(axon == geometry.axons - 1):
                    m.next = "BIAS"
            with m.State("BIAS"):
                m.d.comb += [
                    self.write.eq(shape.bias),
                    entry.used.eq(1),
                    entry.bias.eq(1),
                    entry.row.eq(kernel_row),
                    entry.a.eq(0),
                    entry.b.eq(0),
                ]
                m.next = "NEXT"
            with m.State("NEXT"):
                m.d.sync += number.eq(number + 1)
                m.next = "PICK"
                with m.If(number == count - 1):
                    m.next = "DONE"
            with m.State("DONE"):
                pass
        return m

    def _tell(self, m: Module, kernel_row: Value) -> None:
        """The entry of the pixel at the cursors."""
        row, column, shape, entry = self._row, self._column, self._shape, self.entry
        inside = (row.offset < shape.kernel) & (column.offset < shape.kernel)
        m.d.comb += [
            entry.used.eq(inside),
            entry.row.eq(kernel_row + row.offset * shape.kernel + column.offset),
            entry.group.eq(row.group + column.group),
            entry.v.eq(row.position),
            entry.u.eq(column.position),
            entry.a.eq(row.offset),
            entry.b.eq(column.offset),
        ]

    def _step(self, cursor: Fields) -> tuple[Fields, Fields]:
        """Groups from a cursor's position to the next, and its last position."""
        down = cursor is self._row
        step = self._shape.row_groups if down else self._groups
        last = self._shape.out_height if down else self._shape.out_width
        return step, last - 1

    def _align(self, m: Module, cursor: Fields) -> Value:
        """Move a position on if the pixel is in that, too; returns whether it is."""
        step, last = self._step(cursor)
        moves = (cursor.offset >= self._shape.stride) & (cursor.position != last)
        with m.If(moves):
            m.d.sync += [
                cursor.offset.eq(cursor.offset - self._shape.stride),
                cursor.position.eq(cursor.position + 1),
                cursor.group.eq(cursor.group + step),
            ]
        return moves

    def _advance(self, m: Module, cursor: Fields) -> None:
        """The next pixel: one further in the kernel, or the first in that of the next position."""
        step, last = self._step(cursor)
        moves = (cursor.offset + 1 >= self._shape.stride) & (cursor.position != last)
        m.d.sync += [
            cursor.offset.eq(cursor.offset + 1 - Mux(moves, self._shape.stride, 0)),
            cursor.position.eq(cursor.position + moves),
            cursor.group.eq(cursor.group + Mux(moves, step, 0)),
        ]


class Reach(wiring.Component):
    """The table of what every axon reaches first; it is made anew when descriptors were measured.

    Latency: an entry follows `address` after one cycle and stays while `enable` is 0.
    Resources: axons x some 50 bits of memory.

    Members
    -------
    shapes, measuring : the convolutions
    enable, address, entry : the read port, unused while `filling`
    filling : entries do not count yet
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        super().__init__(
            shape_members(geometry)
            | {
                "enable": In(1),
                "address": In(address_bits(geometry.axons)),
                "entry": Out(reach_layout(geometry)),
                "filling": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fill, size = ReachFill(self._geometry), self.entry.shape().size
        m.submodules.fill = ResetInserter(self.measuring)(fill)
        m.submodules.store = store = disjoint_memory(size, self._geometry.axons, (), UNDEFINED)
        write, read = store.write_port(), store.read_port()
        m.d.comb += [
            fill.shapes.eq(self.shapes),
            write.en.eq(fill.write),
            write.addr.eq(fill.axon),
            write.data.eq(fill.entry),
            read.en.eq(self.enable),
            read.addr.eq(self.address),
            self.entry.as_value().eq(read.data),
            self.filling.eq(fill.filling | self.measuring),
        ]
        return m
