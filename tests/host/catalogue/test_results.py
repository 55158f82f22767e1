"""The results page, made of the metrics that experiments wrote."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from axonloop.host.bench import Figure
from axonloop.host.catalogue import CATALOGUE, page_of
from axonloop.host.cli.app import MISTAKE, run
from axonloop.host.experiments import PRINTS_NONE, ResultRow
from tests.support.contract import DOCS


def metrics_of(name: str = "memory") -> dict[str, Any]:
    return {
        "experiment": name,
        "source": "A paper",
        "command": f"axonloop experiment {name}",
        "device": None,
        "seconds": 12.3,
        "rows": [vars(ResultRow("one", "1", "2", "3"))],
    }


def test_the_page_is_made_of_the_metrics_beside_it() -> None:
    page = (DOCS / "results.md").read_text()
    assert page == page_of(DOCS / "results")
    for path in (DOCS / "results").iterdir():
        assert f"## {path.stem}\n" in page


def test_no_cell_of_a_paper_is_empty() -> None:
    for path in set((DOCS / "results").iterdir()) - {DOCS / "results" / "bench.json"}:
        rows = json.loads(path.read_text())["rows"]
        assert all(row["paper"].strip() for row in rows), path.name
    assert (ResultRow("one", "", "2").paper, ResultRow("one", "1", "2").paper) == (PRINTS_NONE, "1")


def test_a_page_lists_all_and_has_every_row(tmp_path: Path) -> None:
    (tmp_path / "memory.json").write_text(json.dumps(metrics_of()))
    assert run(["results", "--folder", str(tmp_path), "--out", str(tmp_path / "page.md")]) == 0
    lines = (tmp_path / "page.md").read_text().splitlines()
    assert "A paper. `axonloop experiment memory`, 12 s." in lines
    assert lines[-1] == "| one | 1 | 2 | 3 |"
    listed = [line.split(" | ")[0].strip("| ") for line in lines if line.startswith("| ")]
    assert listed == ["name", *CATALOGUE["experiment"], "what", "one"]


def test_the_benches_are_a_table_of_their_own(tmp_path: Path) -> None:
    """It names the machine: speed is not the same everywhere."""
    figure = asdict(Figure("cycles per SynOp", 0.0625, "", "at most 0.07", "ReckOn", 16.0))
    metrics = metrics_of() | {"machine": "a machine", "rows": [{"bench": "core"} | figure]}
    (tmp_path / "bench.json").write_text(json.dumps(metrics))
    lines = page_of(tmp_path).splitlines()
    assert lines[-7] == "## bench"
    assert lines[-5].endswith(", 12 s. Machine: a machine.")
    assert lines[-1].split(" | ")[:2] == ["| core", "cycles per SynOp"]
    assert lines[-1].endswith("| at most 0.07 | 16.0 x ReckOn |")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("bench", {}, "bench.json must be metrics of an experiment, not "),
        ("cats", {}, "results must be of memory, "),
        ("memory", {"rows": []}, "rows of memory.json must be one or more, not"),
        ("memory", None, "memory.json must be metrics of an experiment, not "),
    ],
)
def test_what_makes_no_page_leaves_the_old_one(
    name: str,
    change: dict[str, Any] | None,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, page = tmp_path / "found", tmp_path / "page.md"
    folder.mkdir()
    found = {} if change is None else metrics_of(name) | change
    (folder / f"{name}.json").write_text(json.dumps(found))
    page.write_text("good")
    assert run(["results", "--folder", str(folder), "--out", str(page)]) == MISTAKE
    assert capsys.readouterr().err.startswith(f"error: {message}")
    assert page.read_text() == "good"


def test_the_page_of_another_folder_is_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not over docs/results.md, which has the experiments of docs/results."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "memory.json").write_text(json.dumps(metrics_of()))
    assert run(["results", "--folder", "mine"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "mine.md"]
