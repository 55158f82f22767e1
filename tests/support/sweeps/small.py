"""Sweeps as tests have them: small ones, their tables, and the command in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROGRAM = [sys.executable, "-m", "axonloop.host.cli.app", "sweep"]
SMALL = """
[network]
layers = [16]
lanes = 4
[task]
limit = 12
ticks = 12
[objective]
burn_in = 3
[run]
epochs = 1
"""
"""A network and a task that train in a moment."""
VARYING = ("seconds", "error")
"""Columns that may differ when a sweep is repeated."""


def written(path: Path, text: str, small: str = SMALL) -> Path:
    """A configuration file with a small network and the sweep in `text`."""
    path.write_text(small + text)
    return path


def whole_table(folder: Path) -> list[dict[str, Any]]:
    """The table of a sweep."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra sweep is not installed")
    rows: list[dict[str, Any]] = parquet.read_table(folder / "table.parquet").to_pylist()
    return rows


def table(folder: Path) -> list[dict[str, Any]]:
    """The table of a sweep without what may vary."""
    return [{k: v for k, v in row.items() if k not in VARYING} for row in whole_table(folder)]


def started(file: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    """The command `axonloop sweep` as a process."""
    arguments = [*PROGRAM, str(file), "--out", str(out), *more]
    return subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)


def done(folder: Path) -> int:
    """How many trials have ended."""
    return len(list(folder.glob("trials/*/metrics.json")))


def killed_when(process: subprocess.Popen[str], ready: Callable[[], bool]) -> None:
    """Kill a process with SIGKILL once `ready` says so; it must not have ended by itself."""
    end = time.monotonic() + 300
    while not ready():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


def finished(process: subprocess.Popen[str]) -> list[str]:
    """Wait for a process to end well: the lines that it said on stderr."""
    _, errors = process.communicate(timeout=1800)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    return errors.splitlines()
