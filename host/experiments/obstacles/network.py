"""A spiking network in float that learns by any rung of the ladder.

Two layers of leaky integrate-and-fire neurons, whose synapses filter spikes twice:

    Q' = beta Q + S     P' = alpha P + (1 - alpha) Q'     U = P W - R     S = U >= 1
    R' = alpha (R + S)

A gradient is that of the mean over samples of the sum over ticks. In all rungs but the first
dW = P (E sigma'(U)), with E of the output or, through a matrix, of the hidden layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from axonloop.host.experiments.obstacles.rungs import Rung

ALPHA, BETA, SLOPE, BOX = 0.9, 0.7, 5.0, 2.0
KEPT = 0.9
"""Of the readout, which sums the output's spikes, from tick to tick."""
WANTED, THRESHOLD = 0.8, 1.0
"""Spikes per tick that the label's output should make; of an error neuron, in spikes."""


class _Spike(torch.autograd.Function):
    """A step at 1, whose derivative falls with the distance from it."""

    @staticmethod
    def forward(ctx: Any, potential: Tensor) -> Tensor:
        ctx.save_for_backward(potential)
        return (potential >= 1).to(potential.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (potential,) = ctx.saved_tensors
        return gradients[0] * slope(potential)


def slope(potential: Tensor) -> Tensor:
    """The derivative that stands for the step's."""
    return (1 + SLOPE * (potential - 1).abs()) ** -2


def box(potential: Tensor) -> Tensor:
    """1 where the membrane is near the threshold, else 0: a comparison."""
    return ((potential - 1).abs() < BOX).to(potential.dtype)


@dataclass
class _Layer:
    """Weights `(axons, neurons)`, and the states of a batch of samples."""

    weights: Tensor

    def clear(self, samples: int) -> None:
        """Silence."""
        axons, neurons = self.weights.shape
        self.fast, self.trace = torch.zeros(samples, axons), torch.zeros(samples, axons)
        self.reset = torch.zeros(samples, neurons)

    def step(self, arriving: Tensor) -> Tensor:
        """Run a tick; the spikes `(samples, neurons)`."""
        self.fast = BETA * self.fast + arriving
        self.trace = ALPHA * self.trace + (1 - ALPHA) * self.fast
        self.potential = self.trace @ self.weights - self.reset
        spikes: Tensor = _Spike.apply(self.potential)  # type: ignore[no-untyped-call]
        self.reset = ALPHA * (self.reset + spikes.detach())
        return spikes


class ErrorSide:
    """What compares outputs with the label, by a rung: from spikes to errors of the output."""

    def __init__(self, rung: Rung, labels: Tensor, classes: int) -> None:
        self._rung, self._label = rung, one_hot(labels, classes).float()
        self._readout = torch.zeros_like(self._label)
        self.up, self.down = torch.zeros_like(self._label), torch.zeros_like(self._label)

    def step(self, spikes: Tensor) -> Tensor:
        """Take the output's spikes `(samples, classes)`; the errors, of the same shape."""
        self._readout = KEPT * self._readout + spikes
        if self._rung.targets:
            return torch.softmax(self._readout, 1) - self._label
        difference = spikes - WANTED * self._label
        return difference if self._rung.floats else self._events(difference)

    def _events(self, difference: Tensor) -> Tensor:
        """-1, 0 or 1: what the error neurons say, and what they said is taken off them."""
        if self._rung.signs:
            self.up = self.up + difference
            events = (self.up.abs() >= THRESHOLD) * self.up.sign()
            self.up = self.up - THRESHOLD * events
            return events
        self.up = (self.up + difference).clamp(min=0)
        self.down = (self.down - difference).clamp(min=0)
        more, less = (self.up >= THRESHOLD).float(), (self.down >= THRESHOLD).float()
        self.up, self.down = self.up - THRESHOLD * more, self.down - THRESHOLD * less
        return more - less


class LadderNetwork:
    """Two layers, `weights` of both and a fixed `feedback` `(classes, hidden neurons)`."""

    def __init__(self, weights: list[Tensor], feedback: Tensor, burn_in: int) -> None:
        self.layers = [_Layer(each) for each in weights]
        self._feedback, self._quiet = feedback, burn_in

    def votes(self, raster: Tensor) -> Tensor:
        """Spikes of every output after the burn-in, `(samples, classes)`."""
        with torch.no_grad():
            return torch.stack(self._spikes(raster)[self._quiet :]).sum(0)

    def _spikes(self, raster: Tensor) -> list[Tensor]:
        for layer in self.layers:
            layer.clear(raster.shape[1])
        below, above = self.layers
        return [above.step(below.step(arriving)) for arriving in raster]

    def gradients(self, rung: Rung, raster: Tensor, labels: Tensor) -> list[Tensor]:
        """What the rung takes for the gradients of both weights.

        `raster` `(ticks, samples, axons)`, of 0 and 1; `labels` `(samples,)`.
        """
        if rung.unrolling:
            return self._through_time(raster, labels)
        with torch.no_grad():
            return self._online(rung, raster, labels)

    def _through_time(self, raster: Tensor, labels: Tensor) -> list[Tensor]:
        """By autograd, through all ticks."""
        leaves = [layer.weights.requires_grad_() for layer in self.layers]
        readout, loss = torch.zeros(()), torch.zeros(())
        for tick, spikes in enumerate(self._spikes(raster)):
            readout = KEPT * readout + spikes if tick >= self._quiet else readout
            if tick >= self._quiet:
                loss = loss + cross_entropy(readout, labels)
        found = torch.autograd.grad(loss, leaves)
        for layer in self.layers:
            layer.weights = layer.weights.detach()
        return list(found)

    def _online(self, rung: Rung, raster: Tensor, labels: Tensor) -> list[Tensor]:
        """Tick by tick; errors of a tick meet the traces of this one, or of the next."""
        samples = raster.shape[1]
        below, above = self.layers
        found = [torch.zeros_like(layer.weights) for layer in self.layers]
        side = ErrorSide(rung, labels, above.weights.shape[1])
        errors = torch.zeros(samples, above.weights.shape[1])
        near = slope if rung.derivatives else box
        below.clear(samples)
        above.clear(samples)
        for tick, arriving in enumerate(raster):
            spikes = above.step(below.step(arriving))
            fresh = side.step(spikes) if tick >= self._quiet else torch.zeros_like(spikes)
            errors, late = fresh, errors
            chosen = fresh if rung.two_passes else late
            output = chosen * near(above.potential)
            back = output @ (above.weights.T if rung.symmetric else self._feedback)
            found[1] += above.trace.T @ output
            found[0] += below.trace.T @ (back * near(below.potential))
        return [each / samples for each in found]
