"""What the catalogue says of an experiment, a study or a bench."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

POPULATION = "population"
"""The device name of `axonloop.host.training`, which takes torch to import."""


@dataclass(frozen=True)
class Entry:
    """An experiment, a study or a bench; nothing is imported for it before it runs.

    Its module, named from `axonloop.host` on, has

    * `measure(order, progress)`, which returns metrics with "rows", a list of JSON-ready rows;
    * `TABLES`, where it prints other columns than its kind, by the key of their rows;
    * `draw(metrics)`, which returns the picture (a bench may do without);
    * `page_of(metrics)`, if a page of Markdown is written too.

    `source` is a paper, or the page that tells more; `time` is about what it takes with all its
    sizes and seeds. `options` are the fields of `Order` that it takes, with what they are by
    default. One that `resumes` goes on where it was stopped.
    """

    kind: str
    name: str
    module: str
    what: str
    source: str
    time: str
    options: Mapping[str, Any] = field(default_factory=dict)
    resumes: bool = False

    @property
    def keeps(self) -> bool:
        """Does it write into a folder without being asked to?"""
        return self.kind != "bench"

    @property
    def device(self) -> str | None:
        """The device by default; None where none can be chosen."""
        return self.options.get("device")

    def load(self) -> Any:
        """Its module."""
        return import_module(f"axonloop.host.{self.module}")


def by_name(*entries: Entry) -> dict[str, Entry]:
    """The entries by their names."""
    return {entry.name: entry for entry in entries}
