"""Modules of spiking tools, with exporters that stand in for those that are not installed."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from axonloop.host.conversion import ConvertedNetwork, import_torch
from axonloop.host.conversion.tools import tool_of
from axonloop.host.nir import ImportedGraph
from tests.support.nir_graphs import chain, lif, nir, weights

HOMES = {
    "snntorch": ("snntorch.export_nir", "export_to_nir"),
    "norse": ("norse.torch", "to_nir"),
    "sinabs": ("sinabs.nir", "to_nir"),
    "spikingjelly": ("spikingjelly.activation_based.nir_exchange", "export_to_nir"),
}


class Neuron(nn.Module):
    """A neuron layer that is said to be a tool's."""

    def __init__(self, **fields: Any) -> None:
        super().__init__()
        self.register_buffer("beta", torch.tensor(0.9))
        for name, value in fields.items():
            setattr(self, name, value)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.mem = x * torch.as_tensor(self.beta)
        return self.mem


def neuron_of(tool: str, name: str = "Neuron", **fields: Any) -> Neuron:
    kind = type(name, (Neuron,), {"__module__": f"{tool}.neurons"})
    return kind(**fields)


def network_of(tool: str, **fields: Any) -> nn.Sequential:
    return nn.Sequential(nn.Linear(20, 30), neuron_of(tool, **fields))


def installed(tool: str, monkeypatch: pytest.MonkeyPatch, raises: Exception | None = None) -> Any:
    """Put an exporter in the place of the tool's; the list of what it was given."""
    seen: list[Any] = []

    def export(module: nn.Module, sample: torch.Tensor, **arguments: Any) -> Any:
        seen.append((module, sample, arguments))
        if raises:
            raise raises
        random = np.random.default_rng(1)
        return chain(nir.Linear(weights(random, 30, 20, 60)), lif(30))

    home, function = HOMES[tool]
    names = [home.rpartition(".")[0], home] if "." in home else [home]
    for name in {home.partition(".")[0], *names}:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    setattr(sys.modules[home], function, export)
    return seen


@pytest.mark.parametrize("tool", list(HOMES))
def test_a_tools_own_exporter_is_asked(tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, module, sample = installed(tool, monkeypatch), network_of(tool), torch.rand(1, 20)
    found = import_torch(module, sample, dt=1e-3, weight_bits=8)
    assert isinstance(found, ImportedGraph)
    assert found.dialect == tool
    assert found.program.geometry.weight_bits == 8
    ((given, shown, _),) = seen
    assert type(given[1]) is type(module[1])
    assert given is not module
    assert shown is sample


@pytest.mark.parametrize("tool", list(HOMES))
def test_a_tool_that_is_not_there_is_named(tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, tool, None)
    with pytest.raises(ValueError, match=f"^{tool} and nirtorch must be installed to read its"):
        import_torch(network_of(tool), torch.rand(1, 20))


def test_snntorch_gets_a_constant_for_every_neuron(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its exporter takes no lone numbers. The module itself stays as it was, hidden states too."""
    seen, module = installed("snntorch", monkeypatch), network_of("snntorch")
    module(torch.rand(3, 20))
    import_torch(module, torch.rand(1, 20))
    assert seen[0][0][1].beta.tolist() == pytest.approx([0.9] * 30)
    assert module[1].beta.ndim == 0
    assert module[1].mem.shape == (3, 30)


class MembraneSubtract:
    """sinabs' reset by subtraction."""


class MembraneReset:
    """sinabs' reset to 0."""


class SingleSpike:
    """sinabs' one spike at most."""


class MultiSpike:
    """sinabs' several spikes."""


@pytest.mark.parametrize(
    ("tool", "fields", "reset"),
    [
        ("snntorch", {"reset_mechanism": "subtract"}, "late"),
        ("snntorch", {"reset_mechanism": "zero"}, "zero"),
        ("snntorch", {"reset_mechanism": "none"}, "none"),
        ("sinabs", {"spike_fn": SingleSpike, "reset_fn": MembraneReset()}, "zero"),
        ("sinabs", {"spike_fn": MultiSpike, "reset_fn": MembraneSubtract()}, "subtract"),
    ],
)
def test_how_neurons_reset_is_read_from_them(
    tool: str, fields: dict[str, Any], reset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tool, monkeypatch)
    found = import_torch(network_of(tool, **fields), torch.rand(1, 20), dt=1e-3)
    assert isinstance(found, ImportedGraph)
    assert found.reading.reset == reset


def test_sinabs_scales_its_input_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    installed("sinabs", monkeypatch)
    for scaled in (True, False):
        module = nn.Sequential(neuron_of("sinabs", "LIFSqueeze", norm_input=scaled))
        found = import_torch(module, torch.rand(1, 20), dt=1e-3, spikes=1)
        assert isinstance(found, ImportedGraph)
        assert found.reading.norm_input is scaled


def test_a_relu_network_is_converted() -> None:
    module = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 4))
    found = import_torch(module, torch.rand(40, 20), weight_bits=6)
    assert isinstance(found, ConvertedNetwork)
    assert found.program.geometry.weight_bits == 6


def test_modules_are_recognised() -> None:
    assert tool_of(nn.Linear(2, 3)) == "torch"
    assert tool_of(nn.Sequential(nn.Linear(2, 3), neuron_of("norse"))) == "norse"
    with pytest.raises(ValueError, match="^module must be of one tool; tool=NAME says which"):
        tool_of(nn.Sequential(neuron_of("norse"), neuron_of("sinabs")))


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = torch.rand(1, 20)
    with pytest.raises(ValueError, match="^tool must be one of snntorch, norse, .*, not 'brian'$"):
        import_torch(nn.Linear(2, 3), sample, tool="brian")
    installed("spikingjelly", monkeypatch, NotImplementedError("no soft\nreset"))
    wanted = (
        "^module must be one that spikingjelly's NIR .* says NotImplementedError: no soft reset$"
    )
    with pytest.raises(ValueError, match=wanted):
        import_torch(network_of("spikingjelly"), sample)
    at_once = {"reset_mechanism": "subtract", "reset_delay": False}
    with pytest.raises(ValueError, match="^reset_delay must be True where reset_mechanism is"):
        import_torch(network_of("snntorch", **at_once), sample)
    resets = [neuron_of("snntorch", reset_mechanism=each) for each in ("zero", "subtract")]
    with pytest.raises(ValueError, match="^reset must be the same in all neurons"):
        import_torch(nn.Sequential(*resets), sample)
    several = {"spike_fn": MultiSpike, "reset_fn": MembraneReset()}
    with pytest.raises(ValueError, match="^reset_fn must be MembraneSubtract, or with SingleSpike"):
        import_torch(network_of("sinabs", **several), sample)
