"""The results page, and sections of other pages, made of the metrics that commands wrote."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from axonloop.host.bench import Figure
from axonloop.host.catalogue import CATALOGUE, pages_of
from axonloop.host.catalogue.results import page_of
from axonloop.host.catalogue.speed import LINES, TERMS
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
    pages = pages_of(DOCS / "results", DOCS / "results.md")
    others = {DOCS / "figures.md", DOCS / "batched.md", DOCS.parent / "README.md"}
    assert set(pages) == {DOCS / "results.md"} | others
    for path, text in pages.items():
        assert path.read_text() == text, "axonloop results writes it anew"
    for path in (DOCS / "results").iterdir():
        assert f"## {path.stem}\n" in pages[DOCS / "results.md"]


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


def measured(folder: Path, **more: Any) -> dict[str, Any]:
    """The figures on record, in a folder of their own beside a page that shows them all."""
    (folder / "results").mkdir()
    (folder / "figures.md").write_text("a\n<!-- speed: begin -->\n<!-- speed: end -->\nb")
    metrics = json.loads((DOCS / "results" / "bench.json").read_text()) | more
    (folder / "results" / "bench.json").write_text(json.dumps(metrics))
    return dict(metrics)


def test_figures_of_speed_come_from_the_file(tmp_path: Path) -> None:
    """They name the machine, and what was written by hand of it."""
    metrics = measured(tmp_path, machine="a machine", note="At rest.")
    for row in metrics["rows"]:
        row["value"] *= 2 if row["bench"] == "node" else 1
    (tmp_path / "results" / "bench.json").write_text(json.dumps(metrics))
    assert run(["results", "--folder", str(tmp_path / "results")]) == 0
    text = (tmp_path / "figures.md").read_text()
    assert text.startswith(
        "a\n<!-- speed: begin -->\n\nMeasured by `axonloop bench all`. Machine: "
    )
    assert "Machine: a machine. At rest.\n" in text
    assert "| 581 and 34, 58 and 0 | `axonloop bench node` |" in text
    assert text.endswith("\n\n<!-- speed: end -->\nb")
    assert text.count("| `axonloop bench ") == len(LINES)
    assert not (tmp_path / "batched.md").exists()


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.what[:30])
def test_a_figure_that_is_no_longer_in_the_file_is_named(line: Any, tmp_path: Path) -> None:
    """Of every line: without the rows of its bench, nothing is written."""
    rows = measured(tmp_path)["rows"]
    few = [row for row in rows if row["bench"] != line.bench]
    metrics = json.loads((DOCS / "results" / "bench.json").read_text()) | {"rows": few}
    with pytest.raises(ValueError, match=f"without .* of bench {line.bench}"):
        line.shown({})
    (tmp_path / "results" / "bench.json").write_text(json.dumps(metrics))
    assert run(["results", "--folder", str(tmp_path / "results")]) == MISTAKE
    assert not (tmp_path / "results.md").exists()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("golden", None, "without 'golden' of bench core"),
        ("cycles per SynOp", {"ratio": None}, "without a peer of 'cycles per SynOp' of bench core"),
    ],
)
def test_what_a_line_lacks_is_a_mistake(
    name: str,
    change: dict[str, Any] | None,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = measured(tmp_path)["rows"]
    kept = [row | (change or {}) if row["name"] == name else row for row in rows]
    measured_rows = [row for row in kept if change is not None or row["name"] != name]
    path = tmp_path / "results" / "bench.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"rows": measured_rows}))
    assert run(["results", "--folder", str(tmp_path / "results")]) == MISTAKE
    error = capsys.readouterr().err
    assert error.startswith("error: bench.json must be one with all figures that pages show, not ")
    assert message in error


def test_a_page_of_terms_needs_their_figures(tmp_path: Path) -> None:
    rows = measured(tmp_path)["rows"]
    (tmp_path / "figures.md").rename(tmp_path / "batched.md")
    page = (tmp_path / "batched.md").read_text().replace("speed:", "speed of terms:")
    (tmp_path / "batched.md").write_text(page)
    folder, results = tmp_path / "results", tmp_path / "results.md"
    assert pages_of(folder, results)[tmp_path / "batched.md"].count("| pair STDP, ") == 4
    few = [row for row in rows if not row["name"].startswith(TERMS)]
    path = folder / "bench.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"rows": few}))
    with pytest.raises(ValueError, match="without 'pair STDP, '"):
        pages_of(folder, results)
