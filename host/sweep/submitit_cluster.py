"""Jobs of a sweep in the queue of a SLURM cluster, through submitit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from axonloop.host.files import read_json, write_json
from axonloop.host.sweep.extra import extra
from axonloop.host.sweep.jobs import Ending, Job, JobOutcome, run_job
from axonloop.models.checks import require

SLURM, LOCAL = "slurm", "local"
"""The queue of a cluster, and processes of this machine that are used like one."""
FOLDER, QUEUED = "submitit", "queued.json"
"""The folder of a sweep with what submitit writes; and its file with the numbers of our jobs."""
MINUTES = 24 * 60
"""Most minutes of a job; one that takes longer goes on from its checkpoint, in another job."""
POLL = 1.0
"""Seconds between two looks at the jobs."""


class SubmititCluster:
    """An executor on the queue of `cluster`, SLURM or LOCAL, for the sweep in `folder`.

    A job has a CPU of its own, on a GPU device a GPU too. What else the queue is to know, as
    partition, account or time limit, stands in SLURM's own variables, as SBATCH_PARTITION. `boards`
    must be URLs, which any node reaches. Jobs that a killed sweep left in the queue are cancelled.
    Raises ValueError without the extra, RuntimeError where there is no SLURM.
    """

    def __init__(self, folder: Path, cluster: str = SLURM, boards: Sequence[str] = ()) -> None:
        self._submitit = extra("submitit")
        for board in boards:
            require("://" in board, "board of a cluster", "a URL, which any node reaches", board)
        self.boards = boards
        self._folder = folder / FOLDER
        self._executor = self._submitit.AutoExecutor(self._folder / "%j", cluster)
        self._under_way: dict[str, tuple[Any, Job]] = {}
        kinds = {SLURM: self._submitit.SlurmJob, LOCAL: self._submitit.LocalJob}
        self._cancel_left(kinds[cluster])

    def _cancel_left(self, kind: Any) -> None:
        """Cancel what an earlier process left in the queue: it would run beside this sweep's."""
        file = self._folder / QUEUED
        for number in read_json(file)["jobs"] if file.exists() else ():
            kind(self._folder / "%j", number).cancel(check=False)
        self._note()

    def _note(self) -> None:
        """Write which jobs are in the queue."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_json(self._folder / QUEUED, {"jobs": list(self._under_way)})

    def submit(self, job: Job) -> None:
        """Put a job into the queue."""
        self._executor.update_parameters(
            name="axonloop",
            timeout_min=MINUTES,
            cpus_per_task=1,
            gpus_per_node=int(job.device.endswith(":cuda")),
        )
        queued = self._executor.submit(run_job, job)
        self._under_way[queued.job_id] = (queued, job)
        self._note()

    def wait(self) -> JobOutcome:
        """The next outcome; a job that ends without one, killed or out of time, is LOST."""
        while True:
            for number, (queued, job) in self._under_way.items():
                if queued.done():
                    del self._under_way[number]
                    self._note()
                    return _outcome(queued, job)
            time.sleep(POLL)

    def close(self) -> None:
        """Cancel what is under way."""
        for queued, _ in self._under_way.values():
            queued.cancel(check=False)
        self._under_way.clear()
        self._note()


def _outcome(queued: Any, job: Job) -> JobOutcome:
    try:
        outcome: JobOutcome = queued.result()
    except RuntimeError as error:  # submitit's own, of a job that has no result
        return JobOutcome(job, Ending.LOST, " ".join(str(error).split()))
    return outcome
