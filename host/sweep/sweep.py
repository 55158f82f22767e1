"""A sweep from its file to its results: it goes on wherever it was killed."""

from __future__ import annotations

import json
import shutil
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axonloop.host.configuration import Configuration, open_samples
from axonloop.host.console import Progress, notice
from axonloop.host.files import require_writable, write_json
from axonloop.host.sweep.combinations import (
    Combination,
    best,
    reached,
    score_of,
    scored_combinations,
)
from axonloop.host.sweep.executors import Executor
from axonloop.host.sweep.extra import extra
from axonloop.host.sweep.farm import Farm
from axonloop.host.sweep.folder import OVERVIEW, PICTURE, RESULTS, TABLE, SweepFolder
from axonloop.host.sweep.jobs import SHARED, Ending, Job, JobOutcome
from axonloop.host.sweep.search import Search
from axonloop.host.sweep.shared import GROUPS
from axonloop.host.sweep.table import row_of, write_csv, write_parquet
from axonloop.host.sweep.trials import FARM, Trial, Trials, Values, require_distinct
from axonloop.host.training import OWN, chip_config, silent
from axonloop.models.checks import require

LOSSES = 3
"""Times that a job is begun again after its process was lost."""
Opener = Callable[[Sequence[str]], Executor]
"""Opens an executor that knows some boards."""


