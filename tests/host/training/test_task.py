"""Samples with targets, and how channels of sources reach the axons of a chip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from axonloop.host.configuration import NetworkSettings, Settings, TaskSettings
from axonloop.host.data import Part, generator, spike_encoder, split_digits
from axonloop.host.devices import GoldenDevice
from axonloop.host.network import (
    Network,
    Population,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
    uniform_weights,
)
from axonloop.host.training import EncodedPart, chip_config, lone_trainer
from axonloop.host.training.inputs import wire
from axonloop.models.config import ParameterSet

ENCODER = spike_encoder("latency", 10, 16, 1.0)
IMAGES = np.array([[16, 1, 0], [0, 0, 16]], dtype=np.int32)


def part(labels: object) -> Part:
    return Part(IMAGES, np.asarray(labels), np.array([7, 4]))


def test_a_part_is_samples() -> None:
    samples = EncodedPart(part([2, 0]), ENCODER, 3)
    assert len(samples) == 2
    assert [samples.target(k) for k in range(2)] == [2, 0]
    assert [samples.number(k) for k in range(2)] == [7, 4]
    raster = samples.raster(0, generator(1, 0))
    assert raster.shape == (10, 3)
    assert raster[0].tolist() == [True, False, False]
    assert raster.sum(0).tolist() == [1, 1, 0]


def test_rest_is_silence_behind_a_sample() -> None:
    samples = [EncodedPart(part([2, 0]), ENCODER, 3, rest) for rest in (0, 4)]
    plain, rested = [each.raster(0, generator(1, 0)) for each in samples]
    assert rested.shape == (14, 3)
    assert (rested[:10] == plain).all()
    assert not rested[10:].any()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 3], r"labels must be in 0\.\.2, not \[3\]"),
        ([-1, 0], r"labels must be in 0\.\.2, not"),
        ([0.0, 1.0], "labels must be whole numbers of an integer dtype, not"),
        ([0], "labels must be one for each of 2, not"),
    ],
)
def test_labels_that_cannot_be_are_refused(labels: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        EncodedPart(part(labels), ENCODER, 3)


@pytest.mark.parametrize("name", ["validation", "test"])
def test_an_empty_part_is_refused_before_training(name: str) -> None:
    settings, digits = (
        Settings(network=NetworkSettings(layers=(16,)), task=TaskSettings(limit=4)),
        split_digits(),
    )
    empty = replace(digits, **{name: getattr(digits, name).first(0)})
    with pytest.raises(ValueError, match="^samples (to score|for validation) must be at least 1"):
        lone_trainer(GoldenDevice(chip_config(settings)), settings, empty)


def test_a_delayed_projection_is_heard_late() -> None:
    """A source with one projection of delay 2 once was not heard at all."""
    weights = uniform_weights(generator(1, 0), 3, 4, 8)
    network = Network(
        (Source("in", 3),),
        (Population("out", 4, ParameterSet(), bias=False),),
        (Projection("in", "out", weights, delay=2),),
        1,
    )
    program = compile_network(network, smallest_geometry(network))
    raster = np.zeros((6, 3), dtype=bool)
    raster[0, 1] = raster[5, 2] = True
    found = np.zeros((6, program.config.axons), dtype=bool)
    wire(program, ["in"], raster, found)
    ticks, axons = found.nonzero()
    assert ticks.tolist() == [2]
    assert axons.tolist() == program.axons_of("in", [1], delay=2).tolist()


def test_channels_of_another_number_are_refused() -> None:
    settings = Settings(network=NetworkSettings(layers=(16,)))
    trainer = lone_trainer(GoldenDevice(chip_config(settings)), settings, split_digits())
    found = np.zeros((2, trainer.program.config.axons), dtype=bool)
    with pytest.raises(ValueError, match="^channels of a sample must be 64, not 65"):
        wire(trainer.program, ["pixels"], np.zeros((2, 65), dtype=bool), found)
