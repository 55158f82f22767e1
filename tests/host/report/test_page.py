"""Reports: one file that holds everything, of a run and of several."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.configuration import Settings
from axonloop.host.energy import chip_energy
from axonloop.host.report import KEPT, REPORT, Kept, write_comparison, write_report
from axonloop.host.runs import train
from axonloop.host.version import __version__
from tests.support.commands import refused
from tests.support.outlines.pages import outline_of_page
from tests.support.outlines.recorded import Recorded

SMALL = {
    "network": {"layers": [16]},
    "task": {"limit": 12, "ticks": 20},
    "run": {"epochs": 2},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two finished runs, of seeds 1 and 2."""
    folder = tmp_path_factory.mktemp("runs")
    for seed in (1, 2):
        settings = Settings().changed(SMALL).changed({"run": {"seed": seed}})
        train(settings, out=folder / f"seed-{seed}")
    return {name: folder / name for name in ("seed-1", "seed-2")}


def loads(page: str) -> list[str]:
    """What a browser would fetch for a page: every address that is no data."""
    addresses = re.findall(r"<(?:script|link|img|iframe)[^>]*?(?:src|href)=\"([^\"]+)\"", page)
    return [address for address in addresses if not address.startswith("data:")]


def test_a_run_writes_its_report(runs: dict[str, Path]) -> None:
    path = runs["seed-1"] / REPORT
    page, metrics = path.read_text(), json.loads((runs["seed-1"] / "metrics.json").read_text())
    assert loads(page) == []
    assert path.stat().st_size < 5_000_000
    assert metrics["weight_hash"] in page
    assert f"{100 * metrics['test_accuracy']:.2f} %" in page
    assert f"{metrics['visits']:,}" in page
    assert str(chip_energy(metrics["counters"], 16)) in page
    changed = re.findall(r'<tr class="changed"><td><code>([\w.]+)', page)
    assert set(changed) == {"network.layers", "task.limit", "task.ticks", "run.epochs"}
    for title in ("Accuracy on the validation part", "Input spikes", "First weights"):
        assert title in page


@pytest.fixture
def timeless(runs: dict[str, Path], tmp_path: Path) -> list[Path]:
    """The runs again, with times that are always the same."""
    for name, path in runs.items():
        shutil.copytree(path, tmp_path / name)
        file = tmp_path / name / "metrics.json"
        times = {"device_us_per_tick": 300.0, "loss_us_per_tick": 21.5, "host_us_per_tick": 8.0}
        file.write_text(json.dumps(json.loads(file.read_text()) | {"seconds": 12.3, "time": times}))
    return [tmp_path / name for name in runs]


def test_all_that_a_report_says(timeless: list[Path], recorded: Recorded) -> None:
    page = write_report(timeless[0]).read_text()
    recorded.check("run", outline_of_page(page, __version__))


def test_all_that_a_comparison_says(
    timeless: list[Path], recorded: Recorded, tmp_path: Path
) -> None:
    page = write_comparison(timeless, tmp_path / "comparison.html").read_text()
    recorded.check("comparison", outline_of_page(page, __version__))


def test_four_runs_are_counted_in_the_title(timeless: list[Path], tmp_path: Path) -> None:
    """Three are named there."""
    for name in ("a", "b"):
        shutil.copytree(timeless[0], tmp_path / name)
    folders = [*timeless, tmp_path / "a", tmp_path / "b"]
    page = tmp_path / "comparison.html"
    assert "<h1>4 runs</h1>" in write_comparison(folders, page).read_text()
    assert "<h1>seed-1 and seed-2 and a</h1>" in write_comparison(folders[:3], page).read_text()


@pytest.mark.drawn
def test_numbers_of_own_data(tmp_path: Path) -> None:
    """Their page shows the outputs, and no usual value of [data] as one that was changed."""
    random = np.random.default_rng(1)
    np.savez(tmp_path / "set.npz", inputs=random.random((20, 8)), targets=random.random(20))
    data = {"path": str(tmp_path / "set.npz"), "target": "numbers", "ticks": 16}
    train(Settings().changed({"network": {"layers": [8]}, "data": data}), out=tmp_path / "run")
    page = (tmp_path / "run" / REPORT).read_text()
    assert loads(page) == []
    assert page.count('<img alt="Outputs') == 1
    changed = re.findall(r'<tr class="changed"><td><code>(data[\w.]+)', page)
    assert changed[: len(changed) // 2] == [f"data.{name}" for name in data]


def test_the_kept_numbers_are_the_runs(runs: dict[str, Path]) -> None:
    kept = Kept.load(runs["seed-1"])
    metrics = json.loads((runs["seed-1"] / "metrics.json").read_text())
    assert kept.before.shape == kept.after.shape == (64, 16)
    assert (kept.before != kept.after).any()
    assert kept.image == (8, 8)
    assert kept.sample.potential.shape[0] == 20
    assert kept.sample.errors.shape[1] == 3
    assert metrics["updates"] > 0


def test_two_runs_are_compared(runs: dict[str, Path], tmp_path: Path) -> None:
    page = write_comparison(list(runs.values()), tmp_path / "c.html").read_text()
    assert loads(page) == []
    differing = page.split("Settings that differ")[1].split("Hashes")[0]
    assert re.findall(r"<code>([\w.]+)</code>", differing) == ["run.seed"]
    assert page.count("not the same") == 3
    for path in runs.values():
        assert json.loads((path / "metrics.json").read_text())["weight_hash"][:16] in page


def test_equal_runs_are_told_to_be(runs: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(runs["seed-1"], tmp_path / "again")
    page = write_comparison([runs["seed-1"], tmp_path / "again"], tmp_path / "c.html").read_text()
    assert "not the same" not in page
    assert page.count("the same") == 3


def test_the_command_says_where_the_page_is(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from axonloop.host.cli.app import run

    out = tmp_path / "page.html"
    assert run(["report", str(runs["seed-1"]), "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert loads(out.read_text()) == []
    assert refused(capsys, "report", str(tmp_path)).startswith("run folder must be a finished")


def test_a_damaged_folder_is_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(runs["seed-1"], broken)
    (broken / REPORT).unlink()
    (broken / KEPT).write_bytes((broken / KEPT).read_bytes()[:200])
    with pytest.raises(ValueError, match="kept.npz must be whole"):
        write_report(broken)
    assert not (broken / REPORT).exists()
    with pytest.raises(ValueError, match="run folder must be a finished run's"):
        write_report(tmp_path)
    with pytest.raises(ValueError, match="names of run folders must be all different"):
        write_comparison([runs["seed-1"]] * 2, tmp_path / "c.html")


def test_accuracy_and_error_share_no_axis(runs: dict[str, Path], tmp_path: Path) -> None:
    """A run of classes beside one of numbers: figures and settings, but no curves."""
    other = tmp_path / "numbers"
    shutil.copytree(runs["seed-2"], other)
    text = (other / "metrics.json").read_text()
    for before, after in (("_accuracy", "_mse"), ("_accuracies", "_mses")):
        text = text.replace(before, after)
    (other / "metrics.json").write_text(text)
    page = write_comparison([runs["seed-1"], other], tmp_path / "c.html").read_text()
    assert "mean squared error, test part" in page
    assert "accuracy, test part" in page
    assert "<h2>Learning</h2>" not in page
