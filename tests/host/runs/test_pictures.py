"""The pictures: each is drawn whole, from what a run measured."""

from __future__ import annotations

from io import BytesIO

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from axonloop.host.configuration import ObjectiveSettings, Settings, TaskSettings
from axonloop.host.data import split_digits
from axonloop.host.devices import GoldenDevice
from axonloop.host.recorder import thresholds_of
from axonloop.host.runs.pictures import (
    draw_learning_curve,
    draw_outputs,
    draw_raster,
    draw_weights,
    record,
)
from axonloop.host.training import Trainer, chip_config, lone_trainer, program_of
from axonloop.models.protocol import Counter, Region

SETTINGS = Settings(task=TaskSettings(limit=5, ticks=30), objective=ObjectiveSettings(burn_in=10))


@pytest.fixture
def trainer() -> Trainer:
    return lone_trainer(GoldenDevice(chip_config(SETTINGS)), SETTINGS, split_digits())


def colours(picture: Figure) -> int:
    """How many different colours a picture has."""
    data = BytesIO()
    picture.savefig(data, format="png")
    pixels = matplotlib.image.imread(BytesIO(data.getvalue()))
    return len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0))


def test_recording_is_what_the_device_did(trainer: Trainer) -> None:
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
    assert colours(draw_raster(recording, "A digit 3")) > 50


def test_silence_can_be_drawn(trainer: Trainer) -> None:
    nothing = [np.empty(0, np.int32)] * 30
    trainer.device.load_weights(np.where(trainer.device.read_weights() >= 0, 0, -128))
    recording = record(trainer.device, trainer.layers, nothing, 0)
    assert not any(len(spikes) for spikes in recording.spikes)
    assert colours(draw_raster(recording, "A digit 0")) > 10


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("epochs", [1, 3])
def test_learning_curve(epochs: int, layers: int) -> None:
    """A line for every layer, in percent, and a mark where the test part was scored."""
    table = 0.5 + np.arange(epochs * layers).reshape(epochs, layers) / 100
    history = [
        {"layer_accuracies": list(row), "errors": 100 * k + 5, "updates": 9 * k}
        for k, row in enumerate(table, start=1)
    ]
    left, _ = draw_learning_curve(history, tuned=True).axes
    assert [line.get_ydata().tolist() for line in left.lines] == (100 * table.T).tolist()
    scored = draw_learning_curve(history, tuned=False, final=[0.9] * layers)
    marks = [line for line in scored.axes[0].lines if line.get_marker() == "D"]
    assert [mark.get_ydata().tolist() for mark in marks] == [[90.0]] * layers
    assert colours(scored) > 50


def test_a_learning_curve_of_errors() -> None:
    """As they are, without a limit; a line where the mean's error is."""
    history = [{"layer_mses": [2.5 / k], "errors": 7, "updates": 9 * k} for k in (1, 2)]
    left, _ = draw_learning_curve(history, tuned=True, final=[1.0], baseline=1.5).axes
    drawn = [np.asarray(line.get_ydata()).tolist() for line in left.lines]
    assert drawn == [[2.5, 1.25], [1.0], [1.5, 1.5]]
    assert left.get_ylabel() == "mean squared error"


@pytest.mark.parametrize("ticks", [None, 20])
def test_outputs_beside_their_targets(ticks: int | None) -> None:
    """An answer is marked where the target is one for all ticks."""
    outputs = np.arange(40.0).reshape(20, 2)
    target = outputs[-1] if ticks is None else -outputs
    (axes,) = draw_outputs(outputs, target, 5, "Sample 0").axes
    marks = [np.asarray(m.get_ydata()).tolist() for m in axes.lines if m.get_marker() == "D"]
    assert marks == ([[24.0], [25.0]] if ticks is None else [])
    assert np.asarray(axes.lines[1].get_ydata()).tolist() == (
        [38.0] * 20 if ticks is None else (-outputs[:, 0]).tolist()
    )


def test_cores_are_marked() -> None:
    """On a mesh every core has its name in both panels, and each neuron its own threshold."""
    settings = SETTINGS.changed({"network": {"layers": (32, 32), "mesh": "2x1"}})
    device = GoldenDevice(chip_config(settings))
    run = lone_trainer(device, settings, split_digits())
    recording = record(device, run.layers, run.trains(run.test, 0), 0)
    names = [
        [text.get_text() for text in axes.texts]
        for axes in draw_raster(recording, "A digit 0").axes
    ]
    assert names == [["core 0", "core 1"], ["core 0", "core 1"], []]
    deep = settings.changed({"network": {"deep": {"theta": 300}}})
    thetas = thresholds_of(chip_config(deep))
    neurons = program_of(deep).neurons
    assert set(thetas[neurons["layer1"]]) == {settings.network.parameters.theta}
    assert set(thetas[neurons["layer2"]]) == {300}


@pytest.mark.parametrize("neurons", [1, 16, 40])
def test_weights(neurons: int) -> None:
    weights = np.arange(16 * neurons, dtype=np.int32).reshape(16, neurons) % 200 - 100
    assert colours(draw_weights(weights, (4, 4), 127)) > 50


def test_a_curve_without_errors() -> None:
    """Nothing to draw on a logarithmic scale; a warning would fail here."""
    history = [{"layer_accuracies": [0.5], "errors": 0, "updates": 0}] * 2
    _, right = draw_learning_curve(history, tuned=True).axes
    assert right.get_yscale() == "linear"
