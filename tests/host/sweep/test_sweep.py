"""A sweep without Ray: going on, sharing populations, farms, and what it leaves behind."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from axonloop.host.devices import Device, DeviceError, open_device
from axonloop.host.runs import Run, evaluate
from axonloop.host.sweep import Ending, InProcess, Job, JobOutcome, jobs, run_sweep, shared
from axonloop.host.sweep.sweep import _Sweep
from axonloop.host.training import Trainer
from axonloop.models.config import ChipConfig
from tests.support.sweeps.small import SMALL, table, whole_table, written

pytest.importorskip("pyarrow", reason="the extra sweep is not installed")
GRID = """
[sweep]
seeds = [1, 2]
[sweep.grid]
network.layers = [[8], [12]]
objective.threshold = [2.0, 6.0]
"""
"""8 trials of two kinds of chips, and two of the chosen one."""
BOARDS = ("serial:one", "serial:two", "serial:three")


@pytest.fixture(autouse=True, scope="module")
def unpainted() -> Iterator[None]:
    """Runs draw nothing here: their pictures are tested elsewhere."""
    with pytest.MonkeyPatch.context() as during:
        for name in ("_draw", "_draw_curve"):
            during.setattr(Run, name, lambda *given: None)
        yield


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep draws nothing."""
    monkeypatch.setattr(_Sweep, "_draw", lambda *given: None)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("sweep") / "sweep.toml", GRID)


@pytest.fixture(scope="module")
def whole(file: Path) -> Path:
    """The folder of a sweep that ran to its end at once."""
    run_sweep(file, file.parent / "whole", InProcess, csv=file.parent / "table.csv")
    return file.parent / "whole"


def test_the_best_mean_is_chosen_and_alone_scored_on_the_test_part(whole: Path) -> None:
    rows, results = table(whole), json.loads((whole / "results.json").read_text())
    assert [row["part"] for row in rows] == ["search"] * 8 + ["chosen"] * 2
    searched, chosen = rows[:8], rows[8:]
    assert all(row["test_accuracy"] is None for row in searched)
    assert all(row["validation_accuracy"] is None for row in chosen)
    scores = [row["validation_accuracy"] for row in searched]
    means = [(scores[k] + scores[k + 1]) / 2 for k in range(0, 8, 2)]
    assert len(set(means)) > 1
    best = means.index(max(means))
    assert results["chosen"]["combination"] == best
    assert [row["combination"] for row in chosen] == [best] * 2
    assert results["chosen"]["of_each"] == [row["test_accuracy"] for row in chosen]


@pytest.mark.usefixtures("plain")
def test_shared_trials_have_the_bits_that_they_have_alone(file: Path, whole: Path) -> None:
    alone = file.parent / "alone"
    run_sweep(file, alone, InProcess, device="golden")
    others = [row | {"device": "batched"} for row in table(alone)]
    assert others == table(whole)
    name = "layers=12,threshold=6.0,seed=2"
    histories = [
        json.loads((each / "trials" / name / "history.json").read_text()) for each in (alone, whole)
    ]
    assert histories[0]["history"] == [
        {key: entry[key] for key in histories[0]["history"][0]} for entry in histories[1]["history"]
    ]
    scored = [evaluate(each / "trials" / name) for each in (alone, whole)]
    assert scored[0] == scored[1]


