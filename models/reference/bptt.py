"""Backpropagation through time: what every rule that learns forward in time is held against.

The network is unrolled and autograd goes back through it (Zenke & Neftci 2021, section II-A). All
states of all ticks are kept until the end: memory grows as ticks x neurons. Truncated (Williams &
Peng 1990), it forgets where a window begins how its first states came about, and keeps
window x neurons.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from axonloop.models.reference.chain import Chain
from axonloop.models.reference.lif import Lif, LifState

TickLoss = Callable[[int, Tensor], Tensor]
"""The loss of a tick, a scalar, from the tick and its spikes `(neurons,)`."""


def bptt_gradient(
    network: Lif, raster: Tensor, loss: TickLoss, window: int | None = None
) -> Tensor:
    """The gradient of the losses' sum over all ticks, `(inputs, neurons)`.

    For a recurrent network the rows of V follow: `(inputs + neurons, neurons)`. `raster`: 0 or 1,
    `(ticks, inputs)`. With a `window` no gradient passes from one of so many ticks to the last.
    """
    return chain_gradients(Chain([network]), raster, loss, window)[0]


def chain_gradients(
    chain: Chain, raster: Tensor, loss: TickLoss, window: int | None = None
) -> list[Tensor]:
    """The same for every layer of a chain; the loss hears the last one."""
    unrolled = Chain([_leaf(layer) for layer in chain.layers])
    states, total = unrolled.rest(), raster.new_zeros(())
    for tick, arriving in enumerate(raster):
        if window is not None and tick % window == 0:
            states = [LifState(*(x.detach() for x in state)) for state in states]
        states = unrolled.step(states, arriving)
        total = total + loss(tick, states[-1].spikes)
    leaves = [weights for layer in unrolled.layers for weights in _weights_of(layer)]
    found = iter(torch.autograd.grad(total, leaves))
    return [torch.cat([next(found) for _ in _weights_of(layer)]) for layer in unrolled.layers]


def _leaf(network: Lif) -> Lif:
    weights = [each.detach().requires_grad_() for each in _weights_of(network)]
    return Lif(weights[0], weights[1] if len(weights) > 1 else None, network.constants)


def _weights_of(network: Lif) -> list[Tensor]:
    return [network.weights] if network.recurrent is None else [network.weights, network.recurrent]
