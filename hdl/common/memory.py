"""Memories with attributes for synthesis, and the memory that the register map sees.

An attribute states what synthesis may assume of a memory; hdl/flow/synthesis.py reads it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import reduce
from operator import or_
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common.payloads import address_bits
from axonloop.hdl.common.signatures import BusSignature
from axonloop.models.config import ceil_log2

DISJOINT = "axonloop_disjoint"
"""No read port is read at the address that is written in the same cycle, or nobody uses the word:
block RAM needs no logic that finds such reads."""
CLOCKED = "axonloop_clocked"
"""All ports are clocked, so it may be block RAM; as those of `DISJOINT` memories are."""
UNDEFINED = "axonloop_undefined"
"""No word is used before it was written: the memory needs no initial contents."""
ONE_PORT = "axonloop_one_port"
"""The read and the write port share one address, and at most one of them is used in a cycle."""


def disjoint_memory(
    width: int, depth: int, init: Iterable[int] = (), *attributes: str
) -> memory.Memory:
    """At least two words of `width` bits, `DISJOINT` and with further `attributes`."""
    marks: dict[str, Any] = dict.fromkeys((DISJOINT, *attributes), 1)
    return memory.Memory(shape=unsigned(width), depth=max(2, depth), init=init, attrs=marks)


@dataclass(frozen=True)
class Column:
    """A value of `width` bits in words of `region`, from bit `low` up; sign-extended if `signed`.

    A signed column must be the only column of its region in a memory. A `table` is written by the
    register map alone, so its data need not be chosen.
    """

    region: IntEnum
    width: int
    low: int = 0
    signed: bool = False
    table: bool = False


class LaneMemory(wiring.Component):
    """`words` words of `lanes` rows of values, one per column; one read and one write port.

    Word n of a region is row n mod `lanes` of memory word n / `lanes`. `read_data` follows
    `read_address` after one cycle, and stays while `read_enable` is 0. A read of the word that is
    written in the same cycle returns an undefined value.

    Members
    -------
    read_enable, read_address, read_data : the read port; data one cycle after the address
    write_enable, write_address, write_data : the write port; per column one enable per lane;
        without meaning for tables
    bus : register access; in its cycles it uses both ports instead
    """

    def __init__(self, columns: Mapping[str, Column], *, words: int, lanes: int = 1) -> None:
        self._columns, self._lanes, self._words = columns, lanes, words
        row = data.StructLayout({name: unsigned(column.width) for name, column in columns.items()})
        rows, address = data.ArrayLayout(row, lanes), address_bits(words)
        super().__init__(
            {
                "read_enable": In(1),
                "read_address": In(address),
                "read_data": Out(rows),
                "write_enable": In(data.StructLayout(dict.fromkeys(columns, unsigned(lanes)))),
                "write_address": In(address),
                "write_data": In(rows),
                "bus": In(BusSignature()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lane_bits, bus, rows = ceil_log2(self._lanes), self.bus, self.read_data.shape()
        m.submodules.store = store = disjoint_memory(rows.size, self._words)
        # One bit of enable per bit where columns of one word are written alone.
        grain = rows.size // self._lanes if len(self._columns) == 1 else 1
        write, read = store.write_port(granularity=grain), store.read_port()
        word = bus.address[lane_bits : lane_bits + len(self.read_address)]
        lane = bus.address[:lane_bits]
        selected = {region: Signal(name=region.name.lower()) for region in self._regions}
        m.d.comb += [
            *(strobe.eq(bus.address[24:] == region) for region, strobe in selected.items()),
            read.en.eq(self.read_enable | bus.read),
            read.addr.eq(Mux(bus.read, word, self.read_address)),
            self.read_data.eq(read.data),
            write.addr.eq(word),
        ]
        enables = {name: Signal(self._lanes, name=f"write_{name}") for name in self._columns}
        for name, column in self._columns.items():
            hit = bus.write & selected[column.region]
            m.d.comb += enables[name].eq(Mux(hit, 1 << lane, 0))
            if not column.table:
                with m.If(~bus.write):
                    m.d.comb += enables[name].eq(self.write_enable[name])
        m.d.comb += write.en.eq(
            Cat(
                enables[name][k].replicate(column.width // grain)
                for k in range(self._lanes)
                for name, column in self._columns.items()
            )
        )
        m.d.comb += write.data.eq(
            Cat(
                self._given(column, self.write_data[k][name])
                for k in range(self._lanes)
                for name, column in self._columns.items()
            )
        )
        if not all(column.table for column in self._columns.values()):
            with m.If(~bus.write):
                m.d.comb += write.addr.eq(self.write_address)
        self._read_back(m, selected, lane)
        return m

    def _given(self, column: Column, own: Value) -> Value:
        """What a column is written with: by the bus, or, if it is no table, by its user."""
        word = self.bus.write_data[column.low :][: column.width]
        return word if column.table else Mux(self.bus.write, word, own)

    @property
    def _regions(self) -> list[IntEnum]:
        return list(dict.fromkeys(column.region for column in self._columns.values()))

    def _read_back(self, m: Module, selected: dict[IntEnum, Signal], lane: Value) -> None:
        kept = Signal(max(1, ceil_log2(self._lanes)))
        m.d.sync += kept.eq(lane)
        row = self.read_data[kept] if self._lanes > 1 else self.read_data[0]
        words = []
        for region, strobe in selected.items():
            chosen = Signal(name=f"chosen_{region.name.lower()}")
            m.d.sync += chosen.eq(self.bus.read & strobe)
            fields = {n: c for n, c in self._columns.items() if c.region == region}
            values = [
                (row[name].as_signed() if column.signed else row[name]) << column.low
                for name, column in fields.items()
            ]
            word = Signal(32, name=f"word_{region.name.lower()}")
            m.d.comb += word.eq(reduce(or_, values))
            words.append(Mux(chosen, word, 0))
        m.d.comb += self.bus.read_data.eq(reduce(or_, words))
