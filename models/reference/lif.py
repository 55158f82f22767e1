"""Leaky integrate-and-fire neurons with surrogate gradients, in floating point.

The current-based neuron of Zenke & Neftci (2021, section II) in ticks, with threshold 1. Per tick,
with x the spikes that arrive, S the network's own of the tick before, W and V their weights:

    I' = beta I + x W + S V
    U' = alpha U + I' - reset S
    S' = U' >= 1                    B = dS/dU = 1 / (1 + steepness |U - 1|)^2

B is SuperSpike's surrogate (Zenke & Ganguli 2018). Gradients go through S V with
`through_recurrence`, and through reset S with `through_reset`: without both, a weight is felt by
its own neuron alone, and by that through the linear states I and U only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class LifConstants:
    """Constants of a network; decays per tick in 0..1, weights and U in units of the threshold."""

    alpha: float = 0.9
    beta: float = 0.8
    reset: float = 1.0
    steepness: float = 5.0
    through_recurrence: bool = True
    through_reset: bool = False


class LifState(NamedTuple):
    """I, U and S after a tick, each `(..., neurons)`."""

    current: Tensor
    potential: Tensor
    spikes: Tensor


class _Spike(torch.autograd.Function):
    """A step at 1 with SuperSpike's derivative."""

    @staticmethod
    def forward(ctx: Any, potential: Tensor, steepness: float) -> Tensor:
        ctx.save_for_backward(potential)
        ctx.steepness = steepness
        return (potential >= 1).to(potential.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (potential,) = ctx.saved_tensors
        return gradients[0] * surrogate(potential, ctx.steepness), None


def spiked(potential: Tensor, steepness: float) -> Tensor:
    """U >= 1 as 0 or 1, of the shape of U; its derivative is the surrogate."""
    return _Spike.apply(potential, steepness)  # type: ignore[no-any-return, no-untyped-call]


def surrogate(potential: Tensor, steepness: float) -> Tensor:
    """B, of the shape of U."""
    return (1 + steepness * (potential - 1).abs()).pow(-2)


class Lif:
    """A layer: `weights` W `(inputs, neurons)`, `recurrent` V `(neurons, neurons)` or None."""

    def __init__(
        self,
        weights: Tensor,
        recurrent: Tensor | None = None,
        constants: LifConstants | None = None,
    ) -> None:
        self.weights, self.recurrent = weights, recurrent
        self.constants = constants or LifConstants()

    def rest(self, *shape: int) -> LifState:
        """The state of silence, for samples of this shape."""
        zero = self.weights.new_zeros(*shape, self.weights.shape[1])
        return LifState(zero, zero, zero)

    def step(self, state: LifState, arriving: Tensor) -> LifState:
        """Run a tick with 0 or 1 for every input, `(..., inputs)`."""
        return self.driven(state, arriving @ self.weights)

    def driven(self, state: LifState, drive: Tensor) -> LifState:
        """Run a tick with x W given as `drive`, `(..., neurons)`."""
        current, potential = self.membranes(state, drive)
        return LifState(current, potential, spiked(potential, self.constants.steepness))

    def membranes(self, state: LifState, drive: Tensor) -> tuple[Tensor, Tensor]:
        """I' and U' of a tick, whatever the neuron makes of U'."""
        c = self.constants
        back = state.spikes if c.through_recurrence else state.spikes.detach()
        current = c.beta * state.current + drive
        if self.recurrent is not None:
            current = current + back @ self.recurrent
        undone = state.spikes if c.through_reset else state.spikes.detach()
        return current, c.alpha * state.potential + current - c.reset * undone

    def run(self, raster: Tensor) -> Tensor:
        """The spikes `(ticks, ..., neurons)` to the input `(ticks, ..., inputs)`, from silence."""
        state, spikes = self.rest(*raster.shape[1:-1]), []
        for drive in (raster @ self.weights).unbind():
            state = self.driven(state, drive)
            spikes.append(state.spikes)
        return torch.stack(spikes)
