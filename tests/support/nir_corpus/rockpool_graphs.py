"""rockpool: torch modules in its Sequential and Residual."""

from __future__ import annotations

from typing import Any

import torch
from rockpool.nn.combinators import Residual, Sequential
from rockpool.nn.modules import (
    ExpSynTorch,
    LIFBitshiftTorch,
    LIFNeuronTorch,
    LIFTorch,
    LinearTorch,
)
from rockpool.nn.modules.torch.nir import to_nir

from tests.support.nir_corpus.common import Written, spike_trains


def linear(inputs: int, outputs: int, gain: float = 1.0, mean: float = 0.0, **given: Any) -> Any:
    layer = LinearTorch((inputs, outputs), **given)
    layer.weight.data.mul_(gain).add_(mean)
    return layer


def written(net: Any, inputs: torch.Tensor, **options: Any) -> Written:
    """Export, then run all steps at once; membranes are those after the reset."""
    graph = to_nir(net)  # it runs the net, whose biases move its state
    net.reset_state()
    with torch.no_grad():
        y, _, record = net(inputs[None], record=True)
    spikes, membranes = {}, {}
    for name, node in graph.nodes.items():
        if type(node).__name__ in ("LIF", "CubaLIF"):
            found = record
            for part in name.split("."):
                found = found[part]
            spikes[name] = found["spikes"][0].detach().numpy()
            membranes[name] = found["vmem"][0].detach().numpy()
    reads = any(type(node).__name__ == "LI" for node in graph.nodes.values())
    outputs = y[0].detach().numpy() if reads else None
    return Written(graph, inputs.numpy(), spikes, membranes, outputs, options)


def feed_forward() -> Written:
    net = Sequential(
        linear(20, 16, 0.05, 0.002), LIFTorch(16), linear(16, 8, 0.1, 0.01), LIFTorch(8)
    )
    return written(net, spike_trains(20))


def short_time_constants() -> Written:
    given = {"tau_mem": 5e-3, "tau_syn": 2e-3}
    net = Sequential(
        linear(20, 16, 0.3, 0.05), LIFTorch(16, **given),
        linear(16, 8, 0.3, 0.1), LIFTorch(8, threshold=0.8, **given),
    )  # fmt: skip
    return written(net, spike_trains(20))


def different_neurons() -> Written:
    tau = torch.tensor([5e-3, 10e-3, 20e-3, 40e-3]).repeat(4)
    layer = LIFTorch(16, tau_mem=tau, threshold=torch.linspace(0.5, 1.5, 16))
    return written(Sequential(linear(20, 16, 0.1, 0.005), layer), spike_trains(20))


def long_steps() -> Written:
    net = Sequential(linear(20, 16, 0.3, 0.05), LIFTorch(16, dt=1e-2, tau_mem=0.05, tau_syn=0.02))
    return written(net, spike_trains(20))


def from_decays() -> Written:
    net = Sequential(linear(20, 16, 0.5, 0.1), LIFTorch(16, leak_mode="decays"))
    return written(net, spike_trains(20))


def readout() -> Written:
    net = Sequential(
        linear(20, 16, 0.1, 0.005), LIFTorch(16), linear(16, 4), ExpSynTorch(4, tau=0.01)
    )
    return written(net, spike_trains(20))


def bias_of_weights() -> Written:
    net = Sequential(linear(20, 16, 0.1, 0.005, has_bias=True), LIFTorch(16))
    net[0].bias.data.mul_(0.01)
    return written(net, spike_trains(20))


def without_synapses() -> Written:
    net = Sequential(
        linear(20, 16, 0.5, 0.05), LIFNeuronTorch(16), linear(16, 8, 0.5, 0.1), LIFNeuronTorch(8)
    )
    return written(net, spike_trains(20))


def bias_of_neurons() -> Written:
    net = Sequential(linear(20, 16, 0.1, 0.005), LIFTorch(16, bias=0.05))
    return written(net, spike_trains(20))


def recurrent() -> Written:
    net = Sequential(linear(20, 16, 0.1, 0.005), LIFTorch(16, has_rec=True))
    net[1].w_rec.data.mul_(0.05)
    return written(net, spike_trains(20))


def residual() -> Written:
    net = Sequential(
        linear(20, 16, 0.1, 0.005), LIFTorch(16),
        Residual(linear(16, 16, 0.1), LIFTorch(16)), linear(16, 8, 0.1, 0.01), LIFTorch(8),
    )  # fmt: skip
    return written(net, spike_trains(20))


def bitshift() -> Written:
    return written(Sequential(linear(20, 16), LIFBitshiftTorch(16)), spike_trains(20))


def two_synapses() -> Written:
    return written(Sequential(linear(20, 32), LIFTorch((32, 16))), spike_trains(20))


GRAPHS = {
    "feed-forward": feed_forward,
    "short-taus": short_time_constants,
    "different-neurons": different_neurons,
    "dt-10ms": long_steps,
    "decays": from_decays,
    "readout": readout,
    "bias": bias_of_weights,
    "lif-neuron": without_synapses,
    "bias-of-neurons": bias_of_neurons,
    "recurrent": recurrent,
    "residual": residual,
    "bitshift": bitshift,
    "two-synapses": two_synapses,
}
