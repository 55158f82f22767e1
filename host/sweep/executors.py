"""Who runs the jobs of a sweep: this process, one after the other, or Ray (`ray_cluster.py`)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from axonloop.host.sweep.jobs import Job, JobOutcome, run_job


class Executor(Protocol):
    """Runs jobs somewhere. Every job that was submitted ends with one outcome.

    `boards` are those that it can reach, by their names.
    """

    boards: Sequence[str]

    def submit(self, job: Job) -> None:
        """Begin a job, or keep it until there is room."""

    def wait(self) -> JobOutcome:
        """The next outcome; waits for it."""

    def close(self) -> None:
        """Stop what is under way."""


class InProcess:
    """Runs a job in this process when its outcome is waited for."""

    def __init__(self, boards: Sequence[str] = ()) -> None:
        self.boards = boards
        self._jobs: deque[Job] = deque()

    def submit(self, job: Job) -> None:
        """Keep a job."""
        self._jobs.append(job)

    def wait(self) -> JobOutcome:
        """Run the oldest job."""
        return run_job(self._jobs.popleft())

    def close(self) -> None:
        """Forget all jobs."""
        self._jobs.clear()
