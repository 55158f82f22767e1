"""The page of an experiment: its tables and what it was made with, and nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axonloop.host.console import Column
from axonloop.host.report import write_results_report
from axonloop.host.version import __version__
from tests.support.outlines.pages import outline_of_page
from tests.support.outlines.recorded import Recorded

COLUMNS = {"rows": (Column("network"), Column("accuracy"), Column("note"))}
METRICS: dict[str, Any] = {
    "experiment": "trial",
    "source": "A <paper>",
    "command": "axonloop experiment trial",
    "device": None,
    "seeds": [1, 2],
    "full": True,
    "seconds": 12.34,
    "rows": [{"network": "one", "accuracy": 0.5}, {"network": "two", "accuracy": 12345}],
    "layers": [12, 3],
    "curve": {"x": [1.0]},
    "hash": "c0ffee",
}


def page_of(tmp_path: Path) -> str:
    path = tmp_path / "report.html"
    assert write_results_report(path, "trial", "What it shows", METRICS, COLUMNS) == path
    return path.read_text()


def test_all_that_the_page_says(tmp_path: Path, recorded: Recorded) -> None:
    recorded.check("results", outline_of_page(page_of(tmp_path), __version__))


def test_tables_are_shown_as_the_command_prints_them(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert '<th class="number">accuracy</th>' in page
    assert '<td class="number">12,345</td>' in page
    assert "<th>network</th>" in page
    assert "<th>note</th>" not in page  # no row has one


def test_what_else_was_measured_stands_below(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    made, others = page.split("<h2>How it was made</h2>")[1].split("<h2>Also measured</h2>")
    assert "<code>axonloop experiment trial</code>" in made
    assert "<td>1, 2</td>" in made
    assert "device" not in made
    assert "<td>12, 3</td>" in others
    assert "c0ffee" in others
    for known in ("curve", "experiment", "seconds", "full"):
        assert f"<th>{known}</th>" not in others


def test_the_page_is_small_and_escapes_texts(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert "A &lt;paper&gt;" in page
    assert len(page) < 10_000
    assert "<script" not in page
