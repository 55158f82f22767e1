"""One measured figure of a bench."""

from __future__ import annotations

from dataclasses import dataclass

from axonloop.host.console import Column, Row


@dataclass(frozen=True)
class Figure:
    """A line of the table; `ratio` is how many times better than `peer`, if there is one."""

    name: str
    value: float
    unit: str
    bar: str
    peer: str = ""
    ratio: float | None = None


def _better(row: Row) -> str | None:
    return None if row["ratio"] is None else f"{row['ratio']:.1f} x {row['peer']}"


FIGURES = (
    Column("figure", "name"),
    Column("value"),
    Column("unit"),
    Column("bar"),
    Column("times better than", _better),
)
"""The columns of figures."""
BENCHED = (Column("bench"), *FIGURES)
"""The columns of figures of several benches."""
