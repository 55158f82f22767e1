"""The command `sweep`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axonloop.host.cli.train import RUNS
from axonloop.host.console import (
    Column,
    StoppedError,
    notice,
    percent,
    print_rows,
    print_table,
    progress_bars,
    shown,
)
from axonloop.host.files import require_writable, write_json
from axonloop.host.sweep import SLURM, Executor, RayCluster, SubmititCluster, run_sweep
from axonloop.models.checks import require

BEST = 10
"""Combinations that are printed."""


@dataclass(frozen=True)
class Where:
    """Where a sweep runs: `jobs` processes of this machine, or a cluster; and its boards.

    `address`: that of a cluster of Ray, or SLURM.
    """

    jobs: int | None
    address: str | None
    boards: Sequence[str]

    def open(self, folder: Path, boards: Sequence[str]) -> Executor:
        """Ray or SLURM for the sweep in `folder`, with the boards that were named."""
        if self.address == SLURM:
            return SubmititCluster(folder, boards=boards)
        return RayCluster(self.jobs or len(os.sched_getaffinity(0)), self.address, boards)


def sweep(
    file: Path,
    out: Path | None,
    device: str | None,
    where: Where,
    csv: Path | None,
    json_file: Path | None,
) -> None:
    """Run the sweep that a file describes, or go on with it; print what was chosen."""
    alone = where.address is None or where.jobs is None
    require(alone, "jobs", "left out with --address: the cluster has its own", where.jobs)
    require_writable(json_file)
    folder = out or RUNS / f"sweep-{file.stem}"
    notice(f"sweep folder: {folder}")
    try:
        with progress_bars() as progress:
            results = run_sweep(
                file,
                folder,
                lambda boards: where.open(folder, boards),
                device=device,
                boards=where.boards,
                csv=csv,
                progress=progress,
            )
    except KeyboardInterrupt as stop:
        raise StoppedError("the same command goes on with the sweep") from stop
    print_sweep(results)
    if json_file is not None:
        write_json(json_file, results)


def print_sweep(results: dict[str, Any]) -> None:
    """The best combinations as a table, then the chosen one."""
    measure = results["measure"]
    better = -1 if measure.endswith("accuracy") else 1
    whole = [each for each in results["combinations"] if each["done"] == each["trials"]]
    first = sorted(whole, key=lambda each: better * each["mean"])[:BEST]
    names = list(first[0]["values"])
    show = percent if measure.endswith("accuracy") else shown
    columns = [
        Column("combination"),
        *(Column(name.split(".", 1)[-1], name, str) for name in names),
        Column(measure.replace("_", " "), "mean", show),
        Column("trials", "done"),
    ]
    print_rows(columns, [each | each["values"] for each in first])
    chosen = results["chosen"]
    test = next(name for name in chosen if name.startswith("test_"))
    print_table(
        {
            "chosen combination": chosen["combination"],
            measure: show(chosen[measure]),
            test: show(chosen[test]),
            "of each": ", ".join(show(value) for value in chosen["of_each"]),
            "failed": len(results["failed"]),
        }
    )
