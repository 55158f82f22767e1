"""What every `axonloop experiment` has in common: what is asked of it, and what it hands back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

Metrics = dict[str, Any]
"""JSON-ready results; "rows" are those of the results page."""


@dataclass(frozen=True)
class Order:
    """What was asked: a `device` (None where no chip takes part), and whether it is `full`."""

    device: str | None = None
    full: bool = False

    @property
    def seeds(self) -> range:
        """1, or 1 to 3."""
        return range(1, 4 if self.full else 2)


@dataclass(frozen=True)
class ResultRow:
    """A line of the results page: the paper, the float reference, the chip; "" where none is."""

    what: str
    paper: str
    float: str
    chip: str = ""


def percent(values: Sequence[float]) -> str:
    """The mean of shares in 0..1 and, if there are several, each of them."""
    text = f"{100 * mean(values):.1f} %"
    if len(values) == 1:
        return text
    return f"{text} ({', '.join(f'{100 * value:.1f}' for value in values)})"
