"""The rows of the results page that experiments hand back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from axonloop.host.console import Column

PRINTS_NONE = "prints none"
"""What stands for a paper's figure where it gives none of a row."""


@dataclass(frozen=True)
class ResultRow:
    """A line of the results page: the paper, the float reference, the chip; "" where none is.

    `paper`: its own figure, or what it says in words; "" becomes "prints none".
    """

    what: str
    paper: str
    float: str
    chip: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "paper", self.paper or PRINTS_NONE)


RESULTS = (
    Column("what"),
    Column("paper"),
    Column("float here", "float"),
    Column("chip here", "chip"),
)
"""The columns of an experiment's rows."""


def percent(values: Sequence[float]) -> str:
    """The mean of shares in 0..1 and, if there are several, each of them."""
    text = f"{100 * mean(values):.1f} %"
    if len(values) == 1:
        return text
    return f"{text} ({', '.join(f'{100 * value:.1f}' for value in values)})"