def run_sweep(
    file: Path,
    out: Path,
    open_executor: Opener,
    *,
    device: str | None = None,
    boards: Sequence[str] = (),
    csv: Path | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Run the sweep of a configuration file with a table [sweep], or go on with it, in `out`.

    The trials are scored on the validation part; then the combination with the best mean is trained
    once more, as `axonloop train` does, and scored on the test part. `device` takes the place of
    the file's devices, `boards` of its boards. Returns what results.json holds. Raises ValueError
    for a file that is no sweep's or a folder of another, RuntimeError where no combination came to
    an end.
    """
    extra("pyarrow")
    require_writable(csv)
    configuration = Configuration.read(file)
    require("sweep" in configuration.tables, "table [sweep]", f"in {file.name}", None)
    trials = Trials(configuration, device)
    planned = _checked(trials)
    named = boards or trials.sweep.boards
    Farm(named)
    with SweepFolder.open(out, configuration, tuple(trials.devices)) as folder:
        executor = open_executor(named)
        try:
            return _Sweep(trials, folder, executor, csv, progress).run(planned)
        finally:
            executor.close()


def _checked(trials: Trials) -> list[Trial]:
    """The trials of a grid, all of them checked; of a search, its choices and ends are."""
    if trials.search:
        ends = Search(trials.search, trials.sweep).ends()
        checked = [trials.of_combination(k, values) for k, values in enumerate(ends)]
    else:
        checked = [
            trials.of_combination(k, values) for k, values in enumerate(trials.combinations())
        ]
        require_distinct([trial for own in checked for trial in own])
    flat = [trial for own in checked for trial in own]
    for trial in flat:
        _ = trial.settings
    if FARM in trials.devices:
        _require_one_chip(flat)
    return [] if trials.search else flat


def _require_one_chip(trials: Sequence[Trial]) -> None:
    """ValueError unless all trials have the chip that the boards of a farm are built for."""
    shapes = set()
    for trial in trials:
        with open_samples(trial.settings, trial.tables.get("task")) as (fit, _):
            chip = chip_config(fit)
        shapes.add((chip.geometry, chip.mesh))
    told = "one for all trials, which the boards are built for: give a [geometry]"
    require(len(shapes) == 1, "chip of a farm", told, f"{len(shapes)} of them")


@dataclass
class _Sweep:
    """A sweep that is under way."""

    trials: Trials
    folder: SweepFolder
    executor: Executor
    csv: Path | None
    progress: Progress

    def __post_init__(self) -> None:
        self.farm = Farm(self.executor.boards)
        wanted = FARM in self.trials.devices
        told = "with boards: sweep.boards, --board serial:PORT, or resources of the cluster"
        require(not wanted or len(self.farm.boards) > 0, "farm", told, "without any")
        self.known: list[Trial] = []
        self.losses: Counter[str] = Counter()

    def run(self, planned: Sequence[Trial]) -> dict[str, Any]:
        if self.trials.search:
            self._search()
        else:
            self._run(planned, len(planned))
        combinations = scored_combinations(self.known, self.folder)
        chosen = best(combinations)
        if chosen is None:
            raise RuntimeError(self._told_failures("trials must come to an end for a choice"))
        final = self.trials.chosen(chosen.number, chosen.values)
        self._run(final, len(self.known) + len(final))
        shutil.rmtree(self.folder.path / GROUPS, ignore_errors=True)
        results = self._results(combinations, chosen, final)
        write_json(self.folder.path / RESULTS, results)
        self._draw(combinations, results)
        return results

    def _search(self) -> None:
        """Draw and run batches, each by the results of those before."""
        search, own = Search(self.trials.search, self.trials.sweep), self.trials.sweep
        repeats = len(self.trials.seeds) * len(self.trials.devices)
        for batch, begin in enumerate(range(0, own.trials, own.batch)):
            count = min(own.batch, own.trials - begin)
            told = reached(scored_combinations(self.known, self.folder))
            drawn: list[Values] = search.draw(batch, count, told)
            trials = [
                trial
                for k, values in enumerate(drawn)
                for trial in self.trials.of_combination(begin + k, values)
            ]
            self._run(trials, own.trials * repeats)

    def _run(self, trials: Sequence[Trial], total: int) -> None:
        """Run trials that are not done, on boards where they want some."""
        self.known += trials
        waiting = deque(jobs_of(trials, self.trials.sweep.share, self.folder))
        under_way = 0
        self._tell(total)
        while waiting or under_way:
            under_way += self._submit(waiting)
            if not under_way:
                self._give_up(waiting)
            outcome = self.executor.wait()
            under_way -= 1
            self._hear(outcome, waiting)
            self._tell(total)

    def _submit(self, waiting: deque[Job]) -> int:
        """Begin the jobs for which there is a board, or that need none: how many."""
        begun = 0
        for _ in range(len(waiting)):
            job = waiting.popleft()
            board = self.farm.take() if job.device == FARM else ""
            if board is None:
                waiting.append(job)
            else:
                self.executor.submit(job.on(board))
                begun += 1
        return begun

    def _hear(self, outcome: JobOutcome, waiting: deque[Job]) -> None:
        """Take an outcome: a job that can be repeated waits again, in front."""
        job, error = outcome.job, outcome.error
        again = False
        if outcome.ending == Ending.BOARD_DIED:
            self.farm.retire(job.board, error)
            notice(f"{job.board} is retired: {error}")
            error, again = f"{job.board} retired: {error}", True
        elif outcome.ending == Ending.LOST:
            self.losses[job.name] += 1
            again = self.losses[job.name] <= LOSSES
            notice(f"{job.name}: its process was lost ({error[:120]})")
        if job.board and outcome.ending != Ending.BOARD_DIED:
            self.farm.give_back(job.board)
        for trial in job.trials if outcome.ending != Ending.DONE else ():
            if again:
                self.folder.note(trial, error)
            else:
                self.folder.failures[trial.name] = error
        if again:
            waiting.appendleft(job.on(""))

    def _give_up(self, waiting: Sequence[Job]) -> None:
        """RuntimeError: jobs wait for boards, and all are retired."""
        count = sum(len(job.trials) for job in waiting)
        errors = "; ".join(f"{board}: {error}" for board, error in self.farm.retired.items())
        told = f"farm must have a board alive for the {count} trials that are left ({errors})"
        raise RuntimeError(f"{told}: mend one, and give the same command")

    def _rows(self) -> list[dict[str, Any]]:
        return [row_of(trial, self.folder) for trial in self.known]

    def _tell(self, total: int) -> None:
        """Write the table, and say how far the sweep is."""
        rows = self._rows()
        write_parquet(self.folder.path / TABLE, rows)
        if self.csv is not None:
            write_csv(self.csv, rows)
        done = sum(row["status"] != "waiting" for row in rows)
        self.progress("trials", done, max(total, len(rows)))

    def _told_failures(self, told: str) -> str:
        failed = self.folder.failures
        first = next(iter(failed.items()), ("", ""))
        return f"{told}, not fail: {len(failed)} failed, the first, {first[0]}: {first[1]}"

    def _results(
        self, combinations: Sequence[Combination], chosen: Combination, final: Sequence[Trial]
    ) -> dict[str, Any]:
        ended = [found for trial in final if (found := self.folder.metrics(trial)) is not None]
        if len(ended) < len(final):
            raise RuntimeError(self._told_failures("the chosen combination must be trained"))
        scores = [score_of(metrics, "test") for metrics in ended]
        test = [value for _, value in scores]
        return {
            "measure": chosen.measure,
            "chosen": {
                "combination": chosen.number,
                "values": dict(chosen.values),
                chosen.measure: chosen.mean,
                scores[0][0]: sum(test) / len(test),
                "of_each": test,
            },
            "combinations": [
                {
                    "combination": each.number,
                    "values": dict(each.values),
                    "trials": len(each.trials),
                    "done": len(each.scores),
                    "mean": each.mean if each.scores else None,
                    "scores": list(each.scores),
                }
                for each in combinations
            ],
            "trials": len(self.known),
            "failed": dict(self.folder.failures),
            "boards": {board: self.farm.retired.get(board) for board in self.farm.boards},
        }

    def _draw(self, combinations: Sequence[Combination], results: dict[str, Any]) -> None:
        from axonloop.host.pictures import save
        from axonloop.host.sweep.overview import write_overview
        from axonloop.host.sweep.picture import draw_sweep

        path = self.folder.path
        rows = self._rows()
        save(draw_sweep(rows, results, self.trials.varied), path / PICTURE)
        write_overview(path / OVERVIEW, path.name, rows, results, self.trials.varied)


def jobs_of(trials: Sequence[Trial], share: int, folder: SweepFolder) -> list[Job]:
    """The jobs of trials of which some are not done.

    Trials on "batched" whose settings differ only in what copies may have of their own share
    populations of at most `share`, about as large as each other. Which do depends on the trials
    alone, not on those that are done.
    """
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(_kind(trial) if share > 1 else trial.name, []).append(trial)
    jobs = []
    for own in groups.values():
        count = -(-len(own) // share)
        cuts = [k * len(own) // count for k in range(count + 1)]
        parts = [own[low:high] for low, high in zip(cuts, cuts[1:], strict=False)]
        jobs += [Job(tuple(part), folder.path) for part in parts]
    return [job for job in jobs if any(folder.metrics(trial) is None for trial in job.trials)]


def _kind(trial: Trial) -> str:
    """The same text for all trials that can share a population."""
    if trial.device != SHARED:
        return f"alone {trial.name}"
    try:
        settings = trial.settings
    except ValueError:  # drawn by a search; its job tells the error
        return f"alone {trial.name}"
    tables = settings.to_dict()
    free = {name: tables[table].pop(name) for table, names in OWN.items() for name in names}
    return json.dumps([tables, free["event_rate"] is None], sort_keys=True)
