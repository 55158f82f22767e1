"""Depth in short: the same bits on every device, and that layers hear no errors but their own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from axonloop.host.configuration import Settings
from axonloop.host.data import Digits
from axonloop.host.experiments.depth import experiment as depth
from axonloop.host.experiments.depth.float import FloatChain, FloatDescent, descended
from axonloop.host.experiments.recurrence import chip as recurrence_chip
from axonloop.host.order import Order
from axonloop.host.pictures import save
from axonloop.host.training import POPULATION

PNG = b"\x89PNG"
ROOT = Path(__file__).parents[3]


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few manifolds, and narrow layers."""
    task = replace(recurrence_chip.TASK, classes=3, each=6, validation=2, test=2, smoothness=2.0)
    monkeypatch.setattr(recurrence_chip, "TASK", task)
    monkeypatch.setattr(depth, "LAYERS", (8, 8, 8))
    monkeypatch.setattr(depth, "WIDE", (24,))
    monkeypatch.setattr(depth, "EPOCHS", 1)
    monkeypatch.setattr(depth, "DESCENT", FloatDescent(epochs=1))


def tiny(epochs: int = 1) -> tuple[Settings, Digits]:
    """A chain of three layers, which the RTL compiles fast, and its data."""
    settings = depth.settings_of((8, 8, 8), 4, epochs, 12)
    return settings.changed({"network": {"lanes": 4, "deep_span": 900}}), recurrence_chip.data_of(4)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    "device", ["batched", "golden", pytest.param("rtl", marks=pytest.mark.slow)]
)
def test_chains_end_alike(device: str) -> None:
    settings, data = tiny()
    (there,) = depth.learned(POPULATION, [settings], [data], quiet)
    assert depth.learned(device, [settings], [data], quiet) == [there]
    assert there.counters["updates"] > 0
    assert len(there.accuracies) == 3


@pytest.mark.usefixtures("short")
def test_depth_in_short(tmp_path: Path) -> None:
    metrics = depth.measure(Order(POPULATION, limit=9), quiet)
    assert [len(metrics["float"][name][0]) for name in ("chain", "wide")] == [3, 1]
    save(depth.draw(metrics), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)


@pytest.mark.usefixtures("short")
def test_layers_of_the_float_chain_learn_apart() -> None:
    """The gradient of a layer is the same whatever readout the layers behind it have."""
    settings, data = tiny()
    gradients = []
    for sign in (1, -1):
        chain = FloatChain(settings)
        for block in chain.blocks[1:]:
            block.readout *= sign
        labels = torch.from_numpy(data.train.labels).long()
        chain.run(chain.raster(data.train), labels)
        gradients.append([block.weights.grad.clone() for block in chain.blocks])
    assert torch.equal(gradients[0][0], gradients[1][0])
    assert gradients[0][0].abs().sum() > 0
    assert not torch.equal(gradients[0][1], gradients[1][1])


@pytest.mark.usefixtures("short")
def test_a_float_chain_learns() -> None:
    """At least its first layer, on the training part; the others hear few spikes."""
    settings, data = tiny()
    whole = replace(data, validation=data.train, test=data.train)
    before = FloatChain(settings).accuracies(data.train)
    after = descended(settings, whole, FloatDescent(epochs=12, batch=6, rate=3e-2), quiet)
    assert after[0] > 0.5 > before[0]


@pytest.mark.usefixtures("short")
def test_a_spike_reaches_the_next_layer_a_tick_later() -> None:
    settings, _ = tiny()
    chain = FloatChain(settings)
    for block in chain.blocks:
        block.weights.data.fill_(5.0)
        block.readout.fill_(1.0)
    raster = torch.zeros(settings.task.ticks, 1, settings.task.inputs)
    votes_at = []
    for start in range(settings.task.ticks - 3, settings.task.ticks):
        raster.zero_()
        raster[start] = 1
        votes_at.append([bool(own.abs().sum() > 0) for own in chain.run(raster)])
    assert votes_at == [[True, True, True], [True, True, False], [True, False, False]]


def test_the_results_of_depth_meet_the_bar() -> None:
    metrics = json.loads((ROOT / "docs" / "results" / "depth.json").read_text())
    layers = np.array([run["accuracies"] for run in metrics["chip"]["chain"]])
    assert len(layers) == 3
    assert layers[:, 2].mean() >= layers[:, 0].mean() + 0.02
