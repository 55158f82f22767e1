"""What a run writes for TensorBoard, read back with TensorBoard's own reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imsave
from torch.utils.tensorboard import SummaryWriter

from axonloop.host.configuration import NetworkSettings, RunSettings, Settings, TaskSettings
from axonloop.host.runs import TensorBoard, train
from axonloop.host.runs.tensorboard import _pixels
from tests.support.commands import refused

SETTINGS = Settings(
    NetworkSettings(layers=(16,)), TaskSettings(limit=6, ticks=16), run=RunSettings(epochs=2)
)


def events_of(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder))
    found.Reload()
    return found


def scalars(events: Any, tag: str) -> list[tuple[int, float]]:
    return [(each.step, each.value) for each in events.Scalars(tag)]


@pytest.mark.drawn
def test_the_history_by_its_names_and_the_pictures(tmp_path: Path) -> None:
    metrics = train(SETTINGS, out=tmp_path / "run", callbacks=[TensorBoard()])
    events = events_of(tmp_path / "run" / "tensorboard")
    for name in ("validation_accuracy", "visits"):
        steps, values = zip(*scalars(events, name), strict=True)
        assert steps == (1, 2)
        assert values == pytest.approx([entry[name] for entry in metrics["history"]])
    assert len(events.Scalars("layer_accuracies/1")) == 2
    ((step, value),) = scalars(events, "test_accuracy")
    assert step == 2
    assert value == pytest.approx(metrics["test_accuracy"])
    assert {"raster", "weights", "learning_curve"} <= set(events.Tags()["images"])


def test_a_picture_is_shown_without_its_alpha(tmp_path: Path) -> None:
    imsave(tmp_path / "clear.png", np.full((2, 3, 4), 0.5))
    assert _pixels(tmp_path / "clear.png").shape == (2, 3, 3)


@pytest.mark.slow
def test_a_resumed_run_goes_on_behind_its_epochs(tmp_path: Path) -> None:
    def stop(scored: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(SETTINGS, out=tmp_path / "run", after_epoch=stop, callbacks=[TensorBoard()])
    # A killed run may have told of an epoch that its checkpoint does not know.
    with SummaryWriter(str(tmp_path / "run" / "tensorboard")) as lost:
        lost.add_scalar("validation_accuracy", 0.25, 2)
    train(SETTINGS, out=tmp_path / "run", resume=True, callbacks=[TensorBoard()])
    events = events_of(tmp_path / "run" / "tensorboard")
    steps, values = zip(*scalars(events, "validation_accuracy"), strict=True)
    assert 0.25 not in values
    assert steps[-1] == 2
    assert list(steps) == sorted(set(steps))


def test_a_run_without_a_folder_needs_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="folder for TensorBoard must be given"):
        train(SETTINGS, callbacks=[TensorBoard()])
    train(SETTINGS, callbacks=[TensorBoard(tmp_path / "here")])
    assert scalars(events_of(tmp_path / "here"), "test_accuracy")


def test_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    out = tmp_path / "run"
    line = refused(
        capsys, "train", "digits", "--tensorboard", "--device", "golden", "--out", str(out)
    )
    assert line.startswith("tensorboard must be installed to write for it; pip install")
    assert not out.exists()
