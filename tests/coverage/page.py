"""The page of assurance: its sections of soak, proofs and coverage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from axonloop.host.console import with_section
from tests.coverage import python_figures, rtl_figures
from tests.coverage.tables import number, table
from tests.formal.figures import section as proofs

PAGE = Path("docs/assurance.md")
SOAK = Path("docs/assurance/soak.json")
PROOFS = Path("docs/assurance/proofs.json")
Kept = Mapping[str, Any]


def write_page() -> None:
    """Bring the sections up to date of which there are figures."""
    page = PAGE.read_text()
    for name, path, section in (
        ("soak", SOAK, soak_section),
        ("proofs", PROOFS, proofs),
        ("rtl coverage", rtl_figures.PATH, rtl_figures.section),
        ("python coverage", python_figures.PATH, python_figures.section),
    ):
        if path.exists():
            page = with_section(page, name, section(json.loads(path.read_text())))
    PAGE.write_text(page)


def soak_section(kept: Kept) -> str:
    """What the page says of the soak."""
    differences = len(kept["failures"]) or "no"
    said = (
        f"{kept['compared']:,} ticks of {kept['targets']} chips in {kept['shards']:,} shards "
        f"(sources {kept['sources'][:8]}), "
        f"{differences} differences; {kept['cpu_seconds'] / 60:,.0f} minutes of processor time, "
        f"{kept['compared'] / kept['cpu_seconds']:,.0f} ticks in a second of it. In these ticks "
        f"{kept['counters']['spikes']:,} spikes, {kept['counters']['synops']:,} synaptic "
        f"operations and {kept['counters']['updates']:,} updates of weights."
    )
    rows = [
        (name, number(count), number(kept["least"][name]), number(kept["most"][name]))
        for name, count in kept["ticks"].items()
    ]
    head = ("derivation", "ticks", "least of a chip that is on it", "most")
    return f"{said}\n\n{table(head, rows)}"
