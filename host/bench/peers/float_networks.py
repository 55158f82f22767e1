"""The float side of `axonloop bench batched` in plain torch: one network, run and taught.

Layers of current-based neurons with a filter for the current; weights and potential are in units
of the threshold:

    I' = beta I + s W        V' = alpha V + I'        S = V' >= 1, and then V' = 0

Inference has no autograd, one matrix product per layer for all ticks where the arrangement allows
it, `unbind` instead of an index per tick, and updates in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Inference = Callable[[Tensor], list[Tensor]]
"""From input spikes, float `(ticks, copies, channels)`, to the spikes of every layer."""


@dataclass(frozen=True, eq=False)
class FloatNetwork:
    """Weights `(inputs, neurons)` of every layer, and what a tick keeps of I, V, Q and P."""

    weights: list[Tensor]
    beta: float
    alpha: float
    trace_beta: float
    trace_alpha: float
    box: float

    @property
    def sizes(self) -> list[int]:
        """Neurons of the layers."""
        return [weights.shape[1] for weights in self.weights]

    def driven(self, layer: int, spikes: Tensor) -> Tensor:
        """What a layer's weights make of all ticks at once: `(ticks, copies, neurons)`."""
        return (spikes.flatten(0, 1) @ self.weights[layer]).view(*spikes.shape[:2], -1)

    def heard(self, layer: int, spikes: Tensor) -> Tensor:
        """What the next layer hears of a layer's spikes."""
        return spikes


def layer_by_layer(network: FloatNetwork) -> Inference:
    """Every layer runs all ticks before the next one: one product for each."""

    def lif(driven: Tensor) -> Tensor:
        spikes = torch.empty_like(driven)
        current, membrane = torch.zeros_like(driven[0]), torch.zeros_like(driven[0])
        for drive, spike in zip(driven.unbind(0), spikes.unbind(0), strict=True):
            torch.add(drive, current, alpha=network.beta, out=current)
            torch.add(current, membrane, alpha=network.alpha, out=membrane)
            torch.ge(membrane, 1.0, out=spike)
            membrane.addcmul_(membrane, spike, value=-1.0)
        return spikes

    return chain(network, [lif] * len(network.weights))


def all_layers_at_once(network: FloatNetwork) -> Inference:
    """As on a chip, a spike reaches the next layer a tick later: fewer and longer operations."""
    others, sizes = network.weights[1:], network.sizes

    def run(spikes: Tensor) -> list[Tensor]:
        copies, late = spikes.shape[1], len(sizes) - 1
        driven = network.driven(0, spikes)
        driven = torch.cat([driven, driven.new_zeros(late, *driven.shape[1:])])
        out = spikes.new_empty(len(driven), copies, sum(sizes))
        current, membrane = spikes.new_zeros(2, copies, sum(sizes)).unbind(0)
        currents = torch.split(current, sizes, dim=1)
        before = spikes.new_zeros(copies, sum(sizes))
        for drive, spike in zip(driven.unbind(0), out.unbind(0), strict=True):
            torch.add(drive, currents[0], alpha=network.beta, out=currents[0])
            inputs = torch.split(before, sizes, dim=1)
            for own, below, weights in zip(currents[1:], inputs, others, strict=False):
                own.addmm_(below, weights, beta=network.beta)
            torch.add(current, membrane, alpha=network.alpha, out=membrane)
            torch.ge(membrane, 1.0, out=spike)
            membrane.addcmul_(membrane, spike, value=-1.0)
            before = spike
        return list(torch.split(out, sizes, dim=2))

    return torch.inference_mode()(run)


def chain(network: FloatNetwork, neurons: Sequence[Callable[[Tensor], Tensor]]) -> Inference:
    """Products of a layer for all ticks, then its neurons, layer by layer."""

    @torch.inference_mode()
    def run(spikes: Tensor) -> list[Tensor]:
        found = []
        for layer, lif in enumerate(neurons):
            found.append(lif(network.driven(layer, spikes)))
            spikes = network.heard(layer, found[-1])
        return found

    return run


