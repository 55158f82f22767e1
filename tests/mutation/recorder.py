"""What pytest is watched for: which lines each test runs, how long it takes, which fails first."""

from __future__ import annotations

import hashlib
import json
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = ("hdl", "host", "models", "sim/cosim")
IMPORTING = ""
"""The name under which stands what runs while a test file is imported."""


def digest(path: Path) -> str:
    """A hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


class FirstFailure:
    """Writes the name of the first test that fails, or file that cannot be imported."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.failed and not self._path.exists():
            self._path.write_text(report.nodeid)


class TimeLimit:
    """Ends the process, by SIGPROF, when a test takes more seconds of the processor's time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Iterator[None]:
        signal.setitimer(signal.ITIMER_PROF, self._seconds)
        yield
        signal.setitimer(signal.ITIMER_PROF, 0)


class Recorder:
    """Writes, as JSON, the seconds and the lines of each test that passes, by source file.

    Beside them stands what these files were like.
    """

    def __init__(self, root: Path, path: Path) -> None:
        from coverage import Coverage

        self._root, self._path = root, path
        self._seconds: dict[str, float] = {}
        self._failed: set[str] = set()
        self._coverage = Coverage(
            data_file=None, branch=False, include=[f"{root / source}/*" for source in SOURCES]
        )
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        begin = time.process_time()
        yield
        self._seconds[item.nodeid] = time.process_time() - begin
        self._coverage.switch_context(IMPORTING)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        ran: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for file in data.measured_files():
            name = Path(file).relative_to(self._root).as_posix()
            for line, tests in data.contexts_by_lineno(file).items():
                for test in tests:
                    ran[test][name].append(line)
        tests = {
            test: {"seconds": round(self._seconds.get(test, 0.0), 3), "lines": ran[test]}
            for test in (IMPORTING, *self._seconds)
            if test not in self._failed
        }
        files = {file for lines in ran.values() for file in lines}
        sources = {file: digest(self._root / file) for file in sorted(files)}
        self._path.write_text(json.dumps({"sources": sources, "tests": tests}))
