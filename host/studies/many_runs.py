"""Many training runs on one kind of device, each in a folder of its own, several at a time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress, notice
from axonloop.host.devices import open_device
from axonloop.host.files import read_json
from axonloop.host.runs import CONFIG, METRICS, Run, require_folder, resumed_settings
from axonloop.host.training import chip_config
from axonloop.models.checks import require

Task = tuple[Path, Settings]
"""Folder and settings of a run."""


def run_all(
    tasks: Sequence[Task], jobs: int, device: str, progress: Progress
) -> list[dict[str, Any]]:
    """The metrics of every run; those that are finished are not repeated, others go on.

    The device makes no difference to them but in time. Raises ValueError if a folder holds a run
    of other settings.
    """
    for out in {folder.parent for folder, _ in tasks}:
        require_folder(out)
        out.mkdir(parents=True, exist_ok=True)
    found = []
    # Torch's threads do not survive a fork.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for (folder, _), metrics in zip(tasks, pool.map(partial(_run, device), tasks), strict=True):
            found.append(metrics)
            progress("runs", len(found), len(tasks))
            accuracy = 100 * metrics["test_accuracy"]
            notice(f"{folder.name}: {accuracy:.2f} %, {metrics['visits']:,} visits")
    return found


def _run(name: str, task: Task) -> dict[str, Any]:
    folder, settings = task
    resume = (folder / CONFIG).exists()
    if resume:
        same = resumed_settings(folder, {}) == settings
        require(same, "study folder", "new or of the same study", str(folder))
    if (folder / METRICS).exists():
        return read_json(folder / METRICS)
    with (
        open_device(name, chip_config(settings)) as device,
        Run.open(folder, settings, device, resume) as run,
    ):
        run.train(lambda phase, done, total: None)
        return run.finish(lambda phase, done, total: None)