class ThreeFactorLoop:
    """Online learning in float, every tick: W -= step P^T E, E = B x local error, B the boxcar.

    The layers run at once, a spike reaches the next one a tick later. `copies` samples share the
    weights. Every layer learns from a fixed readout of its own spikes: columns of `readout`,
    `(neurons, outputs)`, which is block-diagonal; a tick's `target` is `(copies, outputs)`.
    """

    def __init__(self, network: FloatNetwork, readout: Tensor, copies: int, step: float) -> None:
        self.network, self.readout, self.step = network, readout, step
        self.back = readout.t().contiguous()
        self.prepare()
        sizes = network.sizes
        inputs = [weights.shape[0] for weights in self.weights]
        self.current, self.membrane, self.spike = readout.new_zeros(3, copies, sum(sizes)).unbind(0)
        traces = readout.new_zeros(3, copies, sum(inputs))
        self.trace_q, self.trace_p, self.arrived = traces.unbind(0)
        self._currents = torch.split(self.current, sizes, dim=1)
        self._inputs = torch.split(self.arrived, inputs, dim=1)
        self._traces = torch.split(self.trace_p, inputs, dim=1)
        self._hidden = sum(inputs) - inputs[0]

    def prepare(self) -> None:
        """Put back the first weights."""
        self.weights = [weights.clone() for weights in self.network.weights]

    def clear(self) -> None:
        """Zero the state."""
        for state in (self.current, self.membrane, self.spike, self.trace_q, self.trace_p):
            state.zero_()

    @torch.inference_mode()
    def tick(self, spikes: Tensor, target: Tensor) -> Tensor:
        """One tick with input `(copies, channels)` and its learning step; the spikes after it."""
        network = self.network
        channels = spikes.shape[1]
        self.arrived[:, channels:] = self.spike[:, : self._hidden]
        self.arrived[:, :channels] = spikes
        torch.add(self.arrived, self.trace_q, alpha=network.trace_beta, out=self.trace_q)
        torch.add(self.trace_q, self.trace_p, alpha=network.trace_alpha, out=self.trace_p)
        for current, below, weights in zip(self._currents, self._inputs, self.weights, strict=True):
            current.addmm_(below, weights, beta=network.beta)
        torch.add(self.current, self.membrane, alpha=network.alpha, out=self.membrane)
        torch.ge(self.membrane, 1.0, out=self.spike)
        box = (self.membrane - 1.0).abs_() < network.box
        self.membrane.addcmul_(self.membrane, self.spike, value=-1.0)
        errors = torch.addmm(target, self.spike, self.readout, beta=-1) @ self.back
        errors.mul_(box)
        for weights, trace, error in zip(
            self.weights, self._traces, torch.split(errors, network.sizes, dim=1), strict=True
        ):
            weights.addmm_(trace.t(), error, alpha=-self.step)
        return self.spike.clone()


class Step(torch.autograd.Function):
    """Spikes of membranes; their derivative is the boxcar of half width `box` around 1."""

    @staticmethod
    def forward(context: Any, membrane: Tensor, box: float) -> Tensor:
        """1 where the membrane has reached 1."""
        context.save_for_backward((membrane - 1).abs() < box)
        return (membrane >= 1).to(membrane.dtype)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """The gradient inside the box."""
        (inside,) = context.saved_tensors
        return gradient * inside, None


class DecolleLoop(ThreeFactorLoop):
    """The same learning as DECOLLE's authors write it (Kaiser et al. 2020, section 2.3).

    Membranes are U = P W - R, from the traces of the inputs and what spikes took off; traces and
    R are constants to autograd, which so finds the three factors in the gradient of the layers'
    local losses, |target - readout S|^2 / 2.
    """

    def tick(self, spikes: Tensor, target: Tensor) -> Tensor:
        """One tick with input `(copies, channels)` and its learning step; the spikes after it."""
        network, sizes = self.network, self.network.sizes
        self.arrived[:, spikes.shape[1] :] = self.spike[:, : self._hidden]
        self.arrived[:, : spikes.shape[1]] = spikes
        torch.add(self.arrived, self.trace_q, alpha=network.beta, out=self.trace_q)
        torch.add(self.trace_q, self.trace_p, alpha=network.alpha, out=self.trace_p)
        weights = [each.requires_grad_() for each in self.weights]
        taken = torch.split(self.membrane, sizes, dim=1)
        outputs = [
            Step.apply(trace @ each - own, network.box)  # type: ignore[no-untyped-call]
            for trace, each, own in zip(self._traces, weights, taken, strict=True)
        ]
        spike = torch.cat(outputs, dim=1)
        loss = (target - spike @ self.readout).square().sum() / 2
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for each, gradient in zip(weights, gradients, strict=True):
                each.sub_(gradient, alpha=self.step)
            self.spike.copy_(spike)
            self.membrane.mul_(network.alpha).add_(self.spike)
        return self.spike.clone()
