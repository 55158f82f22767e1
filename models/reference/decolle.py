"""DECOLLE in floating point (Kaiser, Mostafa & Neftci 2020): what the integer chip is held against.

Layers of neurons in a chain; each learns from a readout of its own, which is fixed. Per tick, with
s the spikes that arrive, theta = 1 and B = |U - 1| < box the surrogate of the spike's derivative:

    Q' = beta Q + s            P' = alpha P + Q'              per input
    U = P' W - R               S = U >= 1                     R' = gamma R + rho S
    y' = leak y + G S          prediction = scale y'          per readout
    rate' = kept rate + (1 - kept) S
    E = B G (prediction - target) / threshold + strength ([rate - ceiling]+ - [floor - rate]+)
    W' = W - step P' E

The readout's own dynamics are left out of the gradient: an error is put down to the spikes of its
tick. The last term keeps activity in a band. It does not depend on B: a neuron far from its
threshold would hear nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class DecolleConstants:
    """Constants of a layer; decays per tick, weights and U in units of the threshold."""

    alpha: float
    beta: float
    gamma: float
    rho: float
    box: float
    leak: float
    scale: float
    threshold: float
    step: float
    kept: float
    floor: float
    ceiling: float
    strength: float


class DecolleLayer:
    """One layer: `weights` `(inputs, neurons)`, `readout` G `(neurons,)`, both float.

    `potential` U, `spikes` S, `trace` P and `prediction` are those of the last tick.
    """

    def __init__(
        self, weights: torch.Tensor, readout: torch.Tensor, constants: DecolleConstants
    ) -> None:
        self.weights, self.readout, self.constants = weights.clone(), readout, constants
        self.rate = torch.full_like(readout, constants.floor)
        self.clear()

    def clear(self) -> None:
        """Zero all state but weights and rates."""
        inputs, _ = self.weights.shape
        self.current_trace = self.weights.new_zeros(inputs)
        self.trace = self.weights.new_zeros(inputs)
        self.reset = torch.zeros_like(self.readout)
        self.potential = torch.zeros_like(self.readout)
        self.spikes = torch.zeros_like(self.readout)
        self.level = 0.0

    def step(self, arrived: torch.Tensor) -> torch.Tensor:
        """Run a tick with 0 or 1 for every input, `(inputs,)`; return S, `(neurons,)`."""
        c = self.constants
        self.current_trace = c.beta * self.current_trace + arrived
        self.trace = c.alpha * self.trace + self.current_trace
        self.potential = self.trace @ self.weights - self.reset
        self.spikes = (self.potential >= 1).to(self.weights.dtype)
        self.reset = c.gamma * self.reset + c.rho * self.spikes
        self.level = c.leak * self.level + float(self.readout @ self.spikes)
        return self.spikes

    @property
    def prediction(self) -> float:
        """The readout's prediction: scale y', a scalar."""
        return self.constants.scale * self.level

    def errors(self, target: float) -> torch.Tensor:
        """E of every neuron for the tick just run, `(neurons,)`; also moves the rates on."""
        c = self.constants
        box = ((self.potential - 1).abs() < c.box).to(self.weights.dtype)
        self.rate = c.kept * self.rate + (1 - c.kept) * self.spikes
        busy = (self.rate - c.ceiling).clamp(min=0) - (c.floor - self.rate).clamp(min=0)
        distance = self.prediction - target
        return box * self.readout * (distance / c.threshold) + c.strength * busy

    def learn(self, target: float, step: float) -> None:
        """One step of learning after a tick; `step` scales that of the constants."""
        self.weights.addr_(self.trace, self.errors(target), alpha=-step * self.constants.step)


class Decolle:
    """A chain of layers; a spike reaches the next one a tick later."""

    def __init__(self, layers: Sequence[DecolleLayer]) -> None:
        self.layers = tuple(layers)

    def clear(self) -> None:
        """Zero the state of all layers, spikes under way included."""
        for layer in self.layers:
            layer.clear()

    def step(self, arrived: torch.Tensor) -> list[float]:
        """Run a tick; return the predictions of all layers."""
        inputs = [arrived, *(layer.spikes for layer in self.layers[:-1])]
        for layer, spikes in zip(self.layers, inputs, strict=True):
            layer.step(spikes)
        return [layer.prediction for layer in self.layers]

    def learn(self, targets: Sequence[float], step: float = 1.0) -> None:
        """Every layer learns from its own target, after a tick."""
        for layer, target in zip(self.layers, targets, strict=True):
            layer.learn(target, step)
