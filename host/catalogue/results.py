"""The results page: one table of all experiments, made of their metrics and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axonloop.host.catalogue.experiments import EXPERIMENTS
from axonloop.host.catalogue.listing import LISTING, listed
from axonloop.host.console import markdown
from axonloop.host.experiments import RESULTS
from axonloop.host.files import read_json
from axonloop.models.checks import require

HEAD = """# Results

What the papers say ("prints none" where a paper has no figure of a row), what the float
references here reach, and what the chip reaches. Every figure comes from the metrics of its
command, kept in `docs/results/`; `axonloop results` makes this page of them. Figures in brackets
are the seeds from 1 on, and the one before them is their mean. What is learned in integers comes
out the same on every machine. Where torch learns in floats through time (`recurrence`,
`recurrence-chip`), another processor rounds otherwise, and a seed's
accuracy moves by a few points.

    axonloop experiment NAME --full --json docs/results/NAME.json
    axonloop results

Those without a section have not been run to their end yet.
"""
KEYS = ("experiment", "source", "command", "device", "seconds", "rows")
"""What a section is made of."""


def page_of(folder: Path) -> str:
    """The page from the JSON files of `folder`, in the order of the catalogue.

    Raises ValueError for a folder without metrics, and for files that are no experiment's metrics.
    """
    files = {path.stem: read_json(path) for path in sorted(folder.glob("*.json"))}
    require(bool(files), "folder", "one with the JSON files of experiments", str(folder))
    unknown = sorted(set(files) - set(EXPERIMENTS))
    require(not unknown, "results", f"of {', '.join(EXPERIMENTS)}", unknown)
    for name, metrics in files.items():
        missing = [key for key in KEYS if key not in metrics]
        require(not missing, f"{name}.json", "metrics of an experiment", f"without {missing}")
        require(bool(metrics["rows"]), f"rows of {name}.json", "one or more", metrics["rows"])
    table = markdown(LISTING, listed(EXPERIMENTS))
    sections = [_section(files[name]) for name in EXPERIMENTS if name in files]
    return "\n".join([HEAD, f"{table}\n", *sections])


def _section(metrics: dict[str, Any]) -> str:
    device = f" Device: {metrics['device']}." if metrics["device"] else ""
    note = f"\n\n{metrics['note']}" if metrics.get("note") else ""
    lines = [
        f"## {metrics['experiment']}\n",
        f"{metrics['source']}. `{metrics['command']}`, {metrics['seconds']:.0f} s.{device}{note}\n",
        markdown(RESULTS, metrics["rows"]),
    ]
    return "\n".join(lines) + "\n"
