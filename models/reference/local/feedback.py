"""Errors that come back through weights of their own.

A layer y = x W hands dL/dy B to the layer below in the place of dL/dy W transposed. B may be

* fixed and random (Lillicrap et al. 2016);
* G^T n, of the signs of a readout G = W, n normal with mean 1 and deviation 1/2, and 0 where that
  is below 0: the noise that DECOLLE gives its feedback (Kaiser, Mostafa & Neftci 2020);
* learned from W's own step (Kolen & Pollack 1994): with dW = x^T dL/dy for W and its transpose for
  B, and the same share of both taken off at every step,

      W' - B'^T = (1 - decay) (W - B^T)

  whatever is learned, so that B becomes W's transpose.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def sign_concordant(readout: Tensor, random: torch.Generator | None = None) -> Tensor:
    """DECOLLE's B `(readouts, neurons)` for a readout G `(neurons, readouts)`."""
    noise = torch.randn(readout.shape, generator=random, dtype=readout.dtype)
    return (readout * (1 + 0.5 * noise).clamp(min=0)).T


class _TwoWay(torch.autograd.Function):
    """x W forward, dL/dy B backward; B's gradient is the transpose of W's."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor, back: Tensor) -> Tensor:
        ctx.save_for_backward(x, back)
        return x @ weights

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, back = ctx.saved_tensors
        (above,) = gradients
        own = x.reshape(-1, x.shape[-1]).T @ above.reshape(-1, above.shape[-1])
        return above @ back, own, own.T


class TwoWayLinear(nn.Module):
    """y = x W for x `(..., inputs)`; `weights` `(inputs, outputs)`, `back` `(outputs, inputs)`.

    `back` is a parameter if it is to learn, and any optimiser whose step is linear in gradient and
    weight (`SGD` with `weight_decay`, of which the share taken off is rate x weight_decay) then
    learns as Kolen & Pollack do; if not, it is a buffer and stays.
    """

    back: Tensor

    def __init__(self, weights: Tensor, back: Tensor, learns: bool = True) -> None:
        super().__init__()
        if back.shape != weights.T.shape:
            wanted = tuple(weights.T.shape)
            raise ValueError(f"back must be of shape {wanted}, not {tuple(back.shape)}")
        self.weights = nn.Parameter(weights)
        if learns:
            self.back = nn.Parameter(back)
        else:
            self.register_buffer("back", back)

    def forward(self, x: Tensor) -> Tensor:
        """`(..., outputs)`."""
        return two_way(x, self.weights, self.back)


def two_way(x: Tensor, weights: Tensor, back: Tensor) -> Tensor:
    """x W, whose gradient by x is taken through `back`."""
    return _TwoWay.apply(x, weights, back)  # type: ignore[no-any-return, no-untyped-call]
