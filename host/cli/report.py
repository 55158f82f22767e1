"""The commands `runs`, `report` and `export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from axonloop.host.cli.train import RUNS
from axonloop.host.console import Column, notice, percent, print_rows, print_table, shown
from axonloop.host.devices import weight_hash
from axonloop.host.files import require_writable, write_json
from axonloop.host.nir import export_nir
from axonloop.host.report import REPORT, write_comparison, write_report
from axonloop.host.runs import RunSummary, find_runs, stored_program

COMPARISON = Path("comparison.html")
COLUMNS = (
    Column("run"),
    Column("state"),
    Column("on"),
    Column("device"),
    Column("seed"),
    Column("epochs"),
    Column("validation"),
    Column("test"),
    Column("weight hash", "weight_hash", lambda value: str(value)[:8]),
    Column("changed (UTC)", "changed", lambda value: str(value)[:16].replace("T", " ")),
)


def runs(folders: Sequence[Path] | None, json_file: Path | None) -> None:
    """List the runs in `folders`, by default those in the folder of new runs; the latest last.

    Of a run whose files are broken, a line on stderr says what is wrong.
    """
    require_writable(json_file)
    wanted = folders or ([RUNS] if RUNS.is_dir() else [])
    found = []
    for folder in find_runs(wanted):
        try:
            found.append(RunSummary.read(folder))
        except ValueError as error:
            notice(f"warning: left out {folder}: {error}")
    rows = [_row(run) for run in sorted(found, key=lambda run: run.changed)]
    if rows:
        print_rows(COLUMNS, rows)
    else:
        where = ", ".join(map(str, folders or [RUNS]))
        notice(f"no run in {where}; a new one: axonloop train digits")
    if json_file is not None:
        write_json(json_file, {"runs": rows})


def _row(run: RunSummary) -> dict[str, Any]:
    scores = {}
    for name, value in run.scores.items():
        part, _, measure = name.rpartition("_")
        scores[part] = percent(value) if measure == "accuracy" else f"mse {shown(value)}"
    return {
        "run": str(run.folder),
        "state": str(run.state),
        "on": run.trains,
        "device": run.device,
        "seed": run.settings.run.seed,
        "epochs": f"{run.epochs_done} of {run.settings.run.epochs}",
        **scores,
        "scores": run.scores,
        "weight_hash": run.weight_hash,
        "changed": run.changed.isoformat(timespec="seconds"),
    }


def report(runs: Sequence[Path], out: Path | None) -> None:
    """Write the report of a run, or one that compares several, and say where it is."""
    if len(runs) == 1:
        print(write_report(runs[0], out or runs[0] / REPORT))
    else:
        print(write_comparison(runs, out or COMPARISON))


def export(run: Path, file: Path, dt: float) -> None:
    """Write the network and the weights of a run's checkpoint as NIR."""
    require_writable(file)
    program, weights = stored_program(run)
    notes = export_nir(program, file, weights, dt)
    print_table({"file": str(file), "weight_hash": weight_hash(weights, program.geometry)})
    for note in notes:
        notice(f"note: {note}")
