"""Sweeps on Ray that lose what they run on: the same table as one that lost nothing."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from axonloop.host.runs import CHECKPOINT, load_checkpoint
from axonloop.host.sweep import InProcess, run_sweep
from tests.support.board_process import board_process
from tests.support.sweeps.small import (
    SMALL,
    done,
    finished,
    killed_when,
    started,
    table,
    whole_table,
    written,
)

# Ray reads its environment when it is imported, so it is not imported here.
missing = find_spec("ray") is None
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(missing, reason="the extra sweep is not installed"),
]
TRIALS = """
[sweep]
seeds = [1, 2, 3, 4]
share = 4
[sweep.grid]
network.layers = [[16], [24], [32]]
objective.threshold = [2.0, 4.0]
"""
"""24 trials, in populations of 4."""


@pytest.fixture(scope="module")
def sweep_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("sweep") / "sweep.toml", TRIALS)


@pytest.fixture(scope="module")
def whole(sweep_file: Path) -> Path:
    """The folder of a sweep that nothing happened to, without Ray."""
    run_sweep(sweep_file, sweep_file.parent / "whole", InProcess)
    return sweep_file.parent / "whole"


def same(out: Path, whole: Path) -> bool:
    """Did two sweeps end with the same table, and the same results?"""
    assert len(table(whole)) == 28
    assert {row["status"] for row in table(whole)} == {"done"}
    results = [json.loads((each / "results.json").read_text()) for each in (out, whole)]
    return table(out) == table(whole) and results[0] == results[1]


def test_a_sweep_killed_three_times(sweep_file: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    for least in (0, 8, 16):
        process = started(sweep_file, out, "--jobs", "2")
        killed_when(process, lambda least=least: done(out) > least)  # type: ignore[misc]
        assert done(out) < 28
    finished(started(sweep_file, out, "--jobs", "2"))
    assert same(out, whole)


@contextmanager
def two_nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A cluster of this machine: its address, and the process that kills a node when told."""
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    command, pipe = [sys.executable, "-m", "tests.support.sweeps.ray_nodes"], subprocess.PIPE
    nodes = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert nodes.stdout is not None
    try:
        address = nodes.stdout.readline().strip()
        assert address, nodes.communicate()[1]
        yield address, nodes
    finally:
        nodes.communicate(timeout=120)


def test_a_node_of_two_is_killed(
    sweep_file: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "cluster"
    with two_nodes(monkeypatch) as (address, nodes):
        process = started(sweep_file, out, "--address", address)
        while done(out) <= 8:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.02)
        assert nodes.stdin is not None
        assert nodes.stdout is not None
        nodes.stdin.write("\n")
        nodes.stdin.flush()
        assert nodes.stdout.readline() == "killed\n"
        assert done(out) < 28
        said = finished(process)
    assert any("its process was lost" in line for line in said)
    assert same(out, whole)


FARM = """
[sweep]
devices = ["farm"]
seeds = [1, 2, 3, 4]
"""


def test_a_board_of_four_dies(tmp_path: Path) -> None:
    file = written(tmp_path / "sweep.toml", FARM, SMALL.replace("limit = 12", "limit = 24"))
    whole, out = tmp_path / "whole", tmp_path / "farm"
    run_sweep(file, whole, InProcess, device="golden")
    with ExitStack() as stack:
        boards = [stack.enter_context(board_process(file)) for _ in range(4)]
        named = [word for board in boards for word in ("--board", board.device)]
        process = started(file, out, *named, "--jobs", "2")
        _wait_for_a_checkpoint(out / "trials" / "seed=1", process)
        boards[0].end(signal.SIGKILL)
        said = finished(process)
    dead = boards[0].device
    assert any(line.startswith(f"{dead} is retired: board must stay") for line in said)
    (error,) = [row["error"] for row in whole_table(out) if row["error"]]
    assert error.startswith(f"{dead} retired: board must stay on its port")
    journal = (out / "trials" / "seed=1" / "journal.jsonl").read_text().splitlines()
    begun = [json.loads(line)["done"] for line in journal if '"begin"' in line]
    assert begun[0] == 0
    assert begun[1] > 0
    results = json.loads((out / "results.json").read_text())
    assert [board for board, error in results["boards"].items() if error] == [dead]
    assert len(table(out)) == 8
    assert {row["status"] for row in table(out)} == {"done"}
    device = {"device": "golden"}
    assert [row | device for row in table(out)] == table(whole)


def _wait_for_a_checkpoint(run: Path, process: subprocess.Popen[str]) -> None:
    """Wait until some samples of a run are in its checkpoint."""
    while not ((run / CHECKPOINT).exists() and _samples(run) > 0):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.1)


def _samples(run: Path) -> int:
    position: dict[str, int] = load_checkpoint(run / CHECKPOINT)["position"]
    return position["sample"]
