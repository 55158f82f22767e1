"""Which tests run a mutant's line, quickest first: recorded once, test file by test file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutation.checkout import environment_of
from tests.mutation.mutants import Mutant
from tests.mutation.recorder import IMPORTING, digest
from tests.mutation.worker import Order, run_tests

RECORDED_SECONDS = 1800
COMPILES = "sim/cosim/chip_library.py"
"""What a test runs that asks for a compiled chip."""
QUICK = ("-q", "-x", "-m", "not slow", "-p", "no:cacheprovider")
"""Arguments by which pytest runs what `make test` does, to the first failure."""


@dataclass(frozen=True)
class Test:
    """A test, the seconds that it takes, and whether a chip is compiled for it."""

    name: str
    seconds: float
    compiles: bool = False

    @property
    def file(self) -> str:
        return self.name.partition("::")[0]


def test_files(checkout: Path) -> list[str]:
    """All test files of a checkout but those of the mutants themselves and of the proofs."""
    files = sorted((checkout / "tests").rglob("test_*.py"))
    names = (path.relative_to(checkout).as_posix() for path in files)
    return [name for name in names if not name.startswith(("tests/mutation", "tests/formal"))]


def recording(checkout: Path, test_file: str, folder: Path) -> Path:
    """Where the lines of a test file's tests are kept: another place when its text changes."""
    return folder / f"{test_file.replace('/', '.')}-{digest(checkout / test_file)}.json"


def record(checkout: Path, test_file: str, folder: Path, number: int) -> bool:
    """Record what the tests of a file run; `number` is that of the worker.

    False if pytest did not come to an end, and nothing is recorded.
    """
    target = recording(checkout, test_file, folder)
    new = target.with_suffix(".new")
    arguments = [argument for argument in QUICK if argument != "-x"]
    order = Order(
        checkout,
        [*arguments, test_file],
        environment_of(checkout),
        RECORDED_SECONDS,
        RECORDED_SECONDS,
        new,
    )
    verdict = run_tests(order, folder / f"pytest-{number}.log")
    ended = verdict.status in (0, 1, 5)
    if ended:
        new.rename(target)
    return ended


UNRECORDED_SECONDS = 30.0
"""What a test file of which nothing is recorded is thought to take."""


class Reach:
    """The tests that run a line of one of the `files` of a checkout, by what was recorded.

    Of a file that has changed since, it is known only which tests run any of it. Test files of
    which nothing is recorded are shown whole to the mutants beside them.
    """

    def __init__(
        self,
        checkout: Path,
        recordings: Iterable[Path],
        files: Iterable[str],
        unrecorded: Iterable[str] = (),
    ) -> None:
        self._unrecorded = [Test(file, UNRECORDED_SECONDS) for file in unrecorded]
        self._digests = {file: digest(checkout / file) for file in files}
        self._by_line: dict[str, dict[int, list[Test]]] = {file: {} for file in self._digests}
        self._by_file: dict[str, list[Test]] = {file: [] for file in self._digests}
        self._by_import: dict[str, list[Test]] = {file: [] for file in self._digests}
        for path in recordings:
            self._read(json.loads(path.read_text()))

    def _read(self, recorded: dict[str, Any]) -> None:
        sources, found = recorded["sources"], recorded["tests"]
        tests = {
            name: Test(name, each["seconds"], COMPILES in each["lines"])
            for name, each in found.items()
            if name != IMPORTING
        }
        for file in self._digests.keys() & sources:
            self._by_import[file] += tests.values()
            same = sources[file] == self._digests[file]
            for name, test in tests.items():
                lines = found[name]["lines"].get(file, ())
                if lines and not same:
                    self._by_file[file].append(test)
                for line in lines if same else ():
                    self._by_line[file].setdefault(line, []).append(test)

    def tests_of(self, mutant: Mutant) -> list[Test]:
        """The tests that may notice a mutant: those beside it first, then the quickest.

        For a line that runs while its module is imported they are all in whose file it was.
        """
        beside = f"tests/{mutant.file.rpartition('/')[0]}/"
        if mutant.inside:
            by_line = self._by_line[mutant.file]
            found = {*by_line.get(mutant.line, ()), *by_line.get(mutant.statement, ())}
            found |= {*self._by_file[mutant.file]}
        else:
            found = set(self._by_import[mutant.file])
        found |= {test for test in self._unrecorded if test.name.startswith(beside)}
        return sorted(
            found, key=lambda test: (not test.name.startswith(beside), test.seconds, test.name)
        )
