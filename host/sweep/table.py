"""The one table of a sweep: a row for each trial, as Parquet and CSV."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from axonloop.host.console import Column, Row, comma_separated
from axonloop.host.files import write_text, write_whole
from axonloop.host.sweep.extra import extra
from axonloop.host.sweep.folder import SweepFolder
from axonloop.host.sweep.trials import SEED, Trial

MEASURES = ("accuracy", "mse")
KEPT = ("weight_hash", "spike_hash", "ticks", "spikes", "synops", "visits", "updates", "seconds")
"""What of a run's metrics stands in the table."""


def row_of(trial: Trial, folder: SweepFolder) -> dict[str, Any]:
    """A trial: its values, how it ended, and what it reached.

    `status` is done, failed or waiting; `error` tells why it failed, or which boards and processes
    died under it. Of all columns only `error` and `seconds` may differ when a sweep is repeated.
    """
    metrics = folder.metrics(trial)
    failure = None if metrics is not None else folder.failures.get(trial.name)
    errors = [*folder.incidents.get(trial.name, []), *([failure] if failure else [])]
    found = metrics or {}
    scores = {
        f"{part}_{what}": found.get(f"{part}_{what}")
        for what in MEASURES
        for part in ("validation", "test")
        if f"{part}_{what}" in found
    }
    return {
        "trial": trial.name,
        "part": trial.part,
        "combination": trial.combination,
        "status": "done" if metrics is not None else "failed" if failure else "waiting",
        "error": "; ".join(errors) or None,
        **{name: value for name, value in trial.values.items() if name != SEED},
        SEED: trial.seed,
        "device": trial.device,
        **scores,
        **{name: found.get(name) for name in KEPT},
    }


def columns_of(rows: Sequence[Row]) -> list[str]:
    """The names of all columns: those of the first row, then those that only others have."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    scores = [name for name in names if name.endswith(MEASURES)]
    rest = [name for name in names if name not in scores]
    place = rest.index("device") + 1
    return [*rest[:place], *sorted(scores, reverse=True), *rest[place:]]


def write_parquet(path: Path, rows: Sequence[Row]) -> None:
    """Write the table as Parquet, whole or not at all; ValueError without the extra.

    Columns whose values are of several kinds are JSON.
    """
    pyarrow, parquet = extra("pyarrow"), extra("pyarrow.parquet")
    arrays = {}
    for name in columns_of(rows):
        values = [row.get(name) for row in rows]
        try:
            arrays[name] = pyarrow.array(values)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
            arrays[name] = pyarrow.array([json.dumps(value) for value in values])
    table = pyarrow.table(arrays)
    write_whole(path, lambda file: parquet.write_table(table, file))


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write the table as CSV, whole or not at all."""
    write_text(path, comma_separated([Column(name) for name in columns_of(rows)], rows))
