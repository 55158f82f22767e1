"""The graph in float64, node by node, from the equations of NIR and of the tools' own steps.

Written without the chip's integers, its synapses or its coefficients. It shares with them what
the graph is (order, shapes), and when a layer starts: at tick `offset`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from axonloop.host.nir.dialects import Reading
from axonloop.host.nir.graph import FlatGraph, whole_delays
from axonloop.host.nir.neurons import FloatNeurons, FloatReadout, Spikes
from axonloop.host.nir.nodes import Floats, Kind, Shape, numbers, per_neuron
from axonloop.host.nir.shapes import window


@dataclass(frozen=True, eq=False)
class FloatTrace:
    """What the float graph did.

    `spikes`, `membranes`: `(ticks, neurons)` of every neuron node, spikes as counts; membranes in
    thresholds above reset, after a reset in the same step. `outputs`: `(steps, *shape)` of every
    Output.
    """

    spikes: dict[str, Spikes]
    membranes: dict[str, Floats]
    outputs: dict[str, Floats]


def simulate(
    graph: FlatGraph,
    reading: Reading,
    offsets: Mapping[str, int],
    inputs: Mapping[str, Spikes],
    spikes: Mapping[str, Spikes] | None = None,
    before_reset: frozenset[str] = frozenset(),
) -> FloatTrace:
    """Run a graph for as many steps as its inputs, and more until the last layer has done them.

    With `spikes`, what a neuron node puts out and resets by are these, `(ticks, neurons)`.
    Membranes of nodes in `before_reset` are those before it.
    """
    steps = len(next(iter(inputs.values())))
    ticks = steps + max(offsets.values())
    nodes = {name: _node(graph, name, reading) for name in graph.order}
    trace = FloatTrace(
        {name: np.zeros((ticks, nodes[name].size), np.int64) for name in offsets},
        {name: np.zeros((ticks, nodes[name].size)) for name in offsets},
        {name: np.zeros((steps, *graph.shapes[name])) for name in graph.names(Kind.OUTPUT)},
    )
    for name, offset in offsets.items():
        trace.membranes[name][:offset] = nodes[name].membrane(before_reset=True)
    values = _silence(graph, nodes)
    for step in range(ticks):
        before = values
        values = {}
        for name in graph.order:
            shape, node = graph.shapes[name], nodes[name]
            if graph.kinds[name] is Kind.SOURCE:
                known = 0 <= step < steps
                train = inputs[name][step] if known else np.zeros(node.size)
                values[name] = np.asarray(train, np.float64).reshape(shape)
                continue
            x = _heard(graph, name, values, before)
            if isinstance(node, FloatNeurons):
                tick = step + offsets[name]
                inside = step >= 0 and tick < ticks
                fired = np.zeros(node.size, np.int64)
                if inside:
                    given = None if spikes is None else spikes[name][tick]
                    fired = node.advance(x.ravel(), given)
                    trace.spikes[name][tick] = fired
                    trace.membranes[name][tick] = node.membrane(name in before_reset)
                    fired = fired if given is None else given
                values[name] = fired.astype(np.float64).reshape(shape)
            else:
                values[name] = node.apply(x, step).reshape(shape)
            if name in trace.outputs and 0 <= step < steps:
                trace.outputs[name][step] = values[name]
    return trace


def _silence(graph: FlatGraph, nodes: Mapping[str, Any]) -> dict[str, Floats]:
    """What nodes put out before the first step, where nothing has spiked: their biases."""
    values = {name: np.zeros(graph.shapes[name]) for name in graph.order}
    for name in graph.order:
        node = nodes[name]
        if isinstance(node, _Still) and node.what != "Delay" and graph.heard[name]:
            heard = _heard(graph, name, values, values)
            values[name] = np.asarray(node.apply(heard, 0)).reshape(graph.shapes[name])
    return values


def _heard(
    graph: FlatGraph, name: str, values: Mapping[str, Floats], before: Mapping[str, Floats]
) -> Floats:
    parts = [
        (before if (other, name) in graph.back else values)[other] for other in graph.heard[name]
    ]
    return np.asarray(np.sum(parts, axis=0))


def _node(graph: FlatGraph, name: str, reading: Reading) -> Any:
    kind, node, shape = graph.kinds[name], graph.nodes[name], graph.shapes[name]
    if kind is Kind.NEURONS:
        return FloatNeurons(name, node, shape, reading)
    if kind is Kind.READOUT:
        return FloatReadout(name, node, shape, reading)
    heard = graph.shapes[graph.heard[name][0]] if graph.heard[name] else shape
    return _Still(name, node, heard, kind, reading.dt)


class _Still:
    """A node without a membrane: Linear, Affine, convolutions, pooling, Scale, Delay, Flatten."""

    def __init__(self, name: str, node: Any, heard: Shape, kind: Kind, dt: float) -> None:
        self.name, self.node, self.heard, self.kind = name, node, heard, kind
        self.what, self.size = type(node).__name__, int(np.prod(heard))
        self.past: list[Floats] = []
        late = self.what == "Delay"
        self.late = np.array(whole_delays(name, node, heard, dt)) if late else np.zeros(0, int)

    def apply(self, x: Floats, step: int) -> Floats:
        if self.what in ("Linear", "Affine"):
            y = numbers(self.name, self.node, "weight") @ x
            return y + numbers(self.name, self.node, "bias") if self.what == "Affine" else y
        if self.what == "Scale":
            return x * per_neuron(self.name, self.node, "scale", self.heard)
        if self.what == "Delay":
            self.past.append(x.ravel())
            now = len(self.past) - 1
            late = enumerate(self.late.tolist())
            return np.array([self.past[now - d][k] if d <= now else 0.0 for k, d in late])
        if self.what in ("Conv1d", "Conv2d", "SumPool2d", "AvgPool2d"):
            return self._slide(x)
        return x

    def _slide(self, x: Floats) -> Floats:
        slid = window(self.name, self.node, self.heard)
        padded = np.pad(x.reshape(slid.input_shape), ((0, 0), *slid.padding))
        (sy, sx), (dy, dx) = slid.stride, slid.dilation
        spans = [dy * (slid.kernel[0] - 1) + 1, dx * (slid.kernel[1] - 1) + 1]
        views = sliding_window_view(padded, spans, axis=(1, 2))
        views = views[:, ::sy, ::sx, ::dy, ::dx]
        if self.what == "SumPool2d":
            return np.asarray(views.sum(axis=(3, 4)))
        if self.what == "AvgPool2d":
            return np.asarray(views.mean(axis=(3, 4)))
        weight = numbers(self.name, self.node, "weight")
        weight = weight.reshape(*weight.shape[:2], *slid.kernel)
        parts = zip(np.split(weight, slid.groups), np.split(views, slid.groups), strict=True)
        y = np.concatenate([np.einsum("oikl,iyxkl->oyx", w, v) for w, v in parts])
        return np.asarray(y + numbers(self.name, self.node, "bias")[:, None, None])
