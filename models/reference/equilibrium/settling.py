"""Layers with connections both ways, which settle (Hopfield 1984; Xie & Seung 2003).

Layer 0 is the input, which is held; L is the output. With f the activation, x_k the state of layer
k, W_k its weights from below and F_k what the layer below hears of it, the network is at rest where

    x_k = f(x_{k-1} W_k + b_k + x_{k+1} F_{k+1})          k = 1..L

which is where the papers' dx/dt = -x + f(...) ends. It is found layer by layer: a sweep puts each
layer to its own rest, its neighbours held. With F = gamma W^T every rest is a stationary point of

    E = sum over k of gamma^(k-L) (phi(x_k) - x_{k-1} W_k x_k - b_k x_k)        phi' = f^-1

and sweeps descend it, so that they come to rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

Activation = Callable[[Tensor], Tensor]
"""f: rising, of any shape; `torch.sigmoid` or `hard`, for instance."""


def hard(drive: Tensor) -> Tensor:
    """The hard sigmoid: `drive` held in 0..1."""
    return drive.clamp(0, 1)


class Gradients(NamedTuple):
    """Of all layers from the lowest on, of the shapes of `Settling.weights` and `.biases`."""

    weights: list[Tensor]
    biases: list[Tensor]


class Settling:
    """`weights` `(below, layer)` and `biases` `(layer,)` of the layers 1..L.

    `feedback` are G_k `(layer, below)` of the layers 2..L, and F = gamma G; without it F is
    gamma W^T. A phase ends after `sweeps`, or when no state has moved by more than `still`.
    """

    def __init__(
        self,
        weights: Sequence[Tensor],
        biases: Sequence[Tensor],
        activation: Activation = torch.sigmoid,
        gamma: float = 1.0,
        feedback: Sequence[Tensor] | None = None,
        sweeps: int = 1000,
        still: float = 1e-15,
    ) -> None:
        self.weights, self.biases = list(weights), list(biases)
        self.activation, self.gamma, self.feedback = activation, gamma, feedback
        self.sweeps, self.still = sweeps, still

    def drive(self, inputs: Tensor, states: Sequence[Tensor], layer: int) -> Tensor:
        """What layer 1..L hears, `(..., layer)`; `states` are those of the layers 1..L."""
        below = states[layer - 2] if layer > 1 else inputs
        heard = below @ self.weights[layer - 1] + self.biases[layer - 1]
        if layer < len(states):
            own = self.weights[layer].T if self.feedback is None else self.feedback[layer - 1]
            heard = heard + self.gamma * states[layer] @ own
        return heard

    def forward(self, inputs: Tensor) -> list[Tensor]:
        """The states without feedback: where a phase may begin."""
        states: list[Tensor] = []
        for weights, biases in zip(self.weights, self.biases, strict=True):
            below = states[-1] if states else inputs
            states.append(self.activation(below @ weights + biases))
        return states

    def settle(
        self,
        inputs: Tensor,
        states: Sequence[Tensor],
        wanted: Tensor | None = None,
        nudge: float = 0.0,
    ) -> list[Tensor]:
        """The states at rest, found from `states`; inputs are `(..., inputs)`.

        The output also hears nudge (wanted - x_L), `wanted` being `(..., outputs)`.
        """
        return self._rest(inputs, list(states), len(states), wanted, nudge)

    def clamp(self, inputs: Tensor, states: Sequence[Tensor], wanted: Tensor) -> list[Tensor]:
        """The states at rest with `wanted`, `(..., outputs)`, in the place of the output."""
        return self._rest(inputs, [*states[:-1], wanted], len(states) - 1)

    def _rest(
        self,
        inputs: Tensor,
        states: list[Tensor],
        movable: int,
        wanted: Tensor | None = None,
        nudge: float = 0.0,
    ) -> list[Tensor]:
        """Sweeps from the top down over the lowest `movable` layers."""
        for _ in range(self.sweeps):
            moved = 0.0
            for layer in range(movable, 0, -1):
                heard = self.drive(inputs, states, layer)
                if wanted is not None and layer == len(states):
                    heard = heard + nudge * (wanted - states[-1])
                before, states[layer - 1] = states[layer - 1], self.activation(heard)
                moved = max(moved, float((states[layer - 1] - before).detach().abs().max()))
            if moved <= self.still:
                break
        return states

    def contrast(self, inputs: Tensor, one: Sequence[Tensor], other: Sequence[Tensor]) -> Gradients:
        """Products of neighbours in the state `one` less those in `other`, summed over samples."""
        products = [_products(inputs, states) for states in (one, other)]
        return Gradients(
            [x - y for x, y in zip(*products, strict=True)],
            [_flat(x - y).sum(0) for x, y in zip(one, other, strict=True)],
        )


def _products(inputs: Tensor, states: Sequence[Tensor]) -> list[Tensor]:
    below = [inputs, *states[:-1]]
    return [_flat(x).T @ _flat(y) for x, y in zip(below, states, strict=True)]


def _flat(states: Tensor) -> Tensor:
    return states.reshape(-1, states.shape[-1])
