"""A commented configuration file with all usual values, made of the dataclasses that hold them."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from enum import Enum
from typing import Any

from axonloop.host.configuration.data_table import DECIDED, ELSEWHERE
from axonloop.host.configuration.settings import TABLES, Settings
from axonloop.host.data import DataDescription, EventBins

HEAD = """\
# Network, samples, objective and run of `axonloop train FILE`. Every value is the usual one; what
# is left out, or stands behind a #, stays so. The samples are handwritten digits, until the table
# [data] below has a path and no #.
"""
DATA = DataDescription(path="set.npz", ticks=40)
BINS = EventBins((34, 34))
OF_DIGITS = {f"task.{name}" for name in (*DECIDED, *ELSEWHERE)}
"""What a file with [data] must leave out, or need not say."""


def usual_file() -> str:
    """The text of a TOML file that says what is usual; the digits are its samples.

    The comments of a table are the docstring of its dataclass.
    """
    settings = Settings()
    parts = [_table(name, getattr(settings, name)) for name in TABLES]
    data = _table("data", DATA) + "\n" + _table("data.events", BINS)
    return "\n".join([HEAD, *parts, _silenced(data)])


def _table(name: str, table: Any) -> str:
    """A table with its comment, then those within it."""
    values = {entry.name: getattr(table, entry.name) for entry in dataclasses.fields(table)}
    inner = {key: value for key, value in values.items() if dataclasses.is_dataclass(value)}
    lines = [*_comment(type(table)), f"[{name}]"]
    lines += [_line(name, key, value) for key, value in values.items() if key not in inner]
    tables = [_table(f"{name}.{key}", value) for key, value in inner.items()]
    return "\n".join(["\n".join(lines) + "\n", *tables])


def _comment(kind: type) -> list[str]:
    """What a dataclass says of itself, but for the errors that it raises."""
    told = re.split(r"\s+Raises\s", inspect.getdoc(kind) or "")[0]
    return [f"# {line}".rstrip() for line in told.splitlines()]


def _line(table: str, name: str, value: Any) -> str:
    """A value as TOML has it; there is none for what is left out."""
    if value is None:
        return f"# {name} is left out"
    shown = json.dumps(value.name.lower() if isinstance(value, Enum) else value)
    hidden = f"{table}.{name}" in OF_DIGITS
    return f"#{name} = {shown}  # of the digits" if hidden else f"{name} = {shown}"


def _silenced(text: str) -> str:
    """The text with every line a comment."""
    lines = text.splitlines()
    return "\n".join(f"#{line}" if line and line[0] != "#" else line for line in lines) + "\n"
