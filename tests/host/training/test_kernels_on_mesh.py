"""Kernels spread over a mesh by their channels learn the same bits on every device."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.host.configuration import Settings
from axonloop.host.devices import Device, TraceHash, open_device
from axonloop.host.network import (
    Convolution,
    Network,
    Population,
    Projection,
    Source,
    uniform_kernel,
    uniform_weights,
)
from axonloop.host.training import OwnNetwork, chip_config, lone_trainer
from axonloop.models.protocol import Counter, state_regions
from tests.host.training.test_convolutions import DIGITS, NEURON, settings

PORTS = (Counter.NORTH, Counter.EAST, Counter.SOUTH, Counter.WEST)
RNG = np.random.default_rng(5)
NETWORK = Network(
    (Source.image("pixels", (1, 8, 8)),),
    (
        Population.image("edges", (4, 8, 8), NEURON, pool=2),
        Population.image("corners", (16, 4, 4), NEURON),
        Population("answers", 16, NEURON),
    ),
    (
        Convolution("pixels", "edges", uniform_kernel(RNG, 4, 1, 3, 40), padding=1),
        Convolution("corners", "edges", uniform_kernel(RNG, 4, 16, 5, 20), padding=4),
        Convolution("edges", "corners", uniform_kernel(RNG, 16, 4, 3, 40), padding=1),
        Projection("corners", "answers", uniform_weights(RNG, 256, 16, 40)),
    ),
)
"""Edges lie on the upper two cores, corners on the lower two, and what corners see goes back up."""


def on_mesh(limit: int) -> Settings:
    """Settings of a 2 x 2 mesh that learns `limit` digits with dropout and a band of activity."""
    usual = settings(limit, dropout=0.5, activity=1.0, activity_floor=0.1, every=2)
    return usual.changed({"network": {"mesh": "2x2", "lanes": 2}})


def traced(chip: Device, patch: pytest.MonkeyPatch) -> TraceHash:
    """The hash of all state behind every tick from here on that is asked for by itself."""
    found, take, regions = TraceHash(), chip.take_tick, state_regions(chip.config.geometry)

    def taken() -> object:
        spikes = take()
        found.update(chip.read_many(regions))
        return spikes

    patch.setattr(chip, "take_tick", taken)
    return found


def hashes(device: str, limit: int, patch: pytest.MonkeyPatch) -> list[str]:
    """Hashes of weights, spikes and states of a run in which all ports of the mesh are used."""
    chosen, own = on_mesh(limit), OwnNetwork(NETWORK)
    with open_device(device, chip_config(chosen, own=own)) as chip:
        trace = traced(chip, patch)
        trainer = lone_trainer(chip, chosen, DIGITS, own=own)
        trainer.run()
        assert trace.hexdigest() != TraceHash().hexdigest()
        assert (trainer.copies.weights()[0] != trainer.program.weights).any()
        assert min(chip.counters()[port] for port in PORTS) > 0
        return [*trainer.weight_hashes(), *trainer.spike_hashes(), trace.hexdigest()]


def test_each_population_but_the_last_lies_on_two_cores() -> None:
    plan = OwnNetwork(NETWORK).program(on_mesh(1)).plan
    cores = {each.name: set(plan.cores_of(each.name).tolist()) for each in NETWORK.populations}
    assert cores == {"edges": {0, 1}, "corners": {2, 3}, "answers": {3}}


@pytest.mark.parametrize(
    ("device", "limit"), [("batched", 1), pytest.param("rtl", 3, marks=pytest.mark.slow)]
)
def test_devices_learn_the_same(device: str, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hashes(device, limit, monkeypatch) == hashes("golden", limit, monkeypatch)
