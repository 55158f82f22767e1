"""norse: cells in SequentialState."""

from __future__ import annotations

from typing import Any

import norse.torch as norse
import numpy as np
import torch
from norse.torch.functional.reset import reset_subtract
from torch import nn

from tests.support.nir_corpus.common import Written, excited, spike_trains


def written(net: Any, inputs: torch.Tensor, **options: Any) -> Written:
    """Export, then run step by step; membranes are those after the reset."""
    graph = norse.to_nir(net, inputs[:1])
    found: dict[str, Any] = {}
    for name, layer in net.named_children():
        layer.register_forward_hook(lambda _m, _x, y, name=name: found.update({name: y}))
    spikes: dict[str, list[Any]] = {}
    membranes: dict[str, list[Any]] = {}
    outputs, state = [], None
    with torch.no_grad():
        for x in inputs:
            y, state = net(x[None], state)
            outputs.append(y.ravel().numpy().copy())
            for name, both in found.items():
                if isinstance(both, tuple) and hasattr(both[1], "v"):
                    spikes.setdefault(name, []).append(both[0].ravel().numpy())
                    membranes.setdefault(name, []).append(both[1].v.ravel().numpy())
    reads = [k for k, v in graph.nodes.items() if type(v).__name__ == "LI"]
    for name in reads:
        spikes.pop(name), membranes.pop(name)
    return Written(
        graph,
        inputs.numpy(),
        {k: np.array(v) for k, v in spikes.items()},
        {k: np.array(v) for k, v in membranes.items()},
        np.array(outputs) if reads else None,
        options,
    )


def feed_forward() -> Written:
    first, second = excited(nn.Linear(20, 16), 4, 0.6), excited(nn.Linear(16, 8), 4, 1.0)
    net = norse.SequentialState(first, norse.LIFBoxCell(), second, norse.LIFBoxCell())
    return written(net, spike_trains(20))


def current_based() -> Written:
    first, second = excited(nn.Linear(20, 16), 4, 0.2), excited(nn.Linear(16, 8), 4, 0.5)
    net = norse.SequentialState(first, norse.LIFCell(), second, norse.LIFCell())
    return written(net, spike_trains(20))


def integrate() -> Written:
    first, second = excited(nn.Linear(20, 16), 1, 0.03), excited(nn.Linear(16, 8), 1, 0.1)
    net = norse.SequentialState(first, norse.IAFCell(), second, norse.IAFCell())
    return written(net, spike_trains(20))


def readout() -> Written:
    first, second = excited(nn.Linear(20, 16), 4, 0.6), excited(nn.Linear(16, 4), 2)
    net = norse.SequentialState(first, norse.LIFBoxCell(), second, norse.LIBoxCell())
    return written(net, spike_trains(20))


def different_neurons() -> Written:
    inverse = torch.tensor([50.0, 100.0, 200.0, 400.0]).repeat(4)
    p = norse.LIFBoxParameters(
        tau_mem_inv=inverse, v_th=torch.linspace(0.5, 1.5, 16), v_leak=torch.linspace(0, 0.3, 16)
    )
    first, second = excited(nn.Linear(20, 16), 4, 0.6), excited(nn.Linear(16, 8), 4, 1.0)
    net = norse.SequentialState(first, norse.LIFBoxCell(p), second, norse.LIFBoxCell())
    return written(net, spike_trains(20))


def subtract() -> Written:
    p = norse.LIFBoxParameters(reset_method=reset_subtract)
    first = excited(nn.Linear(20, 16), 4, 0.4)
    return written(
        norse.SequentialState(first, norse.LIFBoxCell(p)), spike_trains(20), reset="subtract"
    )


def convolutional() -> Written:
    first = excited(nn.Conv2d(2, 4, 3, stride=2), 4, 0.4)
    second = excited(nn.Conv2d(4, 3, 3), 4, 0.6)
    net = norse.SequentialState(first, norse.LIFBoxCell(), second, norse.LIFCell())
    return written(net, spike_trains(2, 9, 9, steps=40))


def recurrent() -> Written:
    net = norse.SequentialState(excited(nn.Linear(20, 16), 4), norse.LIFRecurrentCell(16, 16))
    return written(net, spike_trains(20))


def recurrent_sequential() -> Written:
    net = norse.RecurrentSequential(
        excited(nn.Linear(20, 20), 4), norse.LIFBoxCell(), nn.Linear(20, 20)
    )
    return written(net, spike_trains(20))


def current_based_readout() -> Written:
    net = norse.SequentialState(
        nn.Linear(20, 16), norse.LIFCell(), nn.Linear(16, 4), norse.LICell()
    )
    return written(net, spike_trains(20))


def flattened() -> Written:
    net = norse.SequentialState(
        nn.Conv2d(2, 4, 3), norse.LIFBoxCell(), nn.Flatten(), nn.Linear(144, 5), norse.LIFBoxCell()
    )
    return written(net, spike_trains(2, 8, 8, steps=40))


GRAPHS = {
    "feed-forward": feed_forward,
    "lif-cell": current_based,
    "integrate": integrate,
    "readout": readout,
    "different-neurons": different_neurons,
    "subtract": subtract,
    "convolutional": convolutional,
    "recurrent-cell": recurrent,
    "recurrent-sequential": recurrent_sequential,
    "li-cell": current_based_readout,
    "flatten": flattened,
}
