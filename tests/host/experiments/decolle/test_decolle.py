"""The experiments after DECOLLE: regression, and digits against updates and event rates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop.host.cli.app import MISTAKE, run
from axonloop.host.data import split_digits
from axonloop.host.experiments.decolle import digits as decolle_digits
from axonloop.host.experiments.decolle import regression_experiment as decolle_regression
from axonloop.host.experiments.decolle import variants as updates
from axonloop.host.experiments.decolle.regression import Regression
from axonloop.host.experiments.decolle.regression_picture import BARS
from axonloop.host.order import Order
from axonloop.host.pictures import save
from axonloop.host.studies import rates
from axonloop.host.training import POPULATION, learn_in_loop

TINY = Regression(
    epochs=2,
    ticks=30,
    inputs=8,
    neurons=8,
    lanes=4,
    rate=0.3,
    weight_span=60,
    eta_shifts=(5, 6, 6),
    scale=0.2,
    threshold=0.5,
    floor=0.05,
)
PNG = b"\x89PNG"
ROOT = Path(__file__).parents[4]


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


def test_regression_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(decolle_regression, "TASK", TINY)
    command = ["experiment", "decolle-regression", "--full"]
    assert run([*command, "--out", str(tmp_path / "run")]) == 0
    metrics = json.loads((tmp_path / "run" / "decolle-regression.json").read_text())
    errors = [each["errors"][-1] for each in metrics["runs"]]
    assert metrics["median_errors"] == np.median(errors, axis=0).tolist()
    assert [each["epochs"] for each in metrics["runs"]] == [[0, 1, 2]] * 3
    assert len({each["weight_hash"] for each in metrics["runs"]}) == 3
    assert "shown" not in metrics
    assert (tmp_path / "run" / "decolle-regression.png").read_bytes().startswith(PNG)
    assert f"{metrics['median_errors'][0]:.4f} (" in capsys.readouterr().out
    assert run([*command, "--device", POPULATION, "--out", str(tmp_path / "other")]) == MISTAKE
    assert "device must be one of golden," in capsys.readouterr().err


def test_regression_ends_alike_on_golden_and_batched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decolle_regression, "TASK", TINY)
    ends = []
    for device in ("golden", "batched"):
        metrics = decolle_regression.measure(Order(device), quiet)
        (one,) = metrics["runs"]
        ends.append((one["weight_hash"], one["errors"], one["counters"]))
    assert ends[0] == ends[1]
    assert ends[0][2]["updates"] > 100


def test_digits_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a handful of samples: the same on golden as in a population, and drawn."""
    for name, value in (("EPOCHS", 1), ("LOCAL_EPOCHS", 1)):
        monkeypatch.setattr(decolle_digits, name, value)
    monkeypatch.setattr(rates, "RATES", (0.003, 0.1))
    found = [decolle_digits.measure(Order(d, limit=5), quiet) for d in (POPULATION, "golden")]
    assert found[0] == found[1]
    metrics = found[0]
    dense, events = metrics["points"]
    assert [dense["name"], events["name"]] == list(decolle_digits.SHORT)
    assert dense["visits"] > 10 * events["visits"] > 0
    assert hashes(dense) != hashes(events)
    assert [point["rate"] for point in metrics["curve"]] == [0.003, 0.1]
    assert len(metrics["rows"]) == 4
    save(decolle_digits.draw(metrics), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)


def hashes(point: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["weight_hash"], one["spike_hash"]) for one in point["runs"]]


def test_a_full_run_takes_all_variants(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def learn(device: str, every: list[Any], *rest: Any) -> list[Any]:
        seen.append(every)
        short = [each.changed({"run": {"epochs": 1}}) for each in every]
        return learn_in_loop(device, short, *rest)

    monkeypatch.setattr(decolle_digits, "learn_in_loop", learn)
    monkeypatch.setattr(decolle_digits, "LOCAL_EPOCHS", 0)
    metrics = decolle_digits.measure(Order(POPULATION, full=True, limit=1), quiet)
    assert [point["name"] for point in metrics["points"]] == [v.name for v in updates.VARIANTS]
    seeds = [[each.run.seed for each in every] for every in seen]
    assert seeds == [[1, 2, 3]] * 9 + [[1, 2, 3] * 6]
    assert {each.run.epochs for every in seen[:9] for each in every} == {8}
    assert {each.run.epochs for each in seen[9]} == {3}


def test_the_yardstick_is_the_best_without_a_threshold() -> None:
    points = [
        {"full": True, "accuracy": 0.9, "visits": 10.0},
        {"full": True, "accuracy": 0.95, "visits": 30.0},
        {"full": True, "accuracy": 0.95, "visits": 20.0},
        {"full": False, "accuracy": 0.99, "visits": 5.0},
    ]
    assert updates.yardstick(points) is points[2]


@pytest.mark.slow
def test_digits_end_alike_on_rtl() -> None:
    settings = [updates.VARIANTS[-2].settings(seed=1, epochs=1, limit=6)]
    ends = [learn_in_loop(d, settings, None, split_digits(), quiet) for d in (POPULATION, "rtl")]
    assert ends[0] == ends[1]
    assert ends[0][0].counters["updates"] > 0


def test_the_results_of_regression_meet_the_bars() -> None:
    metrics = json.loads((ROOT / "docs" / "results" / "decolle-regression.json").read_text())
    assert len(metrics["runs"]) == 3
    for error, bar in zip(metrics["median_errors"], BARS, strict=True):
        assert error < bar


def test_the_results_of_digits_meet_the_bars() -> None:
    """Ternary events lose at most 0.7 points to the best dense errors, for a fiftieth of visits."""
    metrics = json.loads((ROOT / "docs" / "results" / "decolle-digits.json").read_text())
    dense = updates.yardstick(metrics["points"])
    chosen = next(p for p in metrics["points"] if p["name"] == decolle_digits.SHORT[1])
    assert metrics["epochs"] == 8
    assert chosen["accuracy"] >= dense["accuracy"] - 0.007
    assert chosen["visits"] * 50 < dense["visits"]
