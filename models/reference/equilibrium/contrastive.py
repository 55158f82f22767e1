"""Contrastive Hebbian learning, with transposed or with random feedback.

A free phase, and one with the output clamped to what is wanted (Movellan 1991). Weights learn the
products of the one and unlearn those of the other; layers below the output, which the clamp reaches
through feedback of strength gamma, by so much more (Xie & Seung 2003):

    dW_k = rate gamma^(k-L) (clamped x_{k-1} x_k - free x_{k-1} x_k)

With F = gamma W^T that descends J = E(clamped) - E(free), E as in `settling`, for every gamma; as
gamma goes to 0 it becomes backpropagation. With F = gamma G, G fixed and random, it is random
contrastive Hebbian learning (Detorakis, Bartley & Neftci 2019), in whose limit errors go back
through G.
"""

from __future__ import annotations

from torch import Tensor

from axonloop.models.reference.equilibrium.settling import Gradients, Settling


class ContrastiveHebbian:
    """The rule on a network with either feedback."""

    def __init__(self, network: Settling) -> None:
        self.network = network

    def gradients(self, inputs: Tensor, wanted: Tensor) -> Gradients:
        """-dW and -db at rate 1, summed over samples: dJ/dW where F = gamma W^T.

        Inputs are `(..., inputs)`, `wanted` `(..., outputs)`.
        """
        network = self.network
        free = network.settle(inputs, network.forward(inputs))
        clamped = network.clamp(inputs, free, wanted)
        found, top = network.contrast(inputs, free, clamped), len(free) - 1
        scales = [network.gamma ** (k - top) for k in range(top + 1)]
        return Gradients(
            *([s * each for s, each in zip(scales, kind, strict=True)] for kind in found)
        )
