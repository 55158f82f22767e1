"""Tests run in a fresh process, forked from one that has imported the large libraries."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

PRELOADED = ["pytest", "numpy", "torch", "amaranth.hdl", "amaranth.sim", "matplotlib", "pydantic"]
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(PRELOADED)


WALL = 20
"""A process that sleeps or shares its processor may take so much longer than it computes."""


@dataclass(frozen=True)
class Verdict:
    """How tests ended: pytest's exit status, and the first test that failed.

    The status is negative after a signal, SIGPROF or SIGXCPU at a limit of time; None where it
    slept till no time was left.
    """

    status: int | None
    failed: str


@dataclass(frozen=True)
class Order:
    """Tests to run: where, with which arguments and environment, and for how long.

    `seconds` of the processor's time is what one test may take, `all_seconds` all of them; `WALL`
    times as many may pass. `lines` is the file for what each test runs, if that is asked for.
    """

    checkout: Path
    arguments: Sequence[str]
    environment: dict[str, str]
    seconds: float
    all_seconds: float
    lines: Path | None = None


_running: set[int] = set()
_stopped = Event()


def stop() -> None:
    """End all tests that run now; none are run after that."""
    _stopped.set()
    for process in tuple(_running):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)


def run_tests(order: Order, log: Path) -> Verdict:
    """Run tests of a checkout; what they print goes to `log`.

    Raises InterruptedError after `stop`.
    """
    failed = log.with_suffix(".failed")
    failed.unlink(missing_ok=True)
    process = _context.Process(target=_child, args=(order, log, failed))
    process.start()
    assert process.pid is not None
    _running.add(process.pid)
    try:
        process.join(WALL * order.all_seconds)
        status = process.exitcode
    finally:
        _running.discard(process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
    if _stopped.is_set():
        raise InterruptedError("tests were stopped")
    return Verdict(status, failed.read_text() if failed.exists() else "")


def _child(order: Order, log: Path, failed: Path) -> None:
    os.setsid()
    limit = int(order.all_seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(order.environment)
    sys.dont_write_bytecode = False  # the copy compiles once; a mutant has a time of its own
    os.chdir(order.checkout)
    sys.path[:0] = [str(order.checkout), order.environment["PYTHONPATH"]]
    assert "axonloop" not in sys.modules, "the package of another checkout was imported"
    sys.modules.pop("sitecustomize", None)
    import pytest
    import sitecustomize  # noqa: F401  # the package of this checkout

    from tests.mutation.recorder import FirstFailure, Recorder, TimeLimit

    plugins: list[object] = [FirstFailure(failed), TimeLimit(order.seconds)]
    if order.lines is not None:
        plugins.append(Recorder(order.checkout, order.lines))
    status = pytest.main(list(order.arguments), plugins=plugins)
    sys.stdout.flush()
    os._exit(int(status))
