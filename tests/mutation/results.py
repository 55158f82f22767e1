"""Results on disk, a line of JSON each, so that a run that was interrupted goes on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock

from tests.mutation.mutants import Mutant


@dataclass(frozen=True)
class Result:
    """What became of a mutant: `killed` by a test, by its `time`, or `survived` so many tests.

    `digest` is that of the file that it changed.
    """

    key: str
    digest: str
    outcome: str
    by: str
    tests: int
    seconds: float


class Results:
    """The last result of each mutant, in a file to which each is added at once."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, Lock()
        self._found: dict[tuple[str, str], Result] = {}
        self._killers: dict[tuple[str, str], str] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                self._keep(Result(**json.loads(line)))

    def add(self, result: Result) -> None:
        with self._lock, self._path.open("a") as file:
            file.write(json.dumps(asdict(result)) + "\n")
            self._keep(result)

    def _keep(self, result: Result) -> None:
        self._found[result.key, result.digest] = result
        if result.by:
            file, _, change = result.key.split(":", 2)
            self._killers[file, change] = result.by

    def of(self, mutant: Mutant, digest: str) -> Result | None:
        """The result of a mutant, if it was tried on the file with that digest."""
        return self._found.get((mutant.key, digest))

    def killer(self, mutant: Mutant) -> str:
        """The test that killed such a mutant last, whatever its file was like; else nothing."""
        return self._killers.get((mutant.file, f" {mutant.kind}: {mutant.change}"), "")
