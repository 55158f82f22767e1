"""DECOLLE's layer as a module of torch: a loss of its own, and autograd within a tick.

Equations as in `models/reference/decolle.py` (Kaiser, Mostafa & Neftci 2020, eqs 1 to 8), with
biases and any number of readouts:

    U = P W + b - R        S = U >= 1        y = S G        dS/dU = |U - 1| < box

Traces are numbers to autograd, and spikes leave the block as numbers: any loss of y and U, and any
optimiser, learn W and b from this tick and this layer alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from axonloop.models.reference.local.feedback import two_way
from axonloop.models.reference.superspike import DoubleExponential


class DecolleHeard(NamedTuple):
    """What a block says in a tick.

    `spikes` `(..., neurons)` are for the next block, without gradient; `prediction` y
    `(..., readouts)` and `potential` U `(..., neurons)` are for the loss.
    """

    spikes: Tensor
    prediction: Tensor
    potential: Tensor


class BoxSpike(torch.autograd.Function):
    """A step at 1 whose derivative is a boxcar of half width `box`."""

    @staticmethod
    def forward(ctx: Any, potential: Tensor, box: float) -> Tensor:
        ctx.save_for_backward((potential - 1).abs() < box)
        return (potential >= 1).to(potential.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (inside,) = ctx.saved_tensors
        return gradients[0] * inside, None


class DecolleBlock(nn.Module):
    """`weights` `(inputs, neurons)` and `bias` `(neurons,)` learn; `readout` G is fixed.

    G is `(neurons, readouts)`; errors come back through `feedback` `(readouts, neurons)`, or
    through G transposed. Decays are per tick, weights and U in units of the threshold.
    """

    readout: Tensor
    feedback: Tensor

    def __init__(
        self,
        weights: Tensor,
        readout: Tensor,
        feedback: Tensor | None = None,
        alpha: float = 0.9,
        beta: float = 0.7,
        gamma: float = 0.9,
        rho: float = 1.0,
        box: float = 0.5,
    ) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)
        self.bias = nn.Parameter(torch.zeros_like(readout[:, 0]))
        self.register_buffer("readout", readout)
        self.register_buffer("feedback", readout.T if feedback is None else feedback)
        self.alpha, self.beta, self.gamma, self.rho, self.box = alpha, beta, gamma, rho, box
        self.clear()

    def clear(self) -> None:
        """Forget traces and resets: before a new sample, or a batch of another shape."""
        self._traces = DoubleExponential(self.beta, self.alpha)
        self._reset = torch.zeros_like(self.bias).detach()

    @property
    def trace(self) -> Tensor:
        """P of the last tick, `(..., inputs)`."""
        return self._traces.slow

    def forward(self, arriving: Tensor) -> DecolleHeard:
        """Run a tick with 0 or 1 for every input, `(..., inputs)`."""
        trace = self._traces.step(arriving.detach())
        potential = trace @ self.weights + self.bias - self._reset
        spikes: Tensor = BoxSpike.apply(potential, self.box)  # type: ignore[no-untyped-call]
        self._reset = self.gamma * self._reset + self.rho * spikes.detach()
        prediction = two_way(spikes, self.readout, self.feedback)
        return DecolleHeard(spikes.detach(), prediction, potential)