@pytest.mark.usefixtures("plain")
def test_a_sweep_that_ended_runs_nothing_again(
    file: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = table(whole)
    monkeypatch.setattr(InProcess, "wait", lambda self: pytest.fail("a job ran"))
    run_sweep(file, whole, InProcess)
    assert table(whole) == before


class Stopping(InProcess):
    """Stops in place of the job of number `at`."""

    at = 0

    def wait(self) -> JobOutcome:
        self.at -= 1
        if self.at < 0:
            raise KeyboardInterrupt
        return super().wait()


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("at", [1, 2])
def test_a_sweep_goes_on_behind_any_job(file: Path, whole: Path, tmp_path: Path, at: int) -> None:
    def stopping(boards: Any) -> Stopping:
        executor = Stopping(boards)
        executor.at = at
        return executor

    with pytest.raises(KeyboardInterrupt):
        run_sweep(file, tmp_path / "out", stopping)
    assert not (tmp_path / "out" / "results.json").exists()
    run_sweep(file, tmp_path / "out", InProcess)
    assert table(tmp_path / "out") == table(whole)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("place", [5, 13])
def test_a_population_goes_on_from_its_checkpoint(
    file: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    """Killed between two samples, or between the files of two trials."""
    stop = Countdown(place if place < 13 else 2)
    began: list[int] = []
    run = Trainer.run
    monkeypatch.setattr(shared, "CHECKPOINT_SECONDS", -1.0)
    where = (shared, "save_checkpoint") if place < 13 else (shared, "_alone")
    real = getattr(*where)

    def counted(*given: Any) -> Any:
        found = real(*given)
        stop()
        return found

    def noted(self: Trainer, *given: Any) -> None:
        began.append(self.position.sample)
        run(self, *given)

    monkeypatch.setattr(*where, counted)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(file, tmp_path / "out", InProcess)
    monkeypatch.setattr(Trainer, "run", noted)
    run_sweep(file, tmp_path / "out", InProcess)
    assert began[0] == (place if place < 13 else 0)
    assert table(tmp_path / "out") == table(whole)


class Countdown:
    """Raises KeyboardInterrupt at its call of number `left`."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_csv_is_the_same_table(file: Path, whole: Path) -> None:
    with (file.parent / "table.csv").open() as opened:
        rows = list(csv.DictReader(opened))
    assert [row["trial"] for row in rows] == [row["trial"] for row in table(whole)]
    assert [row["weight_hash"] for row in rows] == [row["weight_hash"] for row in table(whole)]


def test_the_overview_is_one_file_that_loads_nothing(whole: Path) -> None:
    page = (whole / "overview.html").read_text()
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]*?(?:src|href)=\"([^\"]+)\"", page)
    assert "layers=12,threshold=6.0,seed=2" in page
    assert len(page) < 5_000_000
    assert (whole / "sweep.png").read_bytes().startswith(b"\x89PNG")


def test_a_folder_of_another_sweep(file: Path, whole: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "other.toml", GRID.replace("6.0", "7.0"))
    told = r"folder of a sweep must be new, or of the same sweep: .* \[sweep\] grid had other"
    with pytest.raises(ValueError, match=f"^{told}"):
        run_sweep(other, whole, InProcess)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    with pytest.raises(ValueError, match="^folder of a sweep must be new or a sweep's"):
        run_sweep(file, tmp_path / "full", InProcess)


def test_a_file_without_the_table(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^table \[sweep\] must be in plain.toml"):
        run_sweep(written(tmp_path / "plain.toml", ""), tmp_path / "out", InProcess)
    assert not (tmp_path / "out").exists()


def test_without_the_extra(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match="^pyarrow must be installed for sweeps; pip install"):
        run_sweep(file, tmp_path / "out", InProcess)


class Losing(InProcess):
    """Loses jobs before they run, `losses` times."""

    losses = 0

    def wait(self) -> JobOutcome:
        if self.losses:
            self.losses -= 1
            return JobOutcome(self._jobs.popleft(), Ending.LOST, "killed")
        return super().wait()


LONE = "[sweep.grid]\nobjective.threshold = [2.0]\n"


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(("losses", "failed"), [(3, 0), (4, 1)])
def test_lost_jobs_are_repeated_three_times(tmp_path: Path, losses: int, failed: int) -> None:
    def losing(boards: Any) -> Losing:
        executor = Losing(boards)
        executor.losses = losses
        return executor

    file, out = written(tmp_path / "sweep.toml", LONE), tmp_path / "out"
    if failed:
        with pytest.raises(RuntimeError, match="^trials must come to an end.*killed"):
            run_sweep(file, out, losing)
        assert [row["status"] for row in table(out)] == ["failed"]
    else:
        run_sweep(file, out, losing)
        assert {row["status"] for row in table(out)} == {"done"}


@pytest.mark.usefixtures("plain")
def test_a_combination_that_fails_is_told_and_not_chosen(tmp_path: Path) -> None:
    text = "[geometry]\nneurons = 16\n[sweep.grid]\nnetwork.layers = [[8], [32]]\n"
    file = written(tmp_path / "sweep.toml", text, SMALL.replace("lanes = 4\n", ""))
    results = run_sweep(file, tmp_path / "out", InProcess)
    assert results["chosen"]["values"] == {"network.layers": [8]}
    assert list(results["failed"]) == ["layers=32"]
    assert "neurons" in results["failed"]["layers=32"]
    assert [row["status"] for row in table(tmp_path / "out")] == ["done", "failed", "done"]


SEARCH = """
[sweep]
trials = 6
batch = 2
[sweep.search]
objective.threshold = { low = 1.0, high = 16.0, log = true }
"""


@pytest.mark.usefixtures("plain")
def test_a_search_goes_on_with_the_same_draws_and_to_more(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="the extra sweep is not installed")
    file, whole = written(tmp_path / "sweep.toml", SEARCH), tmp_path / "whole"
    run_sweep(file, whole, InProcess)
    executor = Stopping()
    executor.at = 2
    with pytest.raises(KeyboardInterrupt):
        run_sweep(file, tmp_path / "out", lambda boards: executor)
    run_sweep(file, tmp_path / "out", InProcess)
    assert table(tmp_path / "out") == table(whole)
    more = written(tmp_path / "more.toml", SEARCH.replace("trials = 6", "trials = 7"))
    run_sweep(more, tmp_path / "out", InProcess)
    searched = [row for row in table(tmp_path / "out") if row["part"] == "search"]
    assert searched[:6] == table(whole)[:6]
    assert len(searched) == 7


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The boards of a farm, as they are opened: the golden model; "serial:two" dies at once."""
    names: list[str] = []

    def opened(name: str, config: ChipConfig) -> Device:
        names.append(name)
        if name == "serial:two":
            raise DeviceError("board must stay on its port, not go away")
        return open_device("golden", config)

    monkeypatch.setattr(jobs, "open_device", opened)
    return names


FARM = '[sweep]\ndevices = ["farm"]\nseeds = [1, 2, 3, 4]\n'


@pytest.mark.usefixtures("plain")
def test_a_board_that_dies_is_retired_and_its_trial_runs_elsewhere(
    tmp_path: Path, used: list[str]
) -> None:
    file, out = written(tmp_path / "sweep.toml", FARM), tmp_path / "out"
    results = run_sweep(file, out, InProcess, boards=BOARDS)
    assert used.count("serial:two") == 1
    assert {"serial:one", "serial:three"} <= set(used)
    error = "board must stay on its port, not go away"
    assert results["boards"] == {"serial:one": None, "serial:two": error, "serial:three": None}
    rows = whole_table(out)
    assert {row["status"] for row in rows} == {"done"}
    errors = [row["error"] for row in rows if row["error"]]
    assert errors == [f"serial:two retired: {error}"]


@pytest.mark.usefixtures("plain")
def test_a_farm_of_dead_boards_says_what_to_do(tmp_path: Path, used: list[str]) -> None:
    file = written(tmp_path / "sweep.toml", FARM)
    told = "^farm must have a board alive for the 4 trials that are left .*the same command"
    with pytest.raises(RuntimeError, match=told):
        run_sweep(file, tmp_path / "out", InProcess, boards=["serial:two"])
    results = run_sweep(file, tmp_path / "out", InProcess, boards=["serial:one"])
    assert results["boards"] == {"serial:one": None}


@pytest.mark.parametrize(
    ("change", "boards", "message"),
    [
        ("", (), "farm must be with boards: sweep.boards, --board serial:PORT, or resources"),
        ("", ("golden",), "board of a farm must be serial:PORT, as serial:/dev/ttyUSB0, not"),
        ("", ("serial:a", "serial:a"), "boards of a farm must be there once each"),
        (
            "[sweep.grid]\nnetwork.layers = [[8], [32]]\n",
            BOARDS,
            "chip of a farm must be one for all trials, which the boards are built for",
        ),
    ],
)
def test_farms_that_cannot_be(
    tmp_path: Path, change: str, boards: tuple[str, ...], message: str
) -> None:
    file = written(tmp_path / "sweep.toml", FARM + change)
    with pytest.raises(ValueError, match=f"^{message}"):
        run_sweep(file, tmp_path / "out", InProcess, boards=boards)


@pytest.mark.usefixtures("plain")
def test_populations_are_about_as_large_as_each_other(file: Path, tmp_path: Path) -> None:
    found: list[Job] = []

    class Noting(InProcess):
        def submit(self, job: Job) -> None:
            found.append(job)
            super().submit(job)

    text = "[sweep]\nseeds = [1, 2, 3, 4, 5]\nshare = 3\n"
    run_sweep(written(tmp_path / "sweep.toml", text), tmp_path / "out", Noting)
    assert [len(job.trials) for job in found] == [2, 3, 2, 3]
