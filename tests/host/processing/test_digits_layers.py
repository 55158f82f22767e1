"""Layered digits networks: settings, placement, strategies of feedback, processing cores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.data import split_digits
from axonloop.host.devices import GoldenDevice, RtlDevice, weight_hash
from axonloop.host.processing import ProcessingCore
from axonloop.host.runs import load_checkpoint
from axonloop.host.runs.checkpoint import save_checkpoint
from axonloop.host.runs.network_report import channel_of, rates_of
from axonloop.host.training import Trainer, chip_config, lone_trainer, program_of
from axonloop.host.training.from_settings import layers_of
from axonloop.host.training.inputs import wire

DIGITS = split_digits()
SMALL = Settings(
    network=NetworkSettings(layers=(16, 8), mesh="2x2", lanes=4),
    task=TaskSettings(limit=6, ticks=20, tune=True),
    objective=ObjectiveSettings(burn_in=5),
    run=RunSettings(epochs=1),
)


def trained(settings: Settings, kind=GoldenDevice) -> Trainer:
    trainer = lone_trainer(kind(chip_config(settings)), settings, DIGITS)
    trainer.run()
    return trainer


def hashes(trainer: Trainer) -> tuple[str, str]:
    weights = trainer.device.read_weights()
    return weight_hash(weights, trainer.device.config.geometry), trainer.spike_hashes()[0]


@pytest.mark.slow
def test_two_layers_learn_alike_on_golden_and_rtl() -> None:
    golden, rtl = trained(SMALL), trained(SMALL, RtlDevice)
    assert hashes(golden) == hashes(rtl)
    assert golden.position == rtl.position
    assert golden.copies.counters() == rtl.copies.counters()
    assert golden.copies.counters()[0]["south"] > 0
    rtl.device.close()


@pytest.mark.parametrize("strategy", ["local", "direct", "symmetric"])
def test_every_strategy_teaches_the_first_layer(strategy: str) -> None:
    settings = SMALL.changed({"objective": {"strategy": strategy, "threshold": 1.0}})
    trainer = trained(settings)
    program = trainer.program
    first, upper = program.plan.network.projections
    after = trainer.device.read_weights()
    assert (program.weights_of(first, after) != first.weights).any()
    assert (program.weights_of(upper, after) != upper.weights).any() == (strategy != "symmetric")
    readers = list(trainer.layers.readers)
    assert readers == (["layer1", "layer2"] if strategy == "local" else ["layer2"])
    assert len(trainer.position.history[0]["layer_accuracies"]) == len(readers)


def test_layers_go_on_from_a_checkpoint(tmp_path: Path) -> None:
    settings = SMALL.changed({"objective": {"latency": 1}})
    whole = trained(settings)
    first = lone_trainer(GoldenDevice(chip_config(settings)), settings, DIGITS)
    path = tmp_path / "checkpoint.npz"

    def save_third() -> None:
        if first.position.sample == 3:
            save_checkpoint(path, first.state())

    first.run(save_third)
    second = lone_trainer(GoldenDevice(chip_config(settings)), settings, DIGITS)
    second.restore(load_checkpoint(path))
    second.run()
    assert hashes(second) == hashes(whole) == hashes(first)
    for name in ("spikes", "errors", "ticks", "overtaken"):
        assert getattr(second.layers, name) == getattr(whole.layers, name)


def test_spikes_find_their_layer_and_errors_their_neurons() -> None:
    program = program_of(SMALL)
    layers = layers_of([SMALL.changed({"objective": {"burn_in": 0}})], [program])
    for layer in layers.layers:
        raster = np.zeros((1, 1, program.config.neurons), dtype=bool)
        raster[0, 0, program.neurons[layer.name][3]] = True
        for name, votes in zip(layers.readers, layers.votes(raster), strict=True):
            own = layers.readers[name].readout.weights[0, :, 3]
            assert votes[0].tolist() == (own.tolist() if name == layer.name else [0] * len(own))


def test_a_step_is_that_of_every_layer_alone() -> None:
    """Each layer's core, fed with its share, sends what the whole sends for its neurons."""
    settings = SMALL.changed({"objective": {"threshold": 0.25}})
    program = program_of(settings)
    whole, alone = (layers_of([settings], [program]) for _ in range(2))
    whole.begin([3])
    alone.begin([3])
    rng, sent = np.random.default_rng(0), 0
    for _ in range(settings.task.ticks):
        spikes = rng.random((1, program.config.neurons)) < 0.3
        events, expected = whole.step(spikes), np.zeros(spikes.shape, np.int64)
        for layer in alone.layers:
            assert isinstance(layer.teacher, ProcessingCore)
            own = program.neurons[layer.name]
            errors = layer.teacher.step(spikes[:, own])
            expected[:, own] = 0 if errors is None else errors
        assert events.ungated is None
        found = np.zeros_like(expected) if events.gated is None else events.gated
        assert found.tolist() == expected.tolist()
        sent += np.count_nonzero(expected)
    assert sent > 0


def test_a_split_layer_hears_its_pixels_on_every_core() -> None:
    settings = SMALL.changed({"network": {"layers": (16,)}})
    trainer = lone_trainer(GoldenDevice(chip_config(settings)), settings, DIGITS)
    raster = np.zeros((1, 64), dtype=bool)
    raster[0, [5, 63]] = True
    found = np.zeros((1, trainer.program.config.axons), dtype=bool)
    wire(trainer.program, ["pixels"], raster, found)
    (axons,) = found[0].nonzero()
    each = trainer.program.geometry.axons
    assert sorted(axons.tolist()) == sorted(c * each + p for c in range(4) for p in (5, 63))


def test_channel_counts_what_crossed() -> None:
    trainer = trained(SMALL)
    layers = trainer.layers
    assert layers.ticks == SMALL.task.ticks * 6
    channel = channel_of(trainer.program, layers, SMALL.objective.strategy)
    events = {(e.variable.symbol, e.variable.owner): e.events * layers.ticks for e in channel.edges}
    for k, name in enumerate(("layer1", "layer2")):
        assert round(events["S", name], 6) == layers.spikes[k]
        assert round(events["E", name], 6) == layers.errors[k]
    assert sum(layers.errors) == trainer.copies.counters()[0]["errors"]
    spikes, errors = rates_of(trainer.program, layers)
    assert 0 < spikes["layer1"] < 1
    assert 0 < errors["layer1"] < 1
