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

import pytest

PROGRAM = [sys.executable, "-m", "axonloop.host.cli.app", "train", "digits", "--device", "golden"]
SETTINGS = {"epochs": 2, "limit": 40, "ticks": 24, "burn_in": 6, "event_rate": 0.02}
SAME = ("test_accuracy", "weight_hash", "trace_hash", "spike_hash", "history", "counters")


@pytest.fixture(autouse=True, scope="module")
def interruptible() -> Iterator[None]:
    """Children take SIGINT, even where the tests run in a shell's background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def start(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*PROGRAM, "--out", str(folder), *more], stderr=subprocess.PIPE)


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


@pytest.mark.parametrize("seed", [0, 1])
def test_kill_and_resume(tmp_path: Path, whole: tuple[Path, dict[str, Any]], seed: int) -> None:
    config, expected = whole
    folder = tmp_path / "run"
    process = start(folder, "--config", str(config))
    while not (folder / "checkpoint.npz").exists():
        assert process.poll() is None
        time.sleep(0.005)
    time.sleep(random.Random(seed).uniform(0, 0.8))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (folder / "metrics.json").exists()
    finish(start(folder, "--resume"))
    assert metrics(folder) == expected


def test_interrupt_leaves_a_checkpoint(tmp_path: Path, whole: tuple[Path, dict[str, Any]]) -> None:
    config, expected = whole
    folder = tmp_path / "run"
    process = start(folder, "--config", str(config))
    while not (folder / "checkpoint.npz").exists():
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.decode().splitlines()[-1].startswith("error: stopped; a run goes on")
    assert "Traceback" not in errors.decode()
    finish(start(folder, "--resume"))
    assert metrics(folder) == expected
