"""Real-time recurrent learning of several layers: exact (Zenke & Neftci 2021, appendix A).

A weight w of layer m is felt by all layers l >= m. Each pair of layers has derivatives of its own,
the appendix's P^(l,m); what layer l feels of the layers below, it feels in the tick (eqs 15, 16,
written for I and U, in the ticks of `Chain`):

    dI^l'/dw = beta dI^l/dw + dS^(l-1)'/dw W^l + dS^l/dw V^l + [l = m] s
    dU^l'/dw = alpha dU^l/dw + dI^l'/dw - reset dS^l/dw
    dL/dw    = dL/dS^L B^L dU^L/dw
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from axonloop.models.reference.bptt import TickLoss
from axonloop.models.reference.chain import Chain
from axonloop.models.reference.lif import surrogate
from axonloop.models.reference.rtrl import carried, sources_of


class OnlineChain(Protocol):
    """A rule of several layers that has the gradients of the tick just run."""

    def step(self, arriving: Tensor) -> Tensor:
        """Run a tick with `(inputs,)`; return the last layer's spikes, `(neurons,)`."""
        ...

    def gradients(self, errors: Tensor) -> list[Tensor]:
        """dL/dw of this tick, `(sources, neurons)` per layer, from dL/dS of the last one."""
        ...


def chain_online_gradients(rule: OnlineChain, raster: Tensor, loss: TickLoss) -> list[Tensor]:
    """The sums over all ticks of a rule's gradients, one per layer; `raster` is not empty."""
    totals: list[Tensor] = []
    for tick, arriving in enumerate(raster):
        spikes = rule.step(arriving).detach().requires_grad_()
        (errors,) = torch.autograd.grad(loss(tick, spikes), spikes)
        now = rule.gradients(errors)
        totals = [x + y for x, y in zip(totals, now, strict=True)] if totals else now
    return totals


class ChainRtrl:
    """Derivatives of I and U by pairs (l, m), l >= m, of layers counted from 0.

    Those of layer l by the weights of m are `(sources_m, neurons_m, neurons_l)`.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain, self.states = chain, chain.rest()
        self.current: dict[tuple[int, int], Tensor] = {}
        for m, layer in enumerate(chain.layers):
            own = sources_of(layer, layer.weights[:, 0], self.states[m].spikes)
            for upper in range(m, len(chain.layers)):
                shape = len(own), layer.weights.shape[1], chain.layers[upper].weights.shape[1]
                self.current[upper, m] = layer.weights.new_zeros(shape)
        self.potential = dict(self.current)

    def step(self, arriving: Tensor) -> Tensor:
        """Run a tick; return the last layer's spikes, `(neurons,)`."""
        after = self.chain.step(self.states, arriving)
        heard = [arriving, *(state.spikes for state in after)]
        for (upper, m), before in self.current.items():
            layer = self.chain.layers[upper]
            current = layer.constants.beta * before
            if upper == m:
                source = sources_of(layer, heard[m], self.states[m].spikes)
                current.diagonal(dim1=1, dim2=2).add_(source[:, None])
            else:
                slope = surrogate(
                    after[upper - 1].potential, self.chain.layers[upper - 1].constants.steepness
                )
                current += (slope * self.potential[upper - 1, m]) @ layer.weights
            moved = carried(layer, self.states[upper], current, self.potential[upper, m])
            self.current[upper, m], self.potential[upper, m] = current, moved
        self.states = after
        return after[-1].spikes

    def gradients(self, errors: Tensor) -> list[Tensor]:
        """dL/dw of this tick, one per layer."""
        top = len(self.states) - 1
        slope = surrogate(self.states[top].potential, self.chain.layers[top].constants.steepness)
        return [self.potential[top, m] @ (errors * slope) for m in range(top + 1)]
