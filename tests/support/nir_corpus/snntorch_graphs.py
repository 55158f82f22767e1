"""snntorch: Leaky, Synaptic and their recurrent kinds in torch.nn.Sequential."""

from __future__ import annotations

from typing import Any

import numpy as np
import snntorch as snn
import torch
from snntorch.export_nir import export_to_nir
from torch import nn

from tests.support.nir_corpus.common import Written, excited, spike_trains


def each(value: float, *shape: int) -> torch.Tensor:
    """One value per neuron: the exporter writes no others."""
    return torch.full(shape, value)


def leaky(*shape: int, beta: Any = 0.9, last: bool = False, **given: Any) -> Any:
    decay = beta if isinstance(beta, torch.Tensor) else each(beta, *shape)
    threshold = each(given.pop("threshold", 1.0), *shape)
    return snn.Leaky(decay, threshold=threshold, init_hidden=True, output=last, **given)


def synaptic(*shape: int, last: bool = False, **given: Any) -> Any:
    decays = each(0.8, *shape), each(0.9, *shape)
    threshold = each(1.0, *shape)
    return snn.Synaptic(*decays, threshold=threshold, init_hidden=True, output=last, **given)


def written(net: Any, inputs: torch.Tensor, **options: Any) -> Written:
    """Export, then run step by step; membranes are those that the layers hold after a step."""
    graph = export_to_nir(net, inputs[:1], ignore_dims=[0])
    spikes: dict[str, list[Any]] = {}
    membranes: dict[str, list[Any]] = {}
    neurons = {name: layer for name, layer in net.named_children() if hasattr(layer, "mem")}
    for layer in neurons.values():
        layer.mem = torch.zeros(0)
        for state in ("syn", "spk"):
            if hasattr(layer, state):
                setattr(layer, state, torch.zeros(0))
    names = {name: next(k for k in (f"{name}.lif", name) if k in graph.nodes) for name in neurons}
    found: dict[str, Any] = {}
    hooks = [
        layer.register_forward_hook(lambda _m, _x, y, name=name: found.update({name: y}))
        for name, layer in neurons.items()
    ]
    with torch.no_grad():
        for x in inputs:
            net(x[None])
            for name, layer in neurons.items():
                y = found[name][0] if isinstance(found[name], tuple) else found[name]
                spikes.setdefault(names[name], []).append(y.ravel().numpy())
                membranes.setdefault(names[name], []).append(layer.mem.ravel().numpy().copy())
    for hook in hooks:
        hook.remove()
    return Written(
        graph,
        inputs.numpy(),
        {k: np.array(v) for k, v in spikes.items()},
        {k: np.array(v) for k, v in membranes.items()},
        options=options,
    )


def feed_forward() -> Written:
    first, second = excited(nn.Linear(20, 16), 2, 0.1), excited(nn.Linear(16, 8), 2, 0.1)
    return written(nn.Sequential(first, leaky(16), second, leaky(8, last=True)), spike_trains(20))


def without_bias() -> Written:
    first, second = nn.Linear(20, 16, bias=False), nn.Linear(16, 8, bias=False)
    excited(first, 2, 0.1), excited(second, 2, 0.1)
    net = nn.Sequential(first, leaky(16, beta=0.5), second, leaky(8, beta=0.95, last=True))
    return written(net, spike_trains(20))


def current_based() -> Written:
    first, second = excited(nn.Linear(20, 16), 1, 0.02), excited(nn.Linear(16, 8), 1, 0.05)
    return written(
        nn.Sequential(first, synaptic(16), second, synaptic(8, last=True)), spike_trains(20)
    )


def reset_to_zero() -> Written:
    first, second = excited(nn.Linear(20, 16), 2, 0.1), excited(nn.Linear(16, 8), 2, 0.1)
    net = nn.Sequential(
        first,
        leaky(16, reset_mechanism="zero"),
        second,
        leaky(8, reset_mechanism="zero", last=True),
    )
    return written(net, spike_trains(20), reset="zero")


def no_reset() -> Written:
    first = excited(nn.Linear(20, 16), 1, 0.01)
    net = nn.Sequential(first, leaky(16, reset_mechanism="none", last=True))
    return written(net, spike_trains(20), reset="none")


def subtract_at_once() -> Written:
    first, second = excited(nn.Linear(20, 16), 1.5, 0.03), excited(nn.Linear(16, 8), 1.5, 0.05)
    net = nn.Sequential(
        first, leaky(16, reset_delay=False), second, leaky(8, reset_delay=False, last=True)
    )
    return written(net, spike_trains(20), reset="subtract")


def different_neurons() -> Written:
    """Every neuron its own threshold, and one of four decays."""
    decays = torch.tensor([0.5, 0.8, 0.9, 0.97]).repeat(4)
    layer = snn.Leaky(decays, threshold=torch.linspace(0.5, 2, 16), init_hidden=True)
    first, second = excited(nn.Linear(20, 16), 2, 0.1), excited(nn.Linear(16, 8), 2, 0.1)
    return written(nn.Sequential(first, layer, second, leaky(8, last=True)), spike_trains(20))


def learned_decays() -> Written:
    """Every neuron its own decay: more than the chip has parameter sets."""
    layer = snn.Leaky(
        torch.linspace(0.5, 0.95, 24), threshold=torch.ones(24), init_hidden=True, output=True
    )
    return written(nn.Sequential(excited(nn.Linear(20, 24), 2, 0.1), layer), spike_trains(20))


def recurrent() -> Written:
    layer = snn.RLeaky(each(0.9, 16), linear_features=16, threshold=each(1.0, 16), init_hidden=True)
    excited(layer.recurrent, 0.5)
    first, second = excited(nn.Linear(20, 16), 2, 0.1), excited(nn.Linear(16, 8), 2, 0.1)
    return written(nn.Sequential(first, layer, second, leaky(8, last=True)), spike_trains(20))


def recurrent_synaptic() -> Written:
    layer = snn.RSynaptic(
        each(0.8, 16), each(0.9, 16), linear_features=16, threshold=each(1.0, 16),
        init_hidden=True, output=True,
    )  # fmt: skip
    excited(layer.recurrent, 0.3)
    return written(nn.Sequential(excited(nn.Linear(20, 16), 1, 0.02), layer), spike_trains(20))


def one_to_one() -> Written:
    layer = snn.RLeaky(
        each(0.9, 16), V=torch.linspace(-0.5, 0.5, 16), all_to_all=False, threshold=each(1.0, 16),
        init_hidden=True, output=True,
    )  # fmt: skip
    return written(nn.Sequential(excited(nn.Linear(20, 16), 2, 0.1), layer), spike_trains(20))


def convolutional() -> Written:
    first = excited(nn.Conv2d(2, 4, 3, padding=1), 2, 0.05)
    second = excited(nn.Linear(64, 6), 3, 0.1)
    net = nn.Sequential(
        first, leaky(4, 8, 8), nn.AvgPool2d(2), nn.Flatten(), second, leaky(6, last=True)
    )
    return written(net, spike_trains(2, 8, 8, steps=40))


GRAPHS = {
    "feed-forward": feed_forward,
    "no-bias": without_bias,
    "synaptic": current_based,
    "reset-zero": reset_to_zero,
    "reset-none": no_reset,
    "reset-at-once": subtract_at_once,
    "different-neurons": different_neurons,
    "learned-decays": learned_decays,
    "recurrent": recurrent,
    "recurrent-synaptic": recurrent_synaptic,
    "one-to-one": one_to_one,
    "convolutional": convolutional,
}
