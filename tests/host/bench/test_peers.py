"""Peers of the bench: whether they are asked for our neurons, with libraries that write it down."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from axonloop.host.bench.peers import FloatNetwork, layer_by_layer, spikingjelly

NETWORK = FloatNetwork(
    [torch.tensor([[0.7, 0.2], [0.1, 0.6]]), torch.tensor([[0.9], [0.5]])], 0.5, 0.75, 0, 0, 0
)


class SynapseFilter:
    """As SpikingJelly's: a leaky sum of what comes."""

    def __init__(self, tau: float, step_mode: str) -> None:
        assert step_mode == "m"
        self.keep, self.level = 1 - 1 / tau, torch.zeros(())

    def __call__(self, spikes: torch.Tensor) -> torch.Tensor:
        found = []
        for heard in spikes:
            self.level = self.keep * self.level + heard
            found.append(self.level)
        return torch.stack(found)


class LIFNode:
    """As SpikingJelly's: with `decay_input` a neuron takes only a share of its input."""

    def __init__(self, tau: float, decay_input: bool, v_reset: float, step_mode: str) -> None:
        assert step_mode == "m"
        self.keep, self.share = 1 - 1 / tau, 1 / tau if decay_input else 1.0
        self.reset, self.level = v_reset, torch.zeros(())

    def eval(self) -> None:
        self.trained = True

    def __call__(self, driven: torch.Tensor) -> torch.Tensor:
        found = []
        for drive in driven:
            level = self.keep * (self.level - self.reset) + self.reset + self.share * drive
            spikes = (level >= 1).to(drive.dtype)
            self.level = torch.where(spikes > 0, torch.tensor(self.reset), level)
            found.append(spikes)
        return torch.stack(found)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    def reset(part: Any) -> None:
        part.level = torch.zeros(())

    parts: dict[str, Any] = {
        "layer": SimpleNamespace(SynapseFilter=SynapseFilter),
        "neuron": SimpleNamespace(LIFNode=LIFNode),
        "functional": SimpleNamespace(reset_net=reset),
    }
    base = "spikingjelly.activation_based"
    for name in ("spikingjelly", base):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    for name, part in parts.items():
        monkeypatch.setitem(sys.modules, f"{base}.{name}", part)


@pytest.mark.usefixtures("library")
def test_spikingjelly_is_asked_for_our_neurons() -> None:
    """The same spikes, and again: every run begins at rest."""
    spikes = (torch.rand(40, 3, 2, generator=torch.Generator().manual_seed(1)) < 0.5).float()
    ours, run = layer_by_layer(NETWORK)(spikes), spikingjelly(NETWORK)
    for found in (run(spikes), run(spikes)):
        for own, their in zip(ours, found, strict=True):
            assert 0 < own.mean() < 1
            assert torch.equal(own, their)
