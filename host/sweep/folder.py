"""The folder of a sweep: which sweep it is, its trials' run folders, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axonloop.host.configuration import Configuration
from axonloop.host.files import NEW, read_json, write_json
from axonloop.host.runs import METRICS, locked_folder, require_folder
from axonloop.host.sweep.jobs import TRIALS
from axonloop.host.sweep.trials import Trial
from axonloop.models.checks import require

SWEEP, INCIDENTS = "sweep.json", "incidents.json"
TABLE, OVERVIEW, PICTURE, RESULTS = "table.parquet", "overview.html", "sweep.png", "results.json"
FREE = ("share", "boards", "devices", "trials")
"""What of [sweep] may be another when a sweep goes on: no result depends on it."""


@dataclass
class SweepFolder:
    """A sweep's folder; `open` claims it.

    `incidents` of a trial are the errors of boards that died and processes that were lost under it,
    `failures` why it came to no end.
    """

    path: Path
    incidents: dict[str, list[str]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    _done: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def open(
        cls, path: Path, configuration: Configuration, devices: tuple[str, ...]
    ) -> Iterator[SweepFolder]:
        """The folder of this sweep, new or as it was left; no other process has it meanwhile.

        Raises ValueError where it holds another sweep, or something else.
        """
        require_folder(path)
        path.mkdir(parents=True, exist_ok=True)
        with locked_folder(path):
            for leftover in path.glob(f"*{NEW}"):
                leftover.unlink()
            identity = _identity(configuration, devices)
            if (path / SWEEP).exists():
                _require_same(path, read_json(path / SWEEP), identity)
            else:
                others = [each.name for each in path.iterdir() if not each.name.startswith(".")]
                require(not others, "folder of a sweep", f"new or a sweep's ({SWEEP})", str(path))
                write_json(path / SWEEP, identity)
            found = cls(path)
            if (path / INCIDENTS).exists():
                found.incidents = read_json(path / INCIDENTS)
            yield found

    def run(self, trial: Trial) -> Path:
        """The run folder of a trial."""
        return self.path / TRIALS / trial.name

    def metrics(self, trial: Trial) -> dict[str, Any] | None:
        """What a trial that is done reached; None for one that is not."""
        if trial.name not in self._done and (self.run(trial) / METRICS).exists():
            self._done[trial.name] = read_json(self.run(trial) / METRICS)
        return self._done.get(trial.name)

    def note(self, trial: Trial, incident: str) -> None:
        """Keep what befell a trial, which runs again."""
        self.incidents.setdefault(trial.name, []).append(incident)
        write_json(self.path / INCIDENTS, self.incidents)


def _identity(configuration: Configuration, devices: tuple[str, ...]) -> dict[str, Any]:
    """What makes a sweep this one: all tables, but for what no result depends on."""
    tables = {name: dict(table) for name, table in configuration.tables.items() if name != "board"}
    own = {name: value for name, value in tables["sweep"].items() if name not in FREE}
    named = {"devices": list(devices)} if len(devices) > 1 else {}
    return tables | {"sweep": own | named}


def _require_same(path: Path, stored: dict[str, Any], own: dict[str, Any]) -> None:
    told = "new, or of the same sweep: name another with --out"
    for table in {**stored, **own}:
        before, now = stored.get(table, {}), own.get(table, {})
        names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        found = f"{path}, in which [{table}] {', '.join(names)} had other values"
        require(not names, "folder of a sweep", told, found)
