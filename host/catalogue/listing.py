"""The catalogue as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from axonloop.host.catalogue.entry import Entry
from axonloop.host.console import Column, Row

LISTING = (
    Column("name"),
    Column("what it shows", "what"),
    Column("device"),
    Column("time"),
    Column("source"),
)
"""What is listed of an entry; the device is the one by default."""


def listed(entries: Mapping[str, Entry]) -> list[Row]:
    """The rows of the table."""
    return [asdict(entry) | {"device": entry.device} for entry in entries.values()]
