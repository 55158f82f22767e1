"""The journal of a run: what programs can follow while it trains, and after it was stopped."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from axonloop.host.configuration import NetworkSettings, RunSettings, Settings, TaskSettings
from axonloop.host.devices import open_device
from axonloop.host.runs import JOURNAL, Run, read_journal
from axonloop.host.runs.journal import EVERY, Journal
from axonloop.host.training import chip_config
from tests.host.runs.test_run import quiet

SETTINGS = Settings(
    NetworkSettings(layers=(16,)), TaskSettings(limit=6, ticks=16), run=RunSettings(epochs=2)
)


class Clock:
    """Seconds that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def trained(folder: Path, resume: bool, stop: bool) -> None:
    def after_epoch(scored: dict[str, object]) -> None:
        if stop:
            raise KeyboardInterrupt

    with (
        open_device("golden", chip_config(SETTINGS)) as device,
        Run.open(folder, SETTINGS, device, resume) as run,
    ):
        run.train(quiet, after_epoch)
        run.finish(quiet)


def test_a_run_tells_its_beginning_its_epochs_and_its_end(tmp_path: Path) -> None:
    trained(tmp_path / "run", resume=False, stop=False)
    lines = read_journal(tmp_path / "run")
    assert [line["event"] for line in lines] == ["begin", "epoch", "epoch", "end"]
    assert (lines[0]["done"], lines[0]["total"], lines[0]["device"]) == (0, 12, "golden")
    assert [line["epoch"] for line in lines[1:3]] == [1, 2]
    assert all(0 <= line["validation_accuracy"] <= 1 for line in lines[1:3])
    assert "test_accuracy" in lines[3]
    times = [datetime.fromisoformat(line["time"]) for line in lines]
    assert times == sorted(times)
    assert times[0].tzinfo is not None


def test_a_resumed_run_goes_on_behind_a_line_that_was_cut_short(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        trained(folder, resume=False, stop=True)
    with (folder / JOURNAL).open("a") as file:
        file.write('{"event": "progr')
    assert [line["event"] for line in read_journal(folder)] == ["begin", "epoch"]
    trained(folder, resume=True, stop=False)
    events = [line["event"] for line in read_journal(folder)]
    assert events in (
        ["begin", "epoch", "begin", "epoch", "end"],
        ["begin", "epoch", "begin", "epoch", "epoch", "end"],
    )


def test_progress_is_told_every_few_seconds_only(tmp_path: Path) -> None:
    clock, asked = Clock(), []
    journal = Journal(tmp_path, clock)

    def tell() -> dict[str, float]:
        asked.append(clock.now)
        return {"speed": 2.0}

    for clock.now in (100.0, 100.0 + EVERY - 0.1, 100.0 + EVERY, 101.0 + EVERY):
        journal.progress(3, 9, tell)
    assert asked == [100.0 + EVERY]
    (line,) = read_journal(tmp_path)
    assert (line["event"], line["done"], line["total"], line["speed"]) == ("progress", 3, 9, 2.0)
    assert line["seconds"] == EVERY


def test_a_run_without_a_folder_writes_no_journal(tmp_path: Path) -> None:
    journal = Journal(None, Clock())
    journal.write("begin")
    journal.progress(1, 2, lambda: pytest.fail("nobody asked"))


def test_numbers_that_json_does_not_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Journal(tmp_path).write("epoch", validation_mse=float("nan"))
    assert read_journal(tmp_path) == []


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_text('{"event": "begin"}\nnonsense\n')
    with pytest.raises(ValueError, match="line of a journal must be JSON, not .*line 2"):
        read_journal(tmp_path)
