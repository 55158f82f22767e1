"""Sweeps in a queue, through submitit: processes of this machine stand in for a SLURM cluster."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from axonloop.host.sweep import Ending, InProcess, Job, SubmititCluster, run_sweep
from tests.support.sweeps.small import done, killed_when, table, written

pytest.importorskip("submitit", reason="the extra sweep is not installed")
TRIALS = """
[sweep]
seeds = [1, 2]
share = 1
[sweep.grid]
objective.threshold = [2.0, 4.0]
"""
CODE = """
import sys
from pathlib import Path
from axonloop.host.sweep import run_sweep
from axonloop.host.sweep import submitit_cluster as queue
queue.POLL = 0.05
file, out = map(Path, sys.argv[1:])
run_sweep(file, out, lambda boards: queue.SubmititCluster(out, queue.LOCAL, boards))
"""


def started(file: Path, out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CODE, str(file), str(out)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_sweep_killed_in_the_queue_goes_on_to_the_same_table(tmp_path: Path) -> None:
    file = written(tmp_path / "sweep.toml", TRIALS)
    whole, out = tmp_path / "whole", tmp_path / "queued"
    run_sweep(file, whole, InProcess)
    killed_when(started(file, out), lambda: done(out) > 0)
    assert done(out) < 6
    left = json.loads((out / "submitit" / "queued.json").read_text())["jobs"]
    process = started(file, out)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    assert left
    assert table(out) == table(whole)
    assert len(table(out)) == 6


class Queue:
    """A queue whose jobs end as they are told; it knows what was cancelled."""

    cancelled: list[str]

    def __init__(self, folder: Path, cluster: str) -> None:
        self.parameters: list[dict[str, Any]] = []
        self.count = 0
        Queue.cancelled = []

    def update_parameters(self, **parameters: Any) -> None:
        self.parameters.append(parameters)

    def submit(self, work: Any, job: Job) -> Any:
        self.count += 1
        return Queued(Path(), f"job {self.count}")


class Queued:
    """A job that ends without a result."""

    def __init__(self, folder: Path, job_id: str) -> None:
        self.job_id = job_id

    def cancel(self, check: bool) -> None:
        Queue.cancelled.append(self.job_id)

    def done(self) -> bool:
        return True

    def result(self) -> None:
        raise RuntimeError("job has not\nproduced any output")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("submitit.AutoExecutor", Queue)
    monkeypatch.setattr("submitit.SlurmJob", Queued)


class Named:
    """As much of a trial as a queue looks at."""

    def __init__(self, device: str) -> None:
        self.device = device


def job(device: str) -> Job:
    return Job((Named(device),), Path())  # type: ignore[arg-type]


def test_what_a_killed_sweep_left_is_cancelled(fake: None, tmp_path: Path) -> None:
    killed = SubmititCluster(tmp_path)
    killed.submit(job("golden"))
    killed.submit(job("golden"))
    assert killed.wait().job.device == "golden"
    SubmititCluster(tmp_path)
    assert Queue.cancelled == ["job 2"]
    SubmititCluster(tmp_path)
    assert Queue.cancelled == []


def test_a_job_without_a_result_is_lost_and_the_rest_is_cancelled(
    fake: None, tmp_path: Path
) -> None:
    cluster = SubmititCluster(tmp_path)
    cluster.submit(job("batched:cuda"))
    cluster.submit(job("golden"))
    gpus = [each["gpus_per_node"] for each in cluster._executor.parameters]
    assert gpus == [1, 0]
    outcome = cluster.wait()
    assert (outcome.ending, outcome.error) == (Ending.LOST, "job has not produced any output")
    cluster.close()
    assert Queue.cancelled == ["job 2"]


def test_boards_are_reached_from_any_node(fake: None, tmp_path: Path) -> None:
    SubmititCluster(tmp_path, boards=["serial:rfc2217://lab:2217"])
    with pytest.raises(ValueError, match="^board of a cluster must be a URL, which any node reach"):
        SubmititCluster(tmp_path, boards=["serial:/dev/ttyUSB0"])


def test_the_command_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "sweep.toml", TRIALS)
    monkeypatch.setitem(sys.modules, "submitit", None)
    arguments = ("sweep", str(file), "--out", str(tmp_path / "out"), "--address", "slurm")
    from axonloop.host.cli.app import FAILURE, run

    assert run([*arguments]) == 2
    assert "submitit must be installed for sweeps; pip install" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run([*arguments]) == FAILURE
    assert "slurm" in capsys.readouterr().err.splitlines()[-1]
