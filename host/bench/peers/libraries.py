"""The peers of the benches of networks: their neurons between the products of plain torch."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from axonloop.host.bench.peers.float_networks import FloatNetwork, Inference, chain


def snntorch(network: FloatNetwork) -> Inference:
    """`Synaptic` neurons, reset by subtraction: their reset to zero clears the current too."""
    library: Any = importlib.import_module("snntorch")
    cells = [
        library.Synaptic(alpha=network.beta, beta=network.alpha, threshold=1.0)
        for _ in network.weights
    ]

    def layer(cell: Any) -> Callable[[Tensor], Tensor]:
        def lif(driven: Tensor) -> Tensor:
            current, membrane = torch.zeros_like(driven[0]), torch.zeros_like(driven[0])
            spikes = []
            for drive in driven.unbind(0):
                spike, current, membrane = cell(drive, current, membrane)
                spikes.append(spike)
            return torch.stack(spikes)

        return lif

    return chain(network, [layer(cell) for cell in cells])


def spikingjelly(network: FloatNetwork) -> Inference:
    """`SynapseFilter` on the spikes, then the product, then `LIFNode`; multi-step."""
    base = "spikingjelly.activation_based"
    layers, neurons, functional = (
        importlib.import_module(f"{base}.{part}") for part in ("layer", "neuron", "functional")
    )
    parts: list[tuple[Any, Any]] = [
        (
            layers.SynapseFilter(tau=1 / (1 - network.beta), step_mode="m"),
            neurons.LIFNode(
                tau=1 / (1 - network.alpha), decay_input=False, v_reset=0.0, step_mode="m"
            ),
        )
        for _ in network.weights
    ]

    @torch.inference_mode()
    def run(spikes: Tensor) -> list[Tensor]:
        found: list[Tensor] = []
        for layer, (filters, lif) in enumerate(parts):
            functional.reset_net(filters)
            functional.reset_net(lif)
            found.append(lif(network.driven(layer, filters(spikes))))
            spikes = network.heard(layer, found[-1])
        return found

    for _, lif in parts:
        lif.eval()
    return run


def norse(network: FloatNetwork) -> Inference:
    """`LIF`, whose membrane takes a share 1 - alpha of the current: so much larger weights."""
    library: Any = importlib.import_module("norse.torch")
    dt = 1e-3
    parameters = library.LIFParameters(
        tau_syn_inv=torch.tensor((1 - network.beta) / dt),
        tau_mem_inv=torch.tensor((1 - network.alpha) / dt),
    )
    share = 1 - network.alpha
    scaled = replace(network, weights=[w / share for w in network.weights])

    def layer(cell: Any) -> Callable[[Tensor], Tensor]:
        def lif(driven: Tensor) -> Tensor:
            zero = torch.zeros_like(driven[0])
            state = library.LIFFeedForwardState(v=zero, i=zero)
            spikes: Tensor = cell(driven, state)[0]
            return spikes

        return lif

    return chain(scaled, [layer(library.LIF(parameters, dt=dt)) for _ in network.weights])


PEERS: dict[str, Callable[[FloatNetwork], Inference]] = {
    "snntorch": snntorch,
    "spikingjelly": spikingjelly,
    "norse": norse,
}


def installed() -> list[str]:
    """The peers that can be imported here."""
    return [name for name in PEERS if importlib.util.find_spec(name) is not None]
