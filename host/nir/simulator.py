"""The graph in float64, node by node, from the equations of NIR and of the tools' own steps.

Written without the chip's integers, its synapses or its coefficients. It shares with them what
the graph is (order, shapes), and when a layer starts: `offset` ticks of the chip pass before the
graph's first step reaches it, and its biases act in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from axonloop.host.nir.dialects import Dialect
from axonloop.host.nir.graph import FlatGraph, whole_delays
from axonloop.host.nir.nodes import Floats, Kind, Shape, numbers, per_neuron
from axonloop.host.nir.shapes import window

Spikes = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FloatTrace:
    """What the float graph did.

    `spikes`, `membranes`: `(ticks, neurons)` of every neuron node; membranes in thresholds above
    reset, after a reset in the same step. `outputs`: `(steps, *shape)` of every Output.
    """

    spikes: dict[str, Spikes]
    membranes: dict[str, Floats]
    outputs: dict[str, Floats]


def simulate(
    graph: FlatGraph,
    dialect: Dialect,
    dt: float,
    offsets: Mapping[str, int],
    inputs: Mapping[str, Spikes],
    spikes: Mapping[str, Spikes] | None = None,
) -> FloatTrace:
    """Run a graph for as many steps as its inputs, and more until the last layer has done them.

    With `spikes`, what a neuron node puts out and resets by are these, `(ticks, neurons)`.
    """
    steps, latest = len(next(iter(inputs.values()))), max(0, *offsets.values())
    ticks, ahead = steps + latest, -min(0, *offsets.values())
    nodes = {name: _node(graph, name, dialect, dt) for name in graph.order}
    trace = FloatTrace(
        {name: np.zeros((ticks, nodes[name].size), np.bool_) for name in offsets},
        {name: np.zeros((ticks, nodes[name].size)) for name in offsets},
        {name: np.zeros((steps, *graph.shapes[name])) for name in graph.names(Kind.OUTPUT)},
    )
    values = {name: np.zeros(graph.shapes[name]) for name in graph.order}
    for step in range(-latest - 3, ticks + ahead):
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
            if isinstance(node, _Spiking):
                tick = step + offsets[name]
                inside = 0 <= tick < ticks
                given = None
                if spikes is not None:
                    given = spikes[name][tick] if inside else np.zeros(node.size, np.bool_)
                fired, membrane = node.advance(x.ravel(), tick, given)
                if inside:
                    trace.spikes[name][tick], trace.membranes[name][tick] = fired, membrane
                fired = fired if given is None else given
                values[name] = fired.astype(np.float64).reshape(shape)
            else:
                values[name] = node.apply(x, step).reshape(shape)
            if name in trace.outputs and 0 <= step < steps:
                trace.outputs[name][step] = values[name]
    return trace


def _heard(
    graph: FlatGraph, name: str, values: Mapping[str, Floats], before: Mapping[str, Floats]
) -> Floats:
    parts = [
        (before if (other, name) in graph.back else values)[other] for other in graph.heard[name]
    ]
    return np.asarray(np.sum(parts, axis=0))


def _node(graph: FlatGraph, name: str, dialect: Dialect, dt: float) -> Any:
    kind, node, shape = graph.kinds[name], graph.nodes[name], graph.shapes[name]
    if kind is Kind.NEURONS:
        return _Spiking(name, node, shape, dialect, dt)
    if kind is Kind.READOUT:
        return _Leaky(name, node, shape, dt)
    heard = graph.shapes[graph.heard[name][0]] if graph.heard[name] else shape
    return _Still(name, node, heard, kind, dt)


class _Spiking:
    """A node of neurons: one step of its writer per call."""

    def __init__(self, name: str, node: Any, shape: Shape, dialect: Dialect, dt: float) -> None:
        self.what, self.dialect, self.dt = type(node).__name__, dialect, dt
        self.size = int(np.prod(shape))
        fields = ["tau", "tau_mem", "tau_syn", "r", "v_leak", "v_threshold", "v_reset", "w_in"]
        self.p = {
            field: per_neuron(name, node, field, shape).ravel()
            for field in [*fields, "threshold"]
            if hasattr(node, field)
        }
        rest = self.p.get("v_reset", np.zeros(self.size))
        self.v, self.i, self.last = rest.copy(), np.zeros(self.size), np.zeros(self.size)

    def advance(self, x: Floats, tick: int, given: Spikes | None) -> tuple[Spikes, Floats]:
        """Spikes and membrane of the step at a tick; nothing happens in ticks before 0.

        A current that the membrane sees a step late starts at tick -1.
        """
        late_current = self.what == "CubaLIF" and self.dialect is not Dialect.SNNTORCH
        if tick < 0:
            if late_current and tick == -1:
                self._move_current(x)
            return np.zeros(self.size, np.bool_), np.zeros(self.size)
        if self.what == "Threshold":
            fired = x > self.p["threshold"]
            own = fired if given is None else given
            return fired, np.where(own, 0.0, x / self.p["threshold"])
        if self.dialect is Dialect.SNNTORCH:
            return self._advance_snntorch(x, given)
        self.v = self.v + self._slope(x)
        if late_current:
            self._move_current(x)
        fired = self.v > self.p["v_threshold"]
        own = fired if given is None else given
        self.v = np.where(own, self.p["v_reset"], self.v)
        return fired, self._above_reset()

    def _slope(self, x: Floats) -> Floats:
        """dt times the derivative of v."""
        p = self.p
        if self.what == "IF":
            return p["r"] * x * (1.0 if self.dialect is Dialect.NORSE else self.dt)
        if self.what == "LIF":
            return self.dt / p["tau"] * (p["v_leak"] - self.v + p["r"] * x)
        return self.dt / p["tau_mem"] * (p["v_leak"] - self.v + p["r"] * self.i)

    def _move_current(self, x: Floats) -> None:
        p, rate = self.p, self.dt / self.p["tau_syn"]
        if self.dialect is Dialect.NORSE:
            self.i = self.i - rate * self.i + p["w_in"] * x
        else:
            self.i = self.i + rate * (-self.i + p["w_in"] * x)

    def _advance_snntorch(self, x: Floats, given: Spikes | None) -> tuple[Spikes, Floats]:
        """Leaky: mem = beta mem + x - reset threshold; Synaptic: syn = alpha syn + x before it."""
        p = self.p
        tau = p["tau"] if self.what == "LIF" else p["tau_mem"]
        if self.what == "CubaLIF":
            alpha, scale = 1 - self.dt / p["tau_syn"], p["w_in"] * self.dt / p["tau_syn"]
            self.i = alpha * self.i + scale * x
            x = self.i
        beta, scale = 1 - self.dt / tau, p["r"] * self.dt / tau
        self.v = beta * self.v + scale * x - self.last * p["v_threshold"]
        fired = self.v > p["v_threshold"]
        self.last = (fired if given is None else given).astype(np.float64)
        return fired, self._above_reset()

    def _above_reset(self) -> Floats:
        rest = self.p["v_reset"]
        return (self.v - rest) / (self.p["v_threshold"] - rest)


class _Leaky:
    """LI: tau dv/dt = v_leak - v + r x, by forward Euler, from 0 at the graph's first step."""

    def __init__(self, name: str, node: Any, shape: Shape, dt: float) -> None:
        self.rate = dt / per_neuron(name, node, "tau", shape)
        self.r, self.leak = (per_neuron(name, node, f, shape) for f in ("r", "v_leak"))
        self.v = np.zeros(shape)

    def apply(self, x: Floats, step: int) -> Floats:
        if step >= 0:
            self.v = self.v + self.rate * (self.leak - self.v + self.r * x)
        return self.v


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
