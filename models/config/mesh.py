"""Cores in rows and columns, and the links between neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from axonloop.models.checks import require, require_range, take_whole
from axonloop.models.config.geometry import MAX_CORES

MAX_SIDE = 16
"""Most columns or rows of a mesh."""


class Port(IntEnum):
    """The ports of a router, in the order of their counters."""

    NORTH = 0
    EAST = 1
    SOUTH = 2
    WEST = 3
    LOCAL = 4


@dataclass(frozen=True)
class Mesh:
    """`columns` x `rows` cores, numbered row by row. ValueError where it is too large."""

    columns: int = 1
    rows: int = 1

    def __post_init__(self) -> None:
        take_whole(self, "columns", "rows")
        require_range("columns of the mesh", self.columns, 1, MAX_SIDE)
        require_range("rows of the mesh", self.rows, 1, MAX_SIDE)
        require(self.cores <= MAX_CORES, "mesh", f"of at most {MAX_CORES} cores", self.cores)

    @classmethod
    def parse(cls, text: str) -> Mesh:
        """A mesh from text as "2x2", columns first."""
        columns, cross, rows = text.partition("x")
        good = cross == "x" and columns.isdecimal() and rows.isdecimal()
        require(good, "mesh", "columns x rows, as 2x2", text)
        return cls(int(columns), int(rows))

    def __str__(self) -> str:
        return f"{self.columns}x{self.rows}"

    @property
    def cores(self) -> int:
        """Number of cores."""
        return self.columns * self.rows

    def position(self, core: int) -> tuple[int, int]:
        """Column and row of a core."""
        return core % self.columns, core // self.columns

    def route(self, source: int, target: int) -> Iterator[tuple[int, Port]]:
        """The route of a spike: the routers that it passes, and the port at which it leaves."""
        (column, row), (last_column, last_row) = self.position(source), self.position(target)
        while column != last_column:
            east = last_column > column
            yield row * self.columns + column, Port.EAST if east else Port.WEST
            column += 1 if east else -1
        while row != last_row:
            south = last_row > row
            yield row * self.columns + column, Port.SOUTH if south else Port.NORTH
            row += 1 if south else -1
        yield target, Port.LOCAL


ONE_CORE = Mesh()
"""The mesh of a chip that is one core."""
