"""Runs in a table: those that are done, under way and stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from axonloop.host.cli.app import run as command
from axonloop.host.configuration import NetworkSettings, RunSettings, Settings, TaskSettings
from axonloop.host.runs import METRICS, RunState, RunSummary, find_runs, train
from axonloop.host.runs.lock import locked_folder

SETTINGS = Settings(
    NetworkSettings(layers=(16,)), TaskSettings(limit=6, ticks=16), run=RunSettings(epochs=2)
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that is done, `whole`, and one stopped behind its epoch, `half`."""
    folder = tmp_path_factory.mktemp("runs")
    train(SETTINGS, out=folder / "whole")

    def stop(scored: dict[str, object]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(SETTINGS, out=folder / "half", after_epoch=stop)
    return folder


def test_a_run_that_is_done_tells_how_it_did(runs: Path) -> None:
    found = RunSummary.read(runs / "whole")
    metrics = json.loads((runs / "whole" / METRICS).read_text())
    assert (found.state, found.epochs_done, found.device) == (RunState.DONE, 2, "golden")
    assert found.scores["test_accuracy"] == metrics["test_accuracy"]
    assert found.scores["validation_accuracy"] == metrics["history"][-1]["validation_accuracy"]
    assert (found.weight_hash, found.trains) == (metrics["weight_hash"], "digits")


def test_a_run_that_was_stopped_tells_how_far_it_is(runs: Path) -> None:
    found = RunSummary.read(runs / "half")
    assert (found.state, found.epochs_done, found.device) == (RunState.STOPPED, 1, "golden")
    assert set(found.scores) == {"validation_accuracy"}
    assert found.weight_hash == ""


@pytest.mark.slow
def test_a_run_that_is_resumed_to_more_epochs_is_not_done(runs: Path, tmp_path: Path) -> None:
    def stop(scored: dict[str, object]) -> None:
        raise KeyboardInterrupt

    train(SETTINGS, out=tmp_path / "more")
    with pytest.raises(KeyboardInterrupt):
        train(SETTINGS, out=tmp_path / "more", epochs=4, resume=True, after_epoch=stop)
    found = RunSummary.read(tmp_path / "more")
    assert (found.state, found.epochs_done, found.weight_hash) == (RunState.STOPPED, 3, "")


def test_a_folder_that_is_locked_is_running(runs: Path) -> None:
    with locked_folder(runs / "half"):
        assert RunSummary.read(runs / "half").state is RunState.RUNNING
    assert RunSummary.read(runs / "half").state is RunState.STOPPED


def test_runs_are_found_in_folders_and_by_name(runs: Path, tmp_path: Path) -> None:
    both = [runs / "half", runs / "whole"]
    assert find_runs([runs]) == find_runs([runs, runs / "half"]) == both
    assert find_runs([runs / "half"]) == both[:1]
    assert find_runs([tmp_path]) == []
    with pytest.raises(ValueError, match="folder of runs must be one that exists"):
        find_runs([tmp_path / "none"])


def test_the_command_lists_runs_and_names_a_broken_one(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{")
    assert command(["runs", str(runs), str(broken), "--json", str(tmp_path / "runs.json")]) == 0
    told = capsys.readouterr()
    assert f"{runs / 'half'}" in told.out
    assert "1 of 2" in told.out
    assert "stopped" in told.out
    assert f"left out {broken}: config.json must be a JSON file" in told.err
    listed = json.loads((tmp_path / "runs.json").read_text())["runs"]
    assert [row["run"] for row in listed] == [str(runs / "whole"), str(runs / "half")]
