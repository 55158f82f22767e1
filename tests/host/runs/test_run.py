"""A run's folder: what there is to see while it trains, and after it was stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.devices import open_device
from axonloop.host.runs import HISTORY, METRICS, Run
from axonloop.host.runs.run import CURVE
from axonloop.host.training import chip_config
from axonloop.models.config import ParameterSet

SETTINGS = Settings(
    NetworkSettings(layers=(16,)),
    TaskSettings(limit=6, ticks=16),
    ObjectiveSettings(burn_in=4),
    RunSettings(epochs=3),
)
SAME = ("history", "warnings", "weight_hash", "spike_hash", "trace_hash")


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def trained(folder: Path, settings: Settings, resume: bool = False, stop: int = 0) -> list[Any]:
    """Run to the end, or until `stop` epochs are done; what the hook got."""
    heard: list[Any] = []

    def after_epoch(scored: dict[str, Any]) -> None:
        heard.append(scored)
        written = read(folder / HISTORY)
        assert written["epochs_done"] == len(written["history"]) > 0
        assert written["history"][-1] == scored
        assert written["epochs"] == settings.run.epochs
        assert (folder / CURVE).read_bytes().startswith(b"\x89PNG")
        if written["epochs_done"] == stop:
            raise KeyboardInterrupt

    with (
        open_device("golden", chip_config(settings)) as device,
        Run.open(folder, settings, device, resume) as run,
    ):
        run.train(quiet, after_epoch)
        run.finish(quiet)
    return heard


@pytest.mark.drawn
def test_the_history_grows_and_survives_an_interruption(tmp_path: Path) -> None:
    """What was scored can be read after each epoch, and a resumed run ends with the same."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    heard = trained(whole, SETTINGS)
    assert len(heard) == 3
    with pytest.raises(KeyboardInterrupt):
        trained(parts, SETTINGS, stop=2)
    assert not (parts / METRICS).exists()
    assert read(parts / HISTORY)["history"] == heard[:2]
    curve = (parts / CURVE).read_bytes()
    trained(parts, SETTINGS, resume=True)
    assert (parts / CURVE).read_bytes() != curve
    ends = [read(folder / METRICS) for folder in (whole, parts)]
    assert [ends[0][name] for name in SAME] == [ends[1][name] for name in SAME]
    assert ends[0]["history"] == heard == read(parts / HISTORY)["history"]


@pytest.mark.slow
@pytest.mark.drawn
def test_warnings_are_in_the_metrics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the last epoch, however the run came to its end; nothing is wrong with the defaults."""
    trained(tmp_path / "healthy", SETTINGS)
    assert read(tmp_path / "healthy" / METRICS)["warnings"] == []
    assert capsys.readouterr().err == ""
    dead = SETTINGS.changed({"network": {"parameters": ParameterSet(theta=32767)}})
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "dead", dead, stop=1)
    assert len(read(tmp_path / "dead" / HISTORY)["warnings"]) == 1
    trained(tmp_path / "dead", dead, resume=True)
    (text,) = read(tmp_path / "dead" / METRICS)["warnings"]
    assert text.startswith("layer1: 100% of the neurons were silent for a whole epoch; lower theta")
    assert capsys.readouterr().err == 2 * f"warning: {text}\n", "once by each process"
