"""The float side of `axonloop bench batched`: one network in plain torch and in the peers.

Layers of current-based neurons with a filter for the current; weights and potential are in units
of the threshold:

    I' = beta I + s W        V' = alpha V + I'        S = V' >= 1, and then V' = 0

Inference has no autograd, one matrix product per layer for all ticks where the arrangement allows
it, `unbind` instead of an index per tick, and updates in place. A peer runs its own neurons
between the same products.
"""

from __future__ import annotations

import importlib
import importlib.util
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


def layer_by_layer(network: FloatNetwork) -> Inference:
    """Every layer runs all ticks before the next one: one matrix product for each."""

    def lif(driven: Tensor) -> Tensor:
        spikes = torch.empty_like(driven)
        current, membrane = torch.zeros_like(driven[0]), torch.zeros_like(driven[0])
        for drive, spike in zip(driven.unbind(0), spikes.unbind(0), strict=True):
            torch.add(drive, current, alpha=network.beta, out=current)
            torch.add(current, membrane, alpha=network.alpha, out=membrane)
            torch.ge(membrane, 1.0, out=spike)
            membrane.addcmul_(membrane, spike, value=-1.0)
        return spikes

    return _chain(network, [lif] * len(network.weights))


def all_layers_at_once(network: FloatNetwork) -> Inference:
    """As on a chip, a spike reaches the next layer a tick later: fewer and longer operations."""
    first, *others = network.weights
    sizes = network.sizes

    def run(spikes: Tensor) -> list[Tensor]:
        copies, late = spikes.shape[1], len(sizes) - 1
        driven = _driven(spikes, first)
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


def _driven(spikes: Tensor, weights: Tensor) -> Tensor:
    """The product for all ticks at once: `(ticks, copies, neurons)`."""
    return (spikes.flatten(0, 1) @ weights).view(*spikes.shape[:2], -1)


def _chain(network: FloatNetwork, neurons: Sequence[Callable[[Tensor], Tensor]]) -> Inference:
    """Products of a layer for all ticks, then its neurons, layer by layer."""

    @torch.inference_mode()
    def run(spikes: Tensor) -> list[Tensor]:
        found = []
        for weights, lif in zip(network.weights, neurons, strict=True):
            spikes = lif(_driven(spikes, weights))
            found.append(spikes)
        return found

    return run


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

    return _chain(network, [layer(cell) for cell in cells])


def spikingjelly(network: FloatNetwork) -> Inference:
    """`SynapseFilter` on the spikes, then the product, then `LIFNode`; multi-step."""
    base = "spikingjelly.activation_based"
    layers, neurons, functional = (
        importlib.import_module(f"{base}.{part}") for part in ("layer", "neuron", "functional")
    )
    parts: list[tuple[Any, Tensor, Any]] = [
        (
            layers.SynapseFilter(tau=1 / (1 - network.beta), step_mode="m"),
            weights,
            neurons.LIFNode(
                tau=1 / (1 - network.alpha), decay_input=False, v_reset=0.0, step_mode="m"
            ),
        )
        for weights in network.weights
    ]

    @torch.inference_mode()
    def run(spikes: Tensor) -> list[Tensor]:
        found: list[Tensor] = []
        for filters, weights, lif in parts:
            functional.reset_net(filters)
            functional.reset_net(lif)
            spikes = lif(filters(spikes) @ weights)
            found.append(spikes)
        return found

    for _, _, lif in parts:
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
    scaled = FloatNetwork([w / share for w in network.weights], 0.0, 0.0, 0.0, 0.0, 0.0)

    def layer(cell: Any) -> Callable[[Tensor], Tensor]:
        def lif(driven: Tensor) -> Tensor:
            zero = torch.zeros_like(driven[0])
            state = library.LIFFeedForwardState(v=zero, i=zero)
            spikes: Tensor = cell(driven, state)[0]
            return spikes

        return lif

    return _chain(scaled, [layer(library.LIF(parameters, dt=dt)) for _ in network.weights])


PEERS: dict[str, Callable[[FloatNetwork], Inference]] = {
    "snntorch": snntorch,
    "spikingjelly": spikingjelly,
    "norse": norse,
}


def installed() -> list[str]:
    """The peers that can be imported here."""
    return [name for name in PEERS if importlib.util.find_spec(name) is not None]


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
        self.current, self.membrane, self.spike = torch.zeros(3, copies, sum(sizes)).unbind(0)
        self.trace_q, self.trace_p, self.arrived = torch.zeros(3, copies, sum(inputs)).unbind(0)
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
        return self.spike
