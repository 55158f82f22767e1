"""A job of a sweep: one trial on a device, or several in step on a population of chips."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from axonloop.host.configuration import open_samples
from axonloop.host.devices import DeviceError, open_device
from axonloop.host.runs import CONFIG, METRICS, Run, is_locked, resumed_settings
from axonloop.host.sweep.trials import FARM, Trial
from axonloop.host.training import chip_config, silent
from axonloop.models.checks import require

SHARED = "batched"
"""The device on which trials share a population."""
TRIALS = "trials"
"""The folder of a sweep with the run folders of its trials, by their names."""
PATIENCE = 60.0
"""Seconds that a job waits for a run folder that a process which is ending still holds."""


@dataclass(frozen=True)
class Job:
    """Trials to be run together, in the `folder` of their sweep; `board` if it has one."""

    trials: tuple[Trial, ...]
    folder: Path
    board: str = ""

    @property
    def device(self) -> str:
        """The name of the device to open; FARM until it has a board."""
        return self.board or self.trials[0].device

    @property
    def name(self) -> str:
        """What it is called in errors."""
        first, rest = self.trials[0].name, len(self.trials) - 1
        return f"{first} and {rest} more" if rest else first

    def on(self, board: str) -> Job:
        """The same job on a board."""
        return replace(self, board=board)


class Ending(StrEnum):
    """How a job ended: done; it failed, and would again; its board died; its process was lost."""

    DONE = "done"
    FAILED = "failed"
    BOARD_DIED = "board died"
    LOST = "lost"


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended, and why."""

    job: Job
    ending: Ending
    error: str = ""


def run_job(job: Job) -> JobOutcome:
    """Run a job from its checkpoint, or from the begin; what it is stopped by is in the outcome."""
    try:
        if len(job.trials) > 1:
            from axonloop.host.sweep.shared import run_shared

            run_shared(job.trials, job.folder)
        else:
            run_alone(job.trials[0], job.folder / TRIALS, job.device)
    except DeviceError as error:
        ending = Ending.BOARD_DIED if job.board else Ending.FAILED
        return JobOutcome(job, ending, _line(error))
    except (ValueError, OSError, RuntimeError, ArithmeticError) as error:
        return JobOutcome(job, Ending.FAILED, _line(error))
    return JobOutcome(job, Ending.DONE)


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def run_alone(trial: Trial, trials: Path, device: str) -> None:
    """Train and score a trial in its run folder, as `axonloop train` does, or go on with it."""
    require(device != FARM, "device of a trial", "a board of the farm", device)
    folder, settings = trials / trial.name, trial.settings
    if (folder / METRICS).exists():
        return
    wait_for(lambda: not is_locked(folder))
    resume = (folder / CONFIG).exists()
    with open_samples(settings, trial.tables.get("task")) as (fit, data):
        if resume:
            same = resumed_settings(folder, {}) == fit
            require(same, "run folder of a trial", "the trial's own", str(folder))
        with (
            open_device(device, chip_config(fit)) as chip,
            Run.open(folder, fit, chip, resume, data) as run,
        ):
            run.train(silent)
            run.finish(silent)


def wait_for(free: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait until `free` says so, at most `patience` seconds."""
    end = time.monotonic() + patience
    while not free() and time.monotonic() < end:
        time.sleep(0.1)
