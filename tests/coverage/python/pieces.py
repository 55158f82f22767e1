"""The quick tests under coverage.py, folder by folder: what was measured is kept."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from axonloop.sim.build import content_key

FLOORS = ("models", "hdl", "sim", "host")
SETTINGS = Path(__file__).with_name("coveragerc")
KEPT = Path("build/coverage/python")
NO_TESTS = 5
"""What pytest ends with where all tests of a piece are slow."""
PYTEST = ("-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider")
WITHOUT = (
    "tests/host/cli/test_cli.py::test_full_disk",
    "tests/host/devices/test_recording.py::test_a_full_disk",
)
"""Tests that no piece runs: these let no file grow, those of coverage.py neither."""


def pieces() -> dict[str, list[Path]]:
    """The test files by piece: those of a floor, of `host` those of a room, or of what else."""
    found = defaultdict(list)
    for path in sorted(Path("tests").rglob("test_*.py")):
        folders = path.parts[:-1]
        found["/".join(folders[: 3 if folders[1:2] == ("host",) else 2])].append(path)
    return dict(found)


def sources() -> str:
    """A hash of all that is measured."""
    return content_key(*_contents(path for floor in FLOORS for path in _files(Path(floor))))


def known(piece: str, tests: list[Path], of: str) -> Path | None:
    """The data of a piece, if it was measured; `of` is the hash of what is."""
    path = _target(piece, tests, of)
    return path if path.exists() else None


def measure(piece: str, tests: list[Path], of: str) -> Path | None:
    """Run the tests of a piece, if that was not done; the data, or None where one fails."""
    target = _target(piece, tests, of)
    if target.exists():
        return target
    print(f"{piece} ...", file=sys.stderr, flush=True)
    return _measured(piece, target, tests)


def measure_all(workers: int) -> Path | None:
    """Run the tests of all pieces at once, so many at a time; the data, or None where one fails.

    They replace those of the last time, and no piece of them is known later.
    """
    print(f"all tests, {workers} at a time ...", file=sys.stderr, flush=True)
    return _measured("all tests", KEPT / "all", ["-n", str(workers)])


def _measured(what: str, target: Path, arguments: Sequence[Path | str]) -> Path | None:
    """Keep in `target` what pytest runs with these arguments; None where a test fails."""
    folder = KEPT / f"{target.name}.new"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "coverage", "run", f"--rcfile={SETTINGS}", *PYTEST]
    command += [f"--deselect={name}" for name in WITHOUT]
    environment = os.environ | {"COVERAGE_FILE": str(folder.absolute() / "data")}
    log = folder / "log"
    with log.open("w") as out:
        status = subprocess.run(
            [*command, *map(str, arguments)], env=environment, stdout=out, stderr=out, check=False
        ).returncode
    if status not in (0, NO_TESTS):
        print(f"{what}: pytest ends with {status}, see {log}", file=sys.stderr)
        return None
    whole = folder / "whole"
    _join(folder.glob("data*"), whole)
    whole.rename(target)
    shutil.rmtree(folder)
    return target


def _target(piece: str, tests: list[Path], of: str) -> Path:
    """Where the data of a piece are kept: another place when its tests or their helpers change."""
    own = [path for path in _files(Path(piece)) if not path.name.startswith("test_")]
    shared = [*_files(Path("tests/support")), Path("tests/conftest.py"), SETTINGS]
    key = content_key(of, *_contents([*tests, *own, *shared]))
    return KEPT / f"{piece.replace('/', '-')}-{key}"


def report(parts: Iterable[Path]) -> Mapping[str, Any]:
    """The report of coverage.py on all pieces."""
    whole, path = KEPT / "whole", KEPT / "report.json"
    _join(parts, whole)
    _coverage("json", f"--data-file={whole}", "-o", str(path))
    told: Mapping[str, Any] = json.loads(path.read_text())
    return told


def _join(parts: Iterable[Path], target: Path) -> None:
    """Put together what some processes or pieces ran, in the file `target`."""
    target.unlink(missing_ok=True)
    _coverage("combine", "--keep", f"--data-file={target}", *map(str, parts))


def _coverage(command: str, *arguments: str) -> None:
    """Run a command of coverage.py: a process, because pytest calls this folder `coverage`."""
    own = [sys.executable, "-m", "coverage", command, "--quiet", f"--rcfile={SETTINGS}"]
    subprocess.run([*own, *arguments], check=True)


def _files(folder: Path) -> list[Path]:
    names = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in names if "__pycache__" not in path.parts]


def _contents(paths: Iterable[Path]) -> list[str | bytes]:
    return [part for path in dict.fromkeys(paths) for part in (path.as_posix(), path.read_bytes())]
