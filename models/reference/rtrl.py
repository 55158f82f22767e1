"""Real-time recurrent learning: the exact gradient, forward in time.

Every state's derivative by every weight is carried along (Zenke & Neftci 2021, section II-B). With
w the weight of source j into neuron i, and dS = B dU:

    dI'_k/dw = beta dI_k/dw + sum over l of V_lk dS_l/dw + [k = i] s_j
    dU'_k/dw = alpha dU_k/dw + dI'_k/dw - reset dS_k/dw
    dL/dw    = sum over k of dL/dS_k B_k dU_k/dw

Sources are the inputs and, in a recurrent network, the neurons' spikes of the tick before. Memory
grows as sources x neurons^2 and does not depend on the number of ticks.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from axonloop.models.reference.bptt import TickLoss
from axonloop.models.reference.lif import Lif, LifState, surrogate


class Online(Protocol):
    """A rule that has the gradient of the tick just run; `state` is the network's after it."""

    network: Lif
    state: LifState

    def step(self, arriving: Tensor) -> Tensor:
        """Run a tick with `(inputs,)`; return the spikes, `(neurons,)`."""
        ...

    def gradient(self, errors: Tensor) -> Tensor:
        """dL/dw of this tick, `(sources, neurons)`, from dL/dS, `(neurons,)`."""
        ...

    def kept(self) -> list[Tensor]:
        """The state that the rule keeps from tick to tick, beside weights and neurons."""
        ...


def online_gradient(rule: Online, raster: Tensor, loss: TickLoss) -> Tensor:
    """The sum over all ticks of a rule's gradients, `(sources, neurons)`."""
    total: Tensor | None = None
    for tick, arriving in enumerate(raster):
        spikes = rule.step(arriving).detach().requires_grad_()
        (errors,) = torch.autograd.grad(loss(tick, spikes), spikes)
        now = rule.gradient(errors)
        total = now if total is None else total + now
    if total is None:
        raise ValueError("raster must be of 1 tick or more, not empty")
    return total


class Rtrl:
    """The full rule: derivatives of I and U are `(sources, neurons, neurons)`."""

    def __init__(self, network: Lif) -> None:
        self.network, self.state = network, network.rest()
        inputs, neurons = network.weights.shape
        sources = inputs if network.recurrent is None else inputs + neurons
        self.current = network.weights.new_zeros(sources, neurons, neurons)
        self.potential = torch.zeros_like(self.current)

    def step(self, arriving: Tensor) -> Tensor:
        """Run a tick; return the spikes, `(neurons,)`."""
        source = sources_of(self.network, arriving, self.state.spikes)
        self.current = self.network.constants.beta * self.current
        self.current.diagonal(dim1=1, dim2=2).add_(source[:, None])
        self.potential = carried(self.network, self.state, self.current, self.potential)
        self.state = self.network.step(self.state, arriving)
        return self.state.spikes

    def gradient(self, errors: Tensor) -> Tensor:
        """dL/dw of this tick."""
        slope = surrogate(self.state.potential, self.network.constants.steepness)
        return self.potential @ (errors * slope)

    def kept(self) -> list[Tensor]:
        """Both derivatives."""
        return [self.current, self.potential]


def carried(network: Lif, before: LifState, current: Tensor, potential: Tensor) -> Tensor:
    """dU' from dI' without its recurrent part, which is added in place, and dU.

    All are `(..., neurons)`; `before` is the state that dU is the derivative of.
    """
    c, recurrent = network.constants, network.recurrent
    spike = surrogate(before.potential, c.steepness) * potential
    if recurrent is not None and c.through_recurrence:
        current += spike @ recurrent
    potential = c.alpha * potential + current
    return potential - c.reset * spike if c.through_reset else potential


def sources_of(network: Lif, arriving: Tensor, spikes: Tensor) -> Tensor:
    """The spikes of a tick that belong to the rows of the gradient: `(sources,)`."""
    return arriving if network.recurrent is None else torch.cat([arriving, spikes])
