"""What is asked of an experiment, a study or a bench, and what it hands back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Metrics = dict[str, Any]
"""JSON-ready results. "rows" are those of its table; what lies under "shown" is for the picture
alone and is not written."""


@dataclass(frozen=True)
class Order:
    """What was asked; an entry of the catalogue takes some of it.

    `device` is None where no chip takes part; `seeds` are 1, or 1 to 3 if it is `full`, unless
    they are given; `limit` samples of each part are used (None: all); `jobs` runs go on at a time;
    `memristor` is a name or a file; `data` a folder that holds the
    real set; in `folder` lies what a stopped measurement goes on with.
    """

    device: str | None = None
    full: bool = False
    seeds: Sequence[int] = ()
    epochs: int = 1
    limit: int | None = None
    jobs: int = 1
    board: str = ""
    memristor: str = ""
    data: str = ""
    folder: Path = Path()

    def __post_init__(self) -> None:
        if not self.seeds:
            object.__setattr__(self, "seeds", range(1, 4 if self.full else 2))
