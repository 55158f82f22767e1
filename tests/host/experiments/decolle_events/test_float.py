"""The float network of `decolle-events` is the chip's but for rounding, and learns locally."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from axonloop.host.data import SCORING, DataPart, open_data
from axonloop.host.experiments.decolle_events import gestures
from axonloop.host.experiments.decolle_events.float import (
    ConvolutionBlock,
    EventDescent,
    EventNetwork,
    descended,
)
from axonloop.host.experiments.decolle_events.saccades import TASK
from axonloop.host.experiments.decolle_events.task import sizes
from axonloop.host.training import OwnNetwork, Trainer, batch_trainer


@pytest.fixture(scope="module")
def trainer() -> Iterator[Trainer]:
    with open_data(TASK.description(limit=8)) as data:
        settings = replace(TASK, epochs=1, anneal=1).settings(1, data.description).fitted(data)
        yield batch_trainer(settings, data, 4, OwnNetwork(TASK.network(1)))


def test_the_network_is_as_large_as_its_page_says(trainer: Trainer) -> None:
    neurons, weights = zip(*sizes(TASK.network(1)), strict=True)
    assert (sum(neurons), sum(weights)) == (4032, 23952)
    (core,) = trainer.program.config.cores
    assert (core.geometry.neurons, core.geometry.kernel_rows) == (4032, 485)  # type: ignore[attr-defined]
    assert [shape.pool for shape in core.convolutions] == [2, 2, 1]


def test_its_spikes_are_the_chips_but_for_rounding(trainer: Trainer) -> None:
    part = trainer.train
    assert isinstance(part, DataPart)
    places = [0, 1, 2, 3]
    chip = trainer.response([part] * 4, places)
    network = EventNetwork(trainer)
    raster = network.raster(part, places, 1, SCORING)
    spikes = [torch.zeros(4, *block.shape) for block in network.blocks]
    same = np.zeros(len(spikes))
    with torch.no_grad():
        for tick, arriving in enumerate(raster):
            pairs = zip(network.blocks, [arriving, *spikes[:-1]], strict=True)
            spikes = [block(own)[0] for block, own in pairs]
            for k, own in enumerate(spikes):
                units = trainer.program.units_of(f"layer{k + 1}")
                found = chip[tick][:, units].any(-1)
                same[k] += (found == own.flatten(1).numpy().astype(bool)).mean() / len(raster)
    assert same[0] > 0.99
    assert min(same) > 0.92, same  # what differs once, differs on


def test_a_layer_learns_from_its_own_loss_alone(trainer: Trainer) -> None:
    blocks = [
        ConvolutionBlock(TASK.network(1), k, torch.ones(units, 10))
        for k, units in enumerate((576, 288))
    ]
    first, second = blocks
    spikes, _ = first(torch.ones(2, 2, 12, 12))
    _, said = second(spikes)
    said.sum().backward()
    assert first.weights.grad is None
    first.clear()
    _, said = first(torch.ones(2, 2, 12, 12))
    said.sum().backward()
    assert first.weights.grad is not None


def test_it_learns_in_all_layers(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "test", trainer.train)
    test, curve = descended(trainer, EventDescent(12, 4, 12, 8e-3))
    assert np.array(curve).shape == (12, 3)
    assert min(test) > 0.7, test


def test_every_sample_is_scored_once(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the last batch is a smaller one; here the answer is always the first class."""
    part, network, seen = trainer.train, EventNetwork(trainer), list[int]()
    assert isinstance(part, DataPart)

    def run(raster: torch.Tensor) -> list[torch.Tensor]:
        seen.append(raster.shape[1])
        votes = torch.zeros(raster.shape[1], 10)
        votes[:, 0] = 1
        return [votes] * 3

    monkeypatch.setattr(network, "run", run)
    share = float(np.mean([part.target(place) == 0 for place in range(8)]))
    for batch, sizes_of in ((3, [3, 3, 2]), (4, [4, 4])):
        seen.clear()
        assert network.accuracies(part, batch) == [share] * 3
        assert seen == sizes_of


def test_kernels_hear_what_came_as_late_as_they_ask() -> None:
    """The gestures' first layer: of a lone spike in tick 0 its second kernel hears in tick 3."""
    block = ConvolutionBlock(gestures.TASK.network(1), 0, torch.ones(576, 11))
    silent, spike = torch.zeros(1, 2, 12, 12), torch.ones(1, 2, 12, 12)
    heard = [block._delayed(own) for own in (spike, silent, silent, silent, silent)]
    assert [own.sum((0, 2, 3)).tolist() for own in heard] == [
        [144, 144, 0, 0],
        *([0, 0, 0, 0], [0, 0, 0, 0]),
        *([0, 0, 144, 144], [0, 0, 0, 0]),
    ]
