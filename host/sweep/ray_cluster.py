"""Jobs of a sweep on Ray: in processes of this machine, or on a cluster that is named."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Sequence
from typing import Any

from axonloop.host.sweep.extra import extra
from axonloop.host.sweep.farm import BOARD
from axonloop.host.sweep.jobs import Ending, Job, JobOutcome, run_job
from axonloop.models.checks import require

STORE = 80 * 2**20
"""Bytes of Ray's object store: jobs and outcomes are small, results are files."""
ALONE = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Everything listens on the loopback interface alone, for Ray runs what it is sent.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Ray's environment where it runs on this machine only; what is set already stays."""
MODE, TOKEN = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"
"""By these Ray knows its own: a token of this process alone, which is written to no file."""


class RayCluster:
    """An executor on Ray.

    Without an `address` it starts `jobs` workers here, which end with this process, and `boards`
    are resources of this machine. With one it joins that cluster, whose resources named serial:PORT
    are boards; those of `boards` which are none must be URLs, which any node reaches. A job has a
    CPU of its own, on a GPU device a GPU too; one on a board has that resource instead. Raises
    ValueError without the extra, and RuntimeError where no cluster answers.
    """

    def __init__(self, jobs: int, address: str | None = None, boards: Sequence[str] = ()) -> None:
        if address is None:
            _set_environment()
        self._ray = ray = extra("ray")
        own = {} if address else _local(jobs, boards)
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **own)
        except ConnectionError as error:
            told = f"cluster of Ray must be reachable at {address}, not fail: {error}"
            raise RuntimeError(told) from error
        self._resources = set(ray.cluster_resources())
        found = sorted(name for name in self._resources if name.startswith(BOARD))
        self.boards: Sequence[str] = list(dict.fromkeys([*boards, *found]))
        for board in self.boards:
            reached = board in self._resources or "://" in board
            told = f"a resource of a node (ray start --resources='{{\"{board}\": 1}}'), or a URL"
            require(reached, "board of a cluster", told, board)
        self._under_way: dict[Any, Job] = {}
        # Ray itself would begin a lost job anew at once; the sweep does, and counts.
        self._task = ray.remote(max_retries=0)(run_job)

    def submit(self, job: Job) -> None:
        """Begin a job, or let it wait at Ray until there is room."""
        more: dict[str, Any] = {"num_cpus": 1, "scheduling_strategy": "SPREAD"}
        if job.board:
            own = {job.board: 1} if job.board in self._resources else {}
            more = {"num_cpus": 0, "resources": own}
        if job.device.endswith(":cuda"):
            more["num_gpus"] = 1
        self._under_way[self._task.options(**more).remote(job)] = job

    def wait(self) -> JobOutcome:
        """The next outcome; a job whose process or node died is LOST."""
        (done, *_), _ = self._ray.wait(list(self._under_way), num_returns=1)
        job = self._under_way.pop(done)
        try:
            outcome: JobOutcome = self._ray.get(done)
        except self._ray.exceptions.RayError as error:
            there = job.board not in self._resources or job.board in self._ray.cluster_resources()
            ending = Ending.LOST if there else Ending.BOARD_DIED
            return JobOutcome(job, ending, " ".join(str(error).split()))
        return outcome

    def close(self) -> None:
        """End what is under way, and leave the cluster, or end that of this machine."""
        for task in self._under_way:
            self._ray.cancel(task, force=True)
        self._ray.shutdown()


def _set_environment() -> None:
    """Set what Ray reads when it is imported, and what its processes inherit."""
    for name, value in ALONE.items():
        os.environ.setdefault(name, value)
    if MODE not in os.environ:
        os.environ |= {MODE: "token", TOKEN: secrets.token_hex(32)}


def _local(jobs: int, boards: Sequence[str]) -> dict[str, Any]:
    return {
        "num_cpus": jobs,
        "resources": dict.fromkeys(boards, 1),
        "object_store_memory": STORE,
        "include_dashboard": False,
        "_node_ip_address": "127.0.0.1",
    }
