"""`axonloop sweep` as a user gives it, with the jobs in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from axonloop.host.cli import sweep as command
from axonloop.host.cli.app import INTERRUPTED, run
from axonloop.host.runs import Run
from axonloop.host.sweep import InProcess, JobOutcome
from axonloop.host.sweep.ray_cluster import RayCluster
from tests.support.commands import refused
from tests.support.outlines.recorded import Recorded
from tests.support.sweeps.small import table, written

pytest.importorskip("pyarrow", reason="the extra sweep is not installed")
GRID = "[sweep.grid]\nobjective.threshold = [2.0, 6.0]\n"


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs run in this process, and runs draw nothing."""
    monkeypatch.setattr(command, "RayCluster", lambda jobs, address, boards: InProcess(boards))
    for name in ("_draw", "_draw_curve"):
        monkeypatch.setattr(Run, name, lambda *given: None)


def test_it_prints_the_combinations_and_the_chosen_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = written(tmp_path / "sweep.toml", GRID), tmp_path / "out"
    results = tmp_path / "results.json"
    assert run(["sweep", str(file), "--out", str(out), "--json", str(results)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split() == ["combination", "threshold", "validation", "accuracy", "trials"]
    assert sorted(line.split()[1] for line in printed[1:3]) == ["2.0", "6.0"]
    assert printed[3].startswith("chosen combination")
    assert json.loads(results.read_text())["trials"] == 3
    assert len(table(out)) == 3


@pytest.mark.parametrize("measure", ["validation_accuracy", "validation_mse"])
def test_all_that_is_printed_of_a_sweep(
    measure: str, capsys: pytest.CaptureFixture[str], recorded: Recorded
) -> None:
    """The best first, no unfinished one, and no more than some."""
    test = measure.replace("validation", "test")
    combinations = [
        {
            "combination": number,
            "values": {"network.parameters.theta": 100 * number, "run.epochs": 3},
            "mean": (7 * number % 13) / 13,
            "done": 1 + (number != 5),
            "trials": 2,
        }
        for number in range(13)
    ]
    chosen = {"combination": 4, measure: 0.75, test: 0.625, "of_each": [0.5, 0.75]}
    results = {"measure": measure, "combinations": combinations, "chosen": chosen, "failed": {}}
    command.print_sweep(results)
    recorded.check(f"sweep-by-{measure}", capsys.readouterr().out)


def test_ctrl_c_says_how_it_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: InProcess) -> JobOutcome:
        raise KeyboardInterrupt

    monkeypatch.setattr(InProcess, "wait", stop)
    file = written(tmp_path / "sweep.toml", GRID)
    assert run(["sweep", str(file), "--out", str(tmp_path / "out")]) == INTERRUPTED
    assert "stopped; the same command goes on with the sweep" in capsys.readouterr().err


def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "missing.toml")
    capsys.readouterr()
    assert run(["sweep", missing, "--out", str(tmp_path / "out")]) == 2
    assert "missing.toml must be there, not missing" in capsys.readouterr().err
    both = ("sweep", missing, "--jobs", "2", "--address", "auto")
    assert refused(capsys, *both).startswith("jobs must be left out with --address")


def test_ray_must_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setattr("os.environ", {})
    with pytest.raises(ValueError, match="^ray must be installed for sweeps; pip install"):
        RayCluster(1)
