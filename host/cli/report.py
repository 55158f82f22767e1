"""The command `report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from axonloop.host.report import REPORT, write_comparison, write_report

COMPARISON = Path("comparison.html")


def report(runs: Sequence[Path], out: Path | None) -> None:
    """Write the report of a run, or one that compares several, and say where it is."""
    if len(runs) == 1:
        print(write_report(runs[0], out or runs[0] / REPORT))
    else:
        print(write_comparison(runs, out or COMPARISON))
