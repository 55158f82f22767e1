"""Mutants that no test can tell from the program, listed by hand, each with its reason."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutants import Mutant

LIST = Path(__file__).parent / "equivalents.toml"


@dataclass(frozen=True)
class Equivalent:
    """A mutant of a file by the line that it changes, stripped, and the change; and the reason."""

    file: str
    line: str
    change: str
    reason: str

    def is_of(self, mutant: Mutant) -> bool:
        """Say whether a mutant is the one that is meant."""
        return (self.file, self.line, self.change) == (mutant.file, mutant.text, mutant.change)


def read_equivalents(path: Path = LIST) -> list[Equivalent]:
    """The list, in its order."""
    found = tomllib.loads(path.read_text()).get("equivalent", [])
    return [Equivalent(**entry) for entry in found]


def stale(
    listed: Iterable[Equivalent], mutants: Mapping[str, Sequence[Mutant]]
) -> list[Equivalent]:
    """Those listed that no mutant of today's sources is, or that give no reason."""
    return [
        entry
        for entry in listed
        if not entry.reason.strip()
        or not any(entry.is_of(mutant) for mutant in mutants.get(entry.file, ()))
    ]
