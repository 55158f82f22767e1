"""The pictures: each is drawn whole, from what a run measured."""

from __future__ import annotations

from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from axonloop.host.configuration import ObjectiveSettings, Settings, TaskSettings
from axonloop.host.data import split_digits
from axonloop.host.devices import GoldenDevice
from axonloop.host.pictures import save
from axonloop.host.runs.pictures import draw_learning_curve, draw_raster, draw_weights, record
from axonloop.host.training import Trainer, chip_config, lone_trainer
from axonloop.models.protocol import Counter, Region

SETTINGS = Settings(task=TaskSettings(limit=5, ticks=30), objective=ObjectiveSettings(burn_in=10))


@pytest.fixture
def trainer() -> Trainer:
    return lone_trainer(GoldenDevice(chip_config(SETTINGS)), SETTINGS, split_digits())


def colours(path: Path) -> int:
    """How many different colours a picture has."""
    pixels = matplotlib.image.imread(path)
    return len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0))


def test_recording_is_what_the_device_did(trainer: Trainer, tmp_path: Path) -> None:
    device, theta = trainer.device, SETTINGS.network.parameters.theta
    trains = trainer.trains(trainer.test, 0)
    before = device.read_weights()
    recording = record(device, trainer.layers, trains, trainer.test.target(0))
    assert recording.potential.shape == (30, SETTINGS.network.layers[0])
    last = device.read(Region.MEMBRANE) - device.read(Region.RESET)
    assert (recording.potential[-1] == last / theta).all()
    fired = sum(len(spikes) for spikes in recording.spikes)
    assert fired == device.counters()[Counter.SPIKES] > 0
    assert [len(neurons) for neurons, _ in recording.errors[:10]] == [0] * 10
    assert sum(len(neurons) for neurons, _ in recording.errors) > 0
    assert (device.read_weights() == before).all()
    save(draw_raster(recording, 3, 4), tmp_path / "raster.png")
    assert colours(tmp_path / "raster.png") > 50


def test_silence_can_be_drawn(trainer: Trainer, tmp_path: Path) -> None:
    nothing = [np.empty(0, np.int32)] * 30
    trainer.device.load_weights(np.where(trainer.device.read_weights() >= 0, 0, -128))
    recording = record(trainer.device, trainer.layers, nothing, 0)
    assert not any(len(spikes) for spikes in recording.spikes)
    save(draw_raster(recording, 0, 0), tmp_path / "raster.png")
    assert colours(tmp_path / "raster.png") > 10


@pytest.mark.parametrize("tuned", [False, True])
@pytest.mark.parametrize("epochs", [1, 3])
def test_learning_curve(tmp_path: Path, epochs: int, tuned: bool) -> None:
    history = [
        {"layer_accuracies": [0.9 + epoch / 100], "errors": 100 * epoch + 5, "updates": 9 * epoch}
        for epoch in range(1, epochs + 1)
    ]
    save(draw_learning_curve(history, tuned, [0.95]), tmp_path / "curve.png")
    assert colours(tmp_path / "curve.png") > 50


@pytest.mark.parametrize("neurons", [1, 16, 40])
def test_weights(tmp_path: Path, neurons: int) -> None:
    weights = np.arange(16 * neurons, dtype=np.int32).reshape(16, neurons) % 200 - 100
    save(draw_weights(weights, 4, 127), tmp_path / "weights.png")
    assert colours(tmp_path / "weights.png") > 50


def test_a_curve_without_errors(tmp_path: Path) -> None:
    """Nothing to draw on a logarithmic scale; a warning would fail here."""
    history = [{"layer_accuracies": [0.5], "errors": 0, "updates": 0}] * 2
    save(draw_learning_curve(history, tuned=True, final=[0.5]), tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
