"""The studies. A new one is its module, and an entry here."""

from __future__ import annotations

from typing import Any

from axonloop.host.catalogue.entry import POPULATION, Entry, by_name


def _study(
    name: str, what: str, source: str, time: str, resumes: bool = False, **options: Any
) -> Entry:
    return Entry("study", name, f"studies.{name}", what, source, time, options, resumes)


STUDIES = by_name(
    _study(
        "layers",
        "one layer and two on a mesh: accuracy of every layer",
        "docs/training.md",
        "an hour",
        resumes=True,
        device="golden",
        seeds=8,
        epochs=12,
        limit=None,
        jobs=2,
    ),
    _study(
        "deploy",
        "trained in float, rounded onto the chip, tuned in its loop",
        "docs/surrogate.md",
        "3 minutes",
        device=POPULATION,
        seeds=3,
        limit=None,
    ),
    _study(
        "bits",
        "learning with ternary, 3, 4, 6, 8 and 16-bit weights and both roundings",
        "docs/surrogate.md",
        "7 minutes",
        seeds=5,
        epochs=4,
        limit=None,
    ),
    _study(
        "rates",
        "learning with many error rates and seeds at once, on a population of chips",
        "docs/surrogate.md",
        "2 minutes",
        seeds=5,
        epochs=3,
        limit=None,
    ),
    _study(
        "area",
        "what lanes, widths and sizes cost on an FPGA",
        "docs/boards.md",
        "an hour",
        resumes=True,
        board="ulx3s-85f",
        full=False,
    ),
)
"""Comparisons over settings, seeds and builds of this chip."""
