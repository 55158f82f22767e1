"""One measured figure of a bench."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A line of the table; `ratio` is how many times better than `peer`, if there is one."""

    name: str
    value: float
    unit: str
    bar: str
    peer: str = ""
    ratio: float | None = None
