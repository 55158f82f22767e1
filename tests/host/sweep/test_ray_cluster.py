"""Jobs on Ray, with a stand-in that writes down what it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from axonloop.host.sweep import Ending, Job, JobOutcome, ray_cluster
from axonloop.host.sweep.ray_cluster import RayCluster

BOARD, URL = "serial:/dev/ttyUSB0", "serial:socket://bench:4000"


def job_on(device: str) -> Job:
    """A trial of which no more is asked than its device."""
    trial: Any = SimpleNamespace(name="a", device=device)
    return Job((trial,), Path("sweep"))


JOB = job_on("golden")


class RayError(Exception):
    """As Ray's: the process or the node of a job died."""


class Ray:
    """Runs nothing; a job is done when it is asked for, or `lost`."""

    exceptions = SimpleNamespace(RayError=RayError)

    def __init__(self, resources: Sequence[str] = ()) -> None:
        self.resources: dict[str, float] = {"CPU": 4.0, **dict.fromkeys(resources, 1.0)}
        self.asked: list[dict[str, Any]] = []
        self.began: dict[str, Any] = {}
        self.jobs: dict[int, Any] = {}
        self.lost: set[int] = set()
        self.cancelled: list[int] = []
        self.down = False

    def init(self, address: str | None, **more: Any) -> None:
        self.began = {"address": address, **more}

    def cluster_resources(self) -> dict[str, float]:
        return self.resources

    def remote(self, max_retries: int) -> Callable[[Any], Any]:
        assert max_retries == 0, "the sweep itself begins a lost job anew"
        return lambda work: SimpleNamespace(options=lambda **more: self._task(work, more))

    def _task(self, work: Any, more: dict[str, Any]) -> Any:
        def remote(job: Job) -> int:
            self.asked.append(more)
            self.jobs[len(self.asked)] = (work, job)
            return len(self.asked)

        return SimpleNamespace(remote=remote)

    def wait(self, tasks: list[int], num_returns: int) -> tuple[list[int], list[int]]:
        assert num_returns == 1
        return tasks[-1:], tasks[:-1]

    def get(self, task: int) -> Any:
        if task in self.lost:
            raise RayError("the node\n  died")
        work, job = self.jobs[task]
        return work(job)

    def cancel(self, task: int, force: bool) -> None:
        assert force
        self.cancelled.append(task)

    def shutdown(self) -> None:
        self.down = True


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Ray:
    found = Ray([BOARD])
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(ray_cluster, "extra", lambda name: found)
    monkeypatch.setattr(ray_cluster, "run_job", lambda job: JobOutcome(job, Ending.DONE))
    return found


def test_workers_here_listen_to_this_process_alone(ray: Ray) -> None:
    cluster = RayCluster(3, boards=(BOARD,))
    assert cluster.boards == [BOARD]
    assert ray.began["address"] is None
    assert (ray.began["num_cpus"], ray.began["resources"]) == (3, {BOARD: 1})
    assert ray.began["_node_ip_address"] == "127.0.0.1"
    assert not ray.began["include_dashboard"]
    assert os.environ["RAY_AUTH_MODE"] == "token"
    assert len(os.environ["RAY_AUTH_TOKEN"]) == 64


def test_a_job_takes_a_processor_or_its_board(ray: Ray) -> None:
    """A board that is a URL is reached from any node."""
    cluster = RayCluster(1, "auto", (URL,))
    assert cluster.boards == [URL, BOARD]
    jobs = [
        JOB,
        job_on("batched:cuda"),
        *(JOB.on(board) for board in (BOARD, URL)),
    ]
    for job in jobs:
        cluster.submit(job)
    assert ray.asked == [
        {"num_cpus": 1, "scheduling_strategy": "SPREAD"},
        {"num_cpus": 1, "scheduling_strategy": "SPREAD", "num_gpus": 1},
        {"num_cpus": 0, "resources": {BOARD: 1}},
        {"num_cpus": 0, "resources": {}},
    ]
    assert [cluster.wait() for _ in jobs] == [JobOutcome(job, Ending.DONE) for job in jobs[::-1]]


def test_a_lost_job_is_told_from_a_lost_board(ray: Ray) -> None:
    cluster = RayCluster(1, "auto")
    for job in (JOB, JOB.on(BOARD)):
        cluster.submit(job)
    ray.lost = {1, 2}
    ray.resources = {"CPU": 4.0}
    outcomes = [cluster.wait(), cluster.wait()]
    assert [each.ending for each in outcomes] == [Ending.BOARD_DIED, Ending.LOST]
    assert {each.error for each in outcomes} == {"the node died"}


def test_what_is_under_way_is_ended(ray: Ray) -> None:
    cluster = RayCluster(1)
    for _ in range(3):
        cluster.submit(JOB)
    cluster.wait()
    cluster.close()
    assert (ray.cancelled, ray.down) == ([1, 2], True)


def test_a_board_that_no_node_has_is_refused(ray: Ray) -> None:
    with pytest.raises(ValueError, match="^board of a cluster must be a resource of a node"):
        RayCluster(1, "auto", ("serial:/dev/ttyUSB7",))
