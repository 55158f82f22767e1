"""Callbacks: when they are called, what they may do, and how they end a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop import Callback, Settings, record, train
from axonloop.host.devices import Device
from axonloop.host.runs import CHECKPOINT, METRICS, Run, load_checkpoint
from axonloop.models.protocol import Region
from tests.support.contract import DOCS, examples

SETTINGS = Settings().changed(
    {
        "network": {"layers": (16,)},
        "task": {"limit": 6, "ticks": 14},
        "objective": {"burn_in": 4, "latency": 2},
        "run": {"epochs": 2},
    }
)
SAME = ("weight_hash", "spike_hash", "test_accuracy", "history")


class Listener(Callback):
    """Notes its calls; the device is at rest in all of them."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def note(self, run: Run, what: Any) -> None:
        assert run.trainer.at_rest
        assert run.trainer.device.read(Region.SPIKE).shape == (16,)
        self.calls.append(what)

    def on_begin(self, run: Run) -> None:
        self.note(run, "begin")

    def on_sample(self, run: Run, done: int, total: int) -> None:
        self.note(run, (done, total))

    def on_epoch(self, run: Run, scored: dict[str, Any]) -> None:
        self.note(run, scored["validation_accuracy"])

    def on_end(self, run: Run, metrics: dict[str, Any]) -> None:
        self.note(run, metrics["weight_hash"])


class Stopper(Callback):
    """Stops after so many samples or epochs, by False or by an error."""

    def __init__(self, samples: int = 0, epochs: int = 0, error: bool = False) -> None:
        self.samples, self.epochs, self.error = samples, epochs, error

    def on_sample(self, run: Run, done: int, total: int) -> bool:
        return self.goes_on(done != self.samples)

    def on_epoch(self, run: Run, scored: dict[str, Any]) -> bool:
        return self.goes_on(run.trainer.position.epoch != self.epochs)

    def goes_on(self, on: bool) -> bool:
        if not on and self.error:
            raise KeyError("a callback's own")
        return on


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs draw nothing: pictures take longer than these runs."""
    for name in ("_draw", "_draw_curve"):
        monkeypatch.setattr(Run, name, lambda *given: None)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return train(SETTINGS)


def same(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    return all(found[name] == expected[name] for name in SAME)


def test_calls_come_in_order_and_change_nothing(expected: dict[str, Any]) -> None:
    listener = Listener()
    found = train(SETTINGS, callbacks=[listener, Callback()])
    assert same(found, expected)
    first, second = (entry["validation_accuracy"] for entry in found["history"])
    samples = [(done, 12) for done in range(1, 13)]
    ends = ["begin", *samples[:6], first, *samples[6:], second, found["weight_hash"]]
    assert listener.calls == ends


@pytest.mark.parametrize("where", [{"samples": 5}, {"samples": 6}, {"epochs": 1}])
def test_false_ends_the_training_early(
    where: dict[str, int], tmp_path: Path, expected: dict[str, Any]
) -> None:
    """What was trained is scored and written, and the run can still go on."""
    found = train(SETTINGS, out=tmp_path / "run", callbacks=[Stopper(**where)])
    assert (tmp_path / "run" / METRICS).exists()
    assert len(found["history"]) == where.get("epochs", 0)
    assert found["time"]["host_us_per_tick"] > 0
    assert found["weight_hash"] != expected["weight_hash"]
    position = load_checkpoint(tmp_path / "run" / CHECKPOINT)["position"]
    assert position["sample"] == where.get("samples", 0)
    assert same(train(SETTINGS, out=tmp_path / "run", resume=True), expected)


@pytest.mark.parametrize("where", [{"samples": 4}, {"epochs": 1}])
def test_an_error_leaves_a_run_that_goes_on_from_there(
    where: dict[str, int], tmp_path: Path, expected: dict[str, Any]
) -> None:
    with pytest.raises(KeyError, match="a callback's own"):
        train(SETTINGS, out=tmp_path / "run", callbacks=[Stopper(**where, error=True)])
    assert not (tmp_path / "run" / METRICS).exists()
    position = load_checkpoint(tmp_path / "run" / CHECKPOINT)["position"]
    assert (position["epoch"], position["sample"]) == (
        where.get("epochs", 0),
        where.get("samples", 0),
    )
    assert same(train(SETTINGS, out=tmp_path / "run", resume=True), expected)


def test_a_callback_may_record(expected: dict[str, Any]) -> None:
    """State of a sample that is shown between two epochs; the device is put back."""
    found = []

    class Looking(Callback):
        def on_epoch(self, run: Run, scored: dict[str, Any]) -> None:
            device: Device = run.trainer.device
            before = device.snapshot()
            recorder = record(device, run.trainer.program, ["membrane"])
            recorder.clear()
            recorder.run(run.trainer.trains(run.trainer.test, 0))
            found.append(recorder.record["membrane"])
            device.restore(before)

    assert same(train(SETTINGS, callbacks=[Looking()]), expected)
    assert [each.shape for each in found] == [(14, 16), (14, 16)]
    assert not np.array_equal(*found)


def test_the_pages_callback_stops_early(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = examples(DOCS / "training.md")
    exec(compile(block, "training.md", "exec"), {})
    assert capsys.readouterr().out == "True\n"
