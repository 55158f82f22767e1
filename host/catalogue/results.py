"""The results page: all experiments and benches, made of their metrics and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axonloop.host.bench import BENCHED, FIGURES
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
`recurrence-chip`, `spoken-digits`), another processor rounds otherwise, and a seed's
accuracy moves by a few points. The words of `spoken-digits` themselves are the same on one machine
only.

    axonloop experiment NAME --full --json docs/results/NAME.json
    axonloop bench all --json docs/results/bench.json
    axonloop bench gpu --full --json docs/results/gpu.json
    axonloop results

Those without a section have not been run to their end yet. The last sections, `bench` and `gpu`,
are what the benches found of speed: there the machine matters, and what else it did.
"""
KEYS = ("source", "command", "device", "seconds", "rows")
"""What a section is made of, beside its name."""
SPEED = "bench"
"""The file and section of `axonloop bench all`."""
MEASURED = {SPEED: BENCHED, "gpu": FIGURES}
"""The files and sections of benches, and their columns."""


def page_of(folder: Path) -> str:
    """The page from the JSON files of `folder`, in the order of the catalogue.

    Raises ValueError for a folder without metrics, and for files that are no experiment's metrics.
    """
    files = {path.stem: read_json(path) for path in sorted(folder.glob("*.json"))}
    require(bool(files), "folder", "one with the JSON files of experiments", str(folder))
    known = [*EXPERIMENTS, *MEASURED]
    unknown = sorted(set(files) - set(known))
    require(not unknown, "results", f"of {', '.join(known)}", unknown)
    for name, metrics in files.items():
        keys = ("machine" if name in MEASURED else "experiment", *KEYS)
        missing = [key for key in keys if key not in metrics]
        require(not missing, f"{name}.json", "metrics of an experiment", f"without {missing}")
        require(bool(metrics["rows"]), f"rows of {name}.json", "one or more", metrics["rows"])
    table = markdown(LISTING, listed(EXPERIMENTS))
    sections = [_section(name, files[name]) for name in known if name in files]
    return "\n".join([HEAD, f"{table}\n", *sections])


def _section(name: str, metrics: dict[str, Any]) -> str:
    bench = name in MEASURED
    place = metrics["machine" if bench else "device"]
    where = f" {'Machine' if bench else 'Device'}: {place}." if place else ""
    note = f"\n\n{metrics['note']}" if metrics.get("note") else ""
    lines = [
        f"## {name}\n",
        f"{metrics['source']}. `{metrics['command']}`, {metrics['seconds']:.0f} s.{where}{note}\n",
        markdown(MEASURED.get(name, RESULTS), metrics["rows"]),
    ]
    return "\n".join(lines) + "\n"
