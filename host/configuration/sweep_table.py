"""The table [sweep] of a configuration file: which trials there are, and how they are run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from axonloop.models.checks import require, require_range, take_whole

MANY = 1_000_000
"""The largest number of trials that a sweep may ask for."""


class Sampler(StrEnum):
    """How a search draws the next values: by what earlier trials reached, or at random."""

    TPE = "tpe"
    RANDOM = "random"


@dataclass(frozen=True)
class SweepSettings:
    """Which settings are tried, and how.

    `grid` has a list of values for each setting, and all combinations are tried. `search` has a
    list of choices or a range, as { low = 1.0, high = 8.0, log = true, step = 1.0 }, and `sampler`
    draws `trials` combinations, `batch` of them between two looks at the results, from
    `search_seed`. A combination is trained with each of `seeds`, on each of `devices`; its score is
    the mean. On the device "batched" up to `share` trials whose chips agree run in step; 1: none.
    `boards` are serial:PORT for the device "farm". Raises ValueError for values out of range.
    """

    grid: Mapping[str, Any] = field(default_factory=dict)
    search: Mapping[str, Any] = field(default_factory=dict)
    sampler: str = "tpe"
    trials: int = 20
    batch: int = 4
    search_seed: int = 0
    seeds: tuple[int, ...] = ()
    devices: tuple[str, ...] = ("batched",)
    share: int = 16
    boards: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        samplers = [str(each) for each in Sampler]
        require(self.sampler in samplers, "sampler", f"one of {', '.join(samplers)}", self.sampler)
        ranges = {"trials": MANY, "batch": MANY, "share": 4096}
        take_whole(self, *ranges, "search_seed")
        for name, high in ranges.items():
            require_range(name, getattr(self, name), 1, high)
        require_range("search_seed", self.search_seed, 0, 2**32 - 1)
        for name in ("seeds", "devices", "boards"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        require(len(self.devices) > 0, "devices", "a list of at least one", list(self.devices))
        for place, seed in enumerate(self.seeds):
            require_range(f"seeds[{place}]", seed, 0, 2**32 - 1)
