"""Backpropagation through time: what every rule that learns forward in time is held against.

The network is unrolled and autograd goes back through it (Zenke & Neftci 2021, section II-A). All
states of all ticks are kept until the end: memory grows as ticks x neurons.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from axonloop.models.reference.lif import Lif

TickLoss = Callable[[int, Tensor], Tensor]
"""The loss of a tick, a scalar, from the tick and its spikes `(neurons,)`."""


def bptt_gradient(network: Lif, raster: Tensor, loss: TickLoss) -> Tensor:
    """The gradient of the losses' sum over all ticks, `(inputs, neurons)`.

    For a recurrent network the rows of V follow: `(inputs + neurons, neurons)`. `raster`: 0 or 1,
    `(ticks, inputs)`.
    """
    weights = network.weights.detach().requires_grad_()
    recurrent = network.recurrent
    if recurrent is not None:
        recurrent = recurrent.detach().requires_grad_()
    unrolled = Lif(weights, recurrent, network.constants)
    state, total = unrolled.rest(), weights.new_zeros(())
    for tick, arriving in enumerate(raster):
        state = unrolled.step(state, arriving)
        total = total + loss(tick, state.spikes)
    leaves = [weights] if recurrent is None else [weights, recurrent]
    return torch.cat(torch.autograd.grad(total, leaves))
