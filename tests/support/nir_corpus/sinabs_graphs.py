"""sinabs: IAF, LIF and ExpLeak, and their Squeeze kinds, in torch.nn.Sequential."""

from __future__ import annotations

from typing import Any

import sinabs.layers as sl
import torch
from sinabs.activation import MembraneReset, SingleSpike
from sinabs.nir import to_nir
from torch import nn

from tests.support.nir_corpus.common import Written, excited, spike_trains


def written(net: Any, inputs: torch.Tensor, squeezed: bool = False, **options: Any) -> Written:
    """Run all steps at once, then export; membranes are those after the reset."""
    x = inputs if squeezed else inputs[None]
    found: dict[str, Any] = {}
    for name, layer in net.named_children():
        layer.record_states = True
        layer.register_forward_hook(lambda _m, _x, y, name=name: found.update({name: y}))
    with torch.no_grad():
        y = net(x)
    steps = len(inputs)
    neurons = {
        name: layer
        for name, layer in net.named_children()
        if getattr(layer, "recordings", None) and layer.spike_fn is not None
    }
    spikes = {name: found[name].reshape(steps, -1).numpy() for name in neurons}
    membranes = {
        name: layer.recordings["v_mem"].reshape(steps, -1).numpy()
        for name, layer in neurons.items()
    }
    for layer in net.children():
        if hasattr(layer, "reset_states"):
            layer.record_states = False
    graph = to_nir(net, x)
    reads = any(type(node).__name__ == "LI" for node in graph.nodes.values())
    outputs = y.reshape(steps, -1).numpy() if reads else None
    return Written(graph, inputs.numpy(), spikes, membranes, outputs, options)


def integrate() -> Written:
    first, second = excited(nn.Linear(20, 16), 1, 0.05), excited(nn.Linear(16, 8), 1, 0.1)
    return written(nn.Sequential(first, sl.IAF(), second, sl.IAF()), spike_trains(20))


def squeezed() -> Written:
    first, second = excited(nn.Linear(20, 16), 1, 0.05), excited(nn.Linear(16, 8), 1, 0.1)
    net = nn.Sequential(first, sl.IAFSqueeze(batch_size=1), second, sl.IAFSqueeze(batch_size=1))
    return written(net, spike_trains(20), squeezed=True)


def leaky() -> Written:
    first, second = excited(nn.Linear(20, 16), 8, 0.8), excited(nn.Linear(16, 8), 8, 1.0)
    net = nn.Sequential(first, sl.LIF(tau_mem=20.0), second, sl.LIF(tau_mem=20.0))
    return written(net, spike_trains(20))


def leaky_without_norm() -> Written:
    first, second = excited(nn.Linear(20, 16), 1, 0.05), excited(nn.Linear(16, 8), 1, 0.1)
    net = nn.Sequential(
        first, sl.LIF(tau_mem=20.0, norm_input=False), second, sl.LIF(10.0, norm_input=False)
    )
    return written(net, spike_trains(20), norm_input=False)


def single_spikes() -> Written:
    first, second = excited(nn.Linear(20, 16), 1, 0.08), excited(nn.Linear(16, 8), 1, 0.1)
    net = nn.Sequential(first, sl.IAF(spike_fn=SingleSpike), second, sl.IAF(spike_fn=SingleSpike))
    return written(net, spike_trains(20), spikes=1)


def reset_to_zero() -> Written:
    given = {"spike_fn": SingleSpike, "reset_fn": MembraneReset()}
    first, second = excited(nn.Linear(20, 16), 1, 0.05), excited(nn.Linear(16, 8), 1, 0.1)
    net = nn.Sequential(first, sl.IAF(**given), second, sl.IAF(**given))
    return written(net, spike_trains(20), reset="zero")


def different_neurons() -> Written:
    taus = torch.tensor([5.0, 10.0, 20.0, 40.0]).repeat(4)
    layer = sl.LIF(tau_mem=taus, spike_threshold=torch.linspace(0.5, 1.5, 16))
    first = excited(nn.Linear(20, 16), 8, 0.6)
    return written(nn.Sequential(first, layer), spike_trains(20))


def readout() -> Written:
    first, second = excited(nn.Linear(20, 16), 8, 0.8), excited(nn.Linear(16, 4), 2)
    net = nn.Sequential(first, sl.LIF(tau_mem=20.0), second, sl.ExpLeak(tau_mem=10.0))
    return written(net, spike_trains(20))


def counted_inputs() -> Written:
    first = excited(nn.Linear(20, 16), 0.5, 0.02)
    return written(nn.Sequential(first, sl.IAF()), spike_trains(20, most=3), counts=3)


def convolutional() -> Written:
    first = excited(nn.Conv2d(2, 4, 3, bias=False), 1, 0.03)
    second = excited(nn.Linear(36, 5, bias=False), 1, 0.05)
    net = nn.Sequential(
        first, sl.IAFSqueeze(batch_size=1), sl.SumPool2d(2), nn.Flatten(),
        second, sl.IAFSqueeze(batch_size=1),
    )  # fmt: skip
    return written(net, spike_trains(2, 8, 8, steps=40), squeezed=True)


def synaptic_filter() -> Written:
    net = nn.Sequential(excited(nn.Linear(20, 16), 4, 0.3), sl.LIF(tau_mem=20.0, tau_syn=10.0))
    return written(net, spike_trains(20))


def recurrent() -> Written:
    layer = sl.LIFRecurrent(tau_mem=20.0, rec_connect=nn.Linear(16, 16))
    return written(nn.Sequential(nn.Linear(20, 16), layer), spike_trains(20))


def average_pooling() -> Written:
    net = nn.Sequential(nn.Conv2d(2, 4, 3), sl.IAFSqueeze(batch_size=1), nn.AvgPool2d(2))
    return written(net, spike_trains(2, 8, 8, steps=40), squeezed=True)


GRAPHS = {
    "integrate": integrate,
    "squeezed": squeezed,
    "leaky": leaky,
    "no-norm-input": leaky_without_norm,
    "single-spike": single_spikes,
    "reset-zero": reset_to_zero,
    "different-neurons": different_neurons,
    "readout": readout,
    "counts": counted_inputs,
    "convolutional": convolutional,
    "tau-syn": synaptic_filter,
    "recurrent": recurrent,
    "average-pooling": average_pooling,
}
