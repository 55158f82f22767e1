"""The page of an experiment, a study or a bench: its tables, its picture, and how it was made."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from axonloop.host.console import Column, Row
from axonloop.host.report.page import write_page

ABOUT = ("command", "device", "seeds", "machine", "seconds", "cpu_seconds")


def write_results_report(
    path: Path,
    title: str,
    what: str,
    metrics: Mapping[str, Any],
    tables: Mapping[str, Sequence[Column]],
    picture: Path | None = None,
) -> Path:
    """Write the page of `metrics` to `path`, one file that needs nothing else; returns `path`.

    `what` says what it shows; `tables`: columns by the key of their rows in the metrics; `picture`:
    a PNG that is taken in. What the metrics hold besides, numbers and texts, stands below.
    """
    plain = {name: value for name, value in metrics.items() if _plain(value)}
    told = {name: plain[name] for name in ABOUT if name in plain}
    known = (*ABOUT, "source", "full", *(name for name, value in plain.items() if value == title))
    return write_page(
        path,
        "results.html",
        {},
        title=title,
        what=what,
        source=metrics.get("source", ""),
        tables=[_table(columns, metrics[name]) for name, columns in tables.items()],
        picture=None if picture is None else b64encode(picture.read_bytes()).decode(),
        about=told,
        others={name: value for name, value in plain.items() if name not in known},
    )


def _plain(value: Any) -> bool:
    """Is it a number, a text, or a list of some?"""
    parts = value if isinstance(value, (list, tuple)) else [value]
    return bool(parts) and all(isinstance(part, (str, int, float)) for part in parts)


def _table(columns: Sequence[Column], rows: Sequence[Row]) -> dict[str, Any]:
    """Heads, which of the columns are numbers, and the cells; columns without text left out."""
    used = [column for column in columns if any(column.text(row) for row in rows)]
    return {
        "heads": [column.head for column in used],
        "numeric": [column.numeric(rows) for column in used],
        "cells": [[column.text(row) for column in used] for row in rows],
    }
