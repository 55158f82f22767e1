"""spikingjelly: activation-based layers in torch.nn.Sequential, single step and multi-step."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from spikingjelly.activation_based import functional, layer, neuron
from spikingjelly.activation_based.nir_exchange import export_to_nir
from torch import nn

from tests.support.nir_corpus.common import Written, excited, spike_trains


def written(net: Any, inputs: torch.Tensor, many: bool = False, **options: Any) -> Written:
    """Export, then run step by step; membranes are those after the reset."""
    functional.set_step_mode(net, "m" if many else "s")
    graph = export_to_nir(net, inputs[:3, None] if many else inputs[:1])
    functional.reset_net(net)
    functional.set_step_mode(net, "s")
    neurons = {name: one for name, one in net.named_children() if isinstance(one, neuron.BaseNode)}
    found: dict[str, Any] = {}
    for name, one in neurons.items():
        one.register_forward_hook(lambda _m, _x, y, name=name: found.update({name: y}))
    spikes: dict[str, list[Any]] = {f"_{name}": [] for name in neurons}
    membranes: dict[str, list[Any]] = {f"_{name}": [] for name in neurons}
    with torch.no_grad():
        for x in inputs:
            net(x[None])
            for name, one in neurons.items():
                spikes[f"_{name}"].append(found[name].ravel().numpy())
                membranes[f"_{name}"].append(one.v.ravel().numpy().copy())
    return Written(
        graph,
        inputs.numpy(),
        {k: np.array(v) for k, v in spikes.items()},
        {k: np.array(v) for k, v in membranes.items()},
        options=options,
    )


def integrate() -> Written:
    first, second = excited(layer.Linear(20, 16), 1, 0.05), excited(layer.Linear(16, 8), 1, 0.1)
    return written(nn.Sequential(first, neuron.IFNode(), second, neuron.IFNode()), spike_trains(20))


def leaky() -> Written:
    first, second = excited(layer.Linear(20, 16), 3, 0.2), excited(layer.Linear(16, 8), 3, 0.2)
    net = nn.Sequential(first, neuron.LIFNode(), second, neuron.LIFNode())
    return written(net, spike_trains(20))


def many_steps() -> Written:
    first, second = excited(layer.Linear(20, 16), 3, 0.2), excited(layer.Linear(16, 8), 3, 0.2)
    net = nn.Sequential(first, neuron.LIFNode(tau=3.0), second, neuron.IFNode())
    return written(net, spike_trains(20), many=True)


def input_not_decayed() -> Written:
    first, second = excited(layer.Linear(20, 16), 1, 0.05), excited(layer.Linear(16, 8), 1, 0.1)
    net = nn.Sequential(
        first, neuron.LIFNode(tau=4.0, decay_input=False),
        second, neuron.LIFNode(tau=4.0, decay_input=False, v_threshold=0.7),
    )  # fmt: skip
    return written(net, spike_trains(20))


def parametric() -> Written:
    first, second = excited(layer.Linear(20, 16), 3, 0.2), excited(layer.Linear(16, 8), 3, 0.2)
    net = nn.Sequential(first, neuron.ParametricLIFNode(3.0), second, neuron.ParametricLIFNode())
    return written(net, spike_trains(20))


def below_zero() -> Written:
    """A v_reset that is not 0."""
    first = excited(layer.Linear(20, 16), 3, 0.3)
    return written(nn.Sequential(first, neuron.LIFNode(tau=5.0, v_reset=-0.5)), spike_trains(20))


def current_based() -> Written:
    first, second = excited(layer.Linear(20, 16), 1, 0.0), excited(layer.Linear(16, 8), 1, 0.05)
    net = nn.Sequential(first, neuron.CUBALIFNode(), second, neuron.CUBALIFNode())
    return written(net, spike_trains(20))


def convolutional() -> Written:
    first = excited(layer.Conv2d(2, 4, 3, padding=1, bias=False), 1, 0.05)
    second = excited(layer.Linear(64, 6), 2, 0.1)
    net = nn.Sequential(
        first, neuron.IFNode(), layer.AvgPool2d(2), layer.Flatten(), second, neuron.LIFNode()
    )
    return written(net, spike_trains(2, 8, 8, steps=40), many=True)


def soft_reset() -> Written:
    net = nn.Sequential(layer.Linear(20, 16), neuron.IFNode(v_reset=None))
    return written(net, spike_trains(20))


def grouped() -> Written:
    net = nn.Sequential(layer.Conv2d(2, 4, 3, groups=2), neuron.IFNode())
    return written(net, spike_trains(2, 8, 8, steps=40))


def maximum_pooling() -> Written:
    net = nn.Sequential(layer.Conv2d(2, 4, 3), neuron.IFNode(), layer.MaxPool2d(2))
    return written(net, spike_trains(2, 8, 8, steps=40))


def recurrent() -> Written:
    net = nn.Sequential(layer.LinearRecurrentContainer(neuron.LIFNode(), 20, 20))
    return written(net, spike_trains(20))


GRAPHS = {
    "integrate": integrate,
    "leaky": leaky,
    "multi-step": many_steps,
    "decay-input-false": input_not_decayed,
    "parametric": parametric,
    "v-reset": below_zero,
    "cuba": current_based,
    "convolutional": convolutional,
    "soft-reset": soft_reset,
    "grouped": grouped,
    "max-pooling": maximum_pooling,
    "recurrent": recurrent,
}
