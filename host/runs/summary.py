"""Runs as a table: each folder with what it trains, how far it is, and how it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from axonloop.host.configuration import Configuration, Settings
from axonloop.host.files import read_json
from axonloop.host.runs.journal import JOURNAL, read_journal
from axonloop.host.runs.lock import is_locked
from axonloop.host.runs.run import CHECKPOINT, CONFIG, HISTORY, METRICS
from axonloop.models.checks import require


class RunState(StrEnum):
    """The state of a run: a process works on it; it ended; it was stopped and can go on."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(frozen=True)
class RunSummary:
    """What the files of a run say, also of one that is under way.

    `scores` are those of the last epoch that was scored, and of the end of a run that is done;
    `changed`: when it last wrote one of its files.
    """

    folder: Path
    settings: Settings
    state: RunState
    device: str
    epochs_done: int
    scores: dict[str, float]
    weight_hash: str
    changed: datetime

    @classmethod
    def read(cls, folder: Path) -> RunSummary:
        """Read a run's files; ValueError where there is no run, or a file is none of a run's."""
        told = "a run's, with config.json"
        require((folder / CONFIG).is_file(), "run folder", told, str(folder))
        settings = Configuration.read(folder / CONFIG).settings
        metrics, epochs = _read(folder / METRICS), _read(folder / HISTORY)
        done = epochs.get("epochs_done", 0)
        ended = bool(metrics) and metrics.get("epochs") == settings.run.epochs
        state = RunState.DONE if ended else RunState.STOPPED
        history = epochs.get("history", [])
        scored: dict[str, Any] = (history[-1] if history else {}) | (metrics if ended else {})
        devices = [line["device"] for line in read_journal(folder) if "device" in line]
        written = [folder / name for name in (CONFIG, CHECKPOINT, HISTORY, METRICS, JOURNAL)]
        latest = max(path.stat().st_mtime for path in written if path.is_file())
        return cls(
            folder,
            settings,
            RunState.RUNNING if is_locked(folder) else state,
            metrics.get("device", devices[-1] if devices else ""),
            done,
            {k: v for k, v in scored.items() if k.endswith(("_accuracy", "_mse"))},
            metrics["weight_hash"] if ended else "",
            datetime.fromtimestamp(latest, UTC),
        )

    @property
    def trains(self) -> str:
        """What it trains on: digits, a file, a package's data set, or data of a script."""
        data = self.settings.data
        return "digits" if data is None else Path(data.path).name or data.set or "own data"


def _read(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def find_runs(folders: Sequence[Path]) -> list[Path]:
    """The folders of runs among `folders` and in them, in the order of their names.

    Raises ValueError for a folder that does not exist.
    """
    for folder in folders:
        require(folder.is_dir(), "folder of runs", "one that exists", str(folder))
    inside = (each for folder in folders for each in (folder, *folder.iterdir()))
    return sorted({each for each in inside if (each / CONFIG).is_file()})
