"""Event-driven random backpropagation (Neftci, Augustine, Paul & Detorakis 2017).

A chain of spiking layers. Two error neurons per output, one of each sign, compare what the output
neurons say with the label; their spikes reach every hidden neuron through fixed random weights G
and are held in a dendrite T. A weight changes when its axon spikes:

    e' = e + S_out - label      an error spike where |e'| >= threshold, which is taken off e'
    T' = kept T + spikes G      hidden layers;   T' = kept T + spikes   the output layer
    W' = W - rate T' box(U) s   box: low < U < high

So an update is two comparisons and an addition, and no layer needs the weights of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from axonloop.models.reference.chain import Chain
from axonloop.models.reference.lif import Lif


@dataclass(frozen=True)
class ErbpConstants:
    """`threshold` of error neurons in output spikes; the box in units of the neurons' threshold."""

    rate: float = 1e-3
    kept: float = 0.5
    threshold: float = 1.0
    low: float = 0.0
    high: float = 2.0


class Erbp:
    """Layers, and a feedback G `(outputs, neurons)` for each but the last.

    `errors` are the error spikes of the last tick, -1, 0 or 1, `(outputs,)`; `dendrites` T, one per
    layer. A spike reaches the next layer in the same tick.
    """

    def __init__(
        self, layers: Sequence[Lif], feedback: Sequence[Tensor], constants: ErbpConstants
    ) -> None:
        outputs = layers[-1].weights.shape[1]
        eye = torch.eye(outputs, dtype=layers[-1].weights.dtype)
        self.chain, self.feedback = Chain(layers), (*feedback, eye)
        self.constants = constants
        self.clear()

    def clear(self) -> None:
        """Start a sample: silence everywhere."""
        self.states = self.chain.rest()
        self.dendrites = [torch.zeros_like(state.current) for state in self.states]
        self.level = torch.zeros_like(self.states[-1].current)
        self.errors = torch.zeros_like(self.level)

    def step(self, arriving: Tensor, label: Tensor | None = None) -> Tensor:
        """Run a tick and learn from `label`, wanted spikes `(outputs,)`; return the output."""
        self.states = self.chain.step(self.states, arriving)
        heard = [arriving, *(state.spikes for state in self.states)]
        if label is not None:
            self._compare(heard[-1] - label)
            for k, spikes in enumerate(heard[:-1]):
                self._learn(k, spikes)
        return heard[-1]

    def _compare(self, difference: Tensor) -> None:
        c = self.constants
        self.level = self.level + difference
        self.errors = (self.level.abs() >= c.threshold) * self.level.sign()
        self.level = self.level - c.threshold * self.errors

    def _learn(self, k: int, spikes: Tensor) -> None:
        c, potential = self.constants, self.states[k].potential
        self.dendrites[k] = c.kept * self.dendrites[k] + self.errors @ self.feedback[k]
        box = (potential > c.low) & (potential < c.high)
        self.chain.layers[k].weights.addr_(spikes, self.dendrites[k] * box, alpha=-c.rate)
