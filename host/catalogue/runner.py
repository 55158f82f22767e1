"""The one way to run an entry of the catalogue, and what it writes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from axonloop.host.bench import FIGURES
from axonloop.host.catalogue.entry import POPULATION, Entry
from axonloop.host.console import (
    Column,
    StoppedError,
    comma_separated,
    notice,
    print_rows,
    progress_bars,
)
from axonloop.host.devices import check_device_name
from axonloop.host.experiments import RESULTS
from axonloop.host.files import require_writable, write_json, write_text
from axonloop.host.machine import machine
from axonloop.host.order import Metrics, Order
from axonloop.host.report import REPORT, write_results_report
from axonloop.host.runs import require_folder
from axonloop.models.checks import require, require_range

Tables = Mapping[str, Sequence[Column]]
"""Columns by the key of their rows in the metrics."""
TABLES: dict[str, Tables] = {"experiment": {"rows": RESULTS}, "bench": {"rows": FIGURES}}
"""What is printed of a kind whose modules say nothing else."""
RANGES = {"seeds": 1000, "epochs": 1_000_000, "limit": 1_000_000, "jobs": 64}
"""The most of what is counted, from 1 on."""


def order_of(entry: Entry, given: Mapping[str, Any], folder: Path) -> Order:
    """What is asked of an entry: its defaults, and the options `given` that are not None.

    Raises ValueError for an option that it does not take, and for values that cannot be.
    """
    for name, value in given.items():
        taken = ", ".join(entry.options) or "no options"
        condition = f"left out: {entry.kind} {entry.name} takes {taken}"
        require(value is None or name in entry.options, name, condition, value)
    asked = dict(entry.options) | {n: value for n, value in given.items() if value is not None}
    for name, most in RANGES.items():
        if asked.get(name) is not None:
            require_range(name, asked[name], 1, most)
    device = asked.get("device")
    if device is not None and (device != POPULATION or entry.device != POPULATION):
        check_device_name(device)
    seeds = asked.pop("seeds", None)
    asked["seeds"] = () if seeds is None else range(1, seeds + 1)
    return Order(**asked, folder=folder)


def command_of(entry: Entry, given: Mapping[str, Any]) -> str:
    """The command that asks for the same."""
    words = ["axonloop", entry.kind, entry.name]
    for name, value in given.items():
        if value not in (None, False):
            words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return " ".join(words)


def tables_of(entry: Entry, module: Any) -> Tables:
    """What an entry prints."""
    own: Tables | None = getattr(module, "TABLES", None)
    return own or TABLES[entry.kind]


def run_entry(
    entry: Entry,
    given: Mapping[str, Any],
    out: Path | None = None,
    json: Path | None = None,
    csv: Path | None = None,
) -> Metrics:
    """Run an entry with the options `given`; print its tables, write its files, return metrics.

    NAME.json, NAME.png, report.html and, of some, NAME.md go into `out`; by default that is
    runs/KIND-NAME, and nothing for a bench. `json` gets the metrics too, `csv` the rows. Whatever
    is wrong with what was asked is a ValueError before the work begins; files are written when it
    has ended. StoppedError at Ctrl-C, if the entry can go on.
    """
    folder = out or (Path("runs") / f"{entry.kind}-{entry.name}" if entry.keeps else None)
    order = order_of(entry, given, folder or Path())
    for path in (json, csv):
        require_writable(path)
    if folder is not None:
        require_folder(folder)
        new = entry.resumes or not (folder / f"{entry.name}.json").exists()
        require(new, f"{entry.kind} folder", "new, as --out runs/NAME", str(folder))
    module = entry.load()
    metrics = _about(entry, order, given) | _measured(entry, module, order)
    tables = tables_of(entry, module)
    for name, columns in tables.items():
        print_rows(columns, metrics[name])
    notice("{seconds:,.1f} s, {cpu_seconds:,.1f} s of processors; {machine}".format(**metrics))
    shown = metrics.pop("shown", {})
    if folder is not None:
        picture = _write(folder / entry.name, module, metrics, shown)
        page = folder / REPORT
        write_results_report(page, entry.name, entry.what, metrics, tables, picture)
    if json is not None:
        write_json(json, metrics)
    if csv is not None:
        write_text(csv, comma_separated(tables["rows"], metrics["rows"]))
    return metrics


def _write(path: Path, module: Any, metrics: Metrics, shown: Any) -> Path | None:
    """Write metrics, picture and page of an entry: files at `path` with endings; the picture's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path.with_suffix(".json"), metrics)
    picture = None
    if hasattr(module, "draw"):
        from axonloop.host.pictures import save  # matplotlib is slow to load

        picture = path.with_suffix(".png")
        save(module.draw(metrics | {"shown": shown}), picture)
    if hasattr(module, "page_of"):
        write_text(path.with_suffix(".md"), module.page_of(metrics))
    return picture


def _about(entry: Entry, order: Order, given: Mapping[str, Any]) -> Metrics:
    """What was run, as it stands in the metrics."""
    about = {entry.kind: entry.name, "source": entry.source, "command": command_of(entry, given)}
    asked = {name: getattr(order, name) for name in entry.options if name != "seeds"}
    if "seeds" in entry.options:
        asked["seeds"] = list(order.seeds)
    return {**about, "device": None, **asked, "machine": machine()}


def _measured(entry: Entry, module: Any, order: Order) -> Metrics:
    """The metrics of the module, and the seconds that they took."""
    wall, processor = perf_counter(), sum(os.times()[:4])
    try:
        with progress_bars() as progress:
            found: Metrics = module.measure(order, progress)
    except KeyboardInterrupt as stop:
        if not entry.resumes:
            raise
        raise StoppedError("the same command goes on with it") from stop
    require(bool(found["rows"]), "results", "one row or more", found["rows"])
    rows = {name: [_plain(row) for row in found[name]] for name in tables_of(entry, module)}
    times = {
        "seconds": round(perf_counter() - wall, 1),
        "cpu_seconds": round(sum(os.times()[:4]) - processor, 1),
    }
    return times | found | rows


def _plain(row: Any) -> Any:
    """A row as JSON has it."""
    return asdict(row) if is_dataclass(row) and not isinstance(row, type) else row
