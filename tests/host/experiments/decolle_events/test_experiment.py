"""`decolle-events` in short: both sides, what is kept of them, rows and picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from axonloop.host.experiments.decolle_events import experiment, saccades
from axonloop.host.order import Order
from axonloop.host.pictures import save
from tests.support.events.inline_pool import Inline


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "ProcessPoolExecutor", Inline)
    monkeypatch.setattr(saccades, "TASK", replace(saccades.TASK, epochs=1))


def measured(folder: Path, **others: Any) -> tuple[dict[str, Any], list[int]]:
    told: list[int] = []
    order = Order(limit=8, jobs=2, folder=folder, **others)
    return saccades.measure(order, lambda what, done, total: told.append(done)), told


@pytest.mark.usefixtures("short")
def test_both_sides_run_once_and_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, told = measured(tmp_path / "out")
    assert told == [1, 2]
    assert [run["side"] for run in metrics["runs"]] == ["float", "chip"]
    assert all(len(run["validation"]) == 1 and len(run["test"]) == 3 for run in metrics["runs"])
    assert metrics["runs"][1]["counters"]["updates"] > 0
    assert [row.what.split(":")[0] for row in metrics["rows"]] == [
        *("layer 1", "layer 2", "layer 3"),
        *("layer 3 above layer 1", "layer 3 of the chip below float"),
    ]
    save(saccades.draw(json.loads(json.dumps(metrics, default=vars))), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    monkeypatch.setattr(experiment, "_trained", None)  # would fail if it ran again
    again, _ = measured(tmp_path / "out")
    assert again["runs"] == metrics["runs"]
    monkeypatch.setattr(saccades, "TASK", replace(saccades.TASK, epochs=2))
    with pytest.raises(ValueError, match=r"float-1.json in the folder must be of the same order"):
        measured(tmp_path / "out")


@pytest.mark.usefixtures("short")
def test_a_folder_without_the_real_set_is_told_what_belongs_there(tmp_path: Path) -> None:
    told = "a folder with Train and Test, and in both the folders 0 to 9 of .bin files"
    with pytest.raises(ValueError, match=told):
        measured(tmp_path / "out", data=str(tmp_path / "nowhere"))
