"""A run that is killed at a random moment and taken up again ends like one that was not."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

PROGRAM = """
import os, sys
from axonloop.host.cli.app import main
from axonloop.host.devices import GoldenDevice
from axonloop.host.runs import run

def signalled(function):
    def call(*arguments):
        global calls
        calls -= 1
        if not calls:
            os.kill(os.getpid(), number)
        return function(*arguments)
    return call

where, calls, number = sys.argv[1], *map(int, sys.argv[2:4])
del sys.argv[1:4]
run.CHECKPOINT_SECONDS = 0.0
run.Run._draw = lambda *_: None  # no one looks at the pictures of their ends
if where == "flush":
    os.fsync = signalled(os.fsync)
else:
    GoldenDevice.send_tick = signalled(GoldenDevice.send_tick)
main()
"""
"""The command line in a process that signals itself at a given tick, or at a given time that a
file is flushed; checkpoints are written after every sample."""
SETTINGS = {"epochs": 2, "limit": 40, "ticks": 24, "burn_in": 6, "event_rate": 0.02}
TICKS = 2 * 40 * 24
FLUSHES = 2 * (2 + 2 * 40 + 2 * 2)
"""Settings, a first checkpoint, one after each sample, history and curve after each epoch: a file
and its folder."""
SAME = ("test_accuracy", "weight_hash", "trace_hash", "spike_hash", "history", "counters")
NEVER = ("tick", 0, signal.SIGKILL)
Moment = tuple[str, int, signal.Signals]


@pytest.fixture(autouse=True, scope="module")
def interruptible() -> Iterator[None]:
    """Children take SIGINT, even where the tests run in a shell's background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def start(
    folder: Path, *more: str, moment: Moment = NEVER, target: str = "digits"
) -> subprocess.Popen[bytes]:
    where, calls, number = moment
    program = [sys.executable, "-c", PROGRAM, where, str(calls), str(int(number))]
    arguments = ["train", target, "--device", "golden", "--out", str(folder), *more]
    return subprocess.Popen([*program, *arguments], stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()


def metrics(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "metrics.json").read_text())
    return {name: found[name] for name in SAME}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("whole")
    config = folder / "settings.json"
    config.write_text(json.dumps(SETTINGS))
    finish(start(folder / "run", "--config", str(config)))
    return config, metrics(folder / "run")


def moment(where: str, seed: int) -> Moment:
    """A random moment of a run at which it is killed."""
    calls = {"tick": TICKS, "flush": FLUSHES}[where]
    return where, random.Random(seed).randint(1, calls), signal.SIGKILL


@pytest.mark.parametrize(
    ("where", "seed"),
    [
        ("tick", 0),
        pytest.param("tick", 1, marks=pytest.mark.slow),
        pytest.param("flush", 2, marks=pytest.mark.slow),
    ],
)
def test_kill_and_resume(
    tmp_path: Path, whole: tuple[Path, dict[str, Any]], where: str, seed: int
) -> None:
    """Between two samples, within one, and while a checkpoint is written."""
    config, expected = whole
    folder = tmp_path / "run"
    process = start(folder, "--config", str(config), moment=moment(where, seed))
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert not (folder / "metrics.json").exists()
    finish(start(folder, "--resume"))
    assert metrics(folder) == expected


@pytest.mark.slow
@pytest.mark.parametrize(("where", "calls"), [("tick", 500), ("flush", 61)])
def test_kill_and_resume_on_own_data(tmp_path: Path, where: str, calls: int) -> None:
    """Of a chunked file, as `train FILE` reads it."""
    drawn = np.random.default_rng(1)
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file.create_dataset("inputs", data=drawn.random((40, 9)), chunks=(4, 9))
        file["targets"] = drawn.integers(0, 2, 40)
    mine = tmp_path / "mine.json"
    data = {"path": "set.h5", "ticks": 16, "memory": 1}
    settings = {"network": {"layers": [16]}, "objective": {"burn_in": 4}, "run": {"epochs": 2}}
    mine.write_text(json.dumps(settings | {"data": data}))
    finish(start(tmp_path / "whole", target=str(mine)))
    killed = start(tmp_path / "run", target=str(mine), moment=(where, calls, signal.SIGKILL))
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    finish(start(tmp_path / "run", "--resume", target=str(mine)))
    assert metrics(tmp_path / "run") == metrics(tmp_path / "whole")


@pytest.mark.slow
def test_interrupt_leaves_a_checkpoint(tmp_path: Path, whole: tuple[Path, dict[str, Any]]) -> None:
    config, expected = whole
    folder = tmp_path / "run"
    process = start(folder, "--config", str(config), moment=("tick", TICKS // 2, signal.SIGINT))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.decode().splitlines()[-1].startswith("error: stopped; a run goes on")
    assert "Traceback" not in errors.decode()
    finish(start(folder, "--resume"))
    assert metrics(folder) == expected


@pytest.mark.slow
def test_a_second_process_is_refused_and_the_first_goes_on(
    tmp_path: Path, whole: tuple[Path, dict[str, Any]]
) -> None:
    """Two processes that went on with one run wrote its checkpoint in turns, each its own."""
    config, expected = whole
    folder = tmp_path / "run"
    first = start(folder, "--config", str(config), moment=("tick", TICKS // 2, signal.SIGSTOP))
    while state_of(first) != "T":
        assert first.poll() is None
        time.sleep(0.01)
    second = start(folder, "--resume")
    _, errors = second.communicate(timeout=60)
    assert second.returncode == 2
    refusal = errors.decode().splitlines()[-1]
    assert refusal.startswith(f"error: run folder must be free, not in use by process {first.pid} ")
    first.send_signal(signal.SIGCONT)
    finish(first)
    assert metrics(folder) == expected


def state_of(process: subprocess.Popen[bytes]) -> str:
    """The state of a process as the system names it; T: stopped."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
