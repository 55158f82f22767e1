"""The tempotron (Gütig & Sompolinsky 2006): a neuron decides by whether it spikes at all.

P is the trace of an axon as in `sparse.py`: what a spike of the input makes of the potential of the
linear neuron of `lif.py`, so that until it spikes

    U(t) = sum over j of P_j(t) w_j

A neuron spikes at most once: what comes behind its spike is not heard. Let t* be the tick of its
spike, or of the largest U if it stays silent. Each mistake moves U(t*) toward the threshold 1:

    dw_j = +rate P_j(t*)    where it was to spike and stayed silent
           -rate P_j(t*)    where it spiked and was to stay silent

which is a step down the gradient of |1 - U(t*)|, t* held.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Tempotron:
    """Neurons apart from each other, with `weights` `(inputs, neurons)`; decays as in `Lif`."""

    def __init__(self, weights: Tensor, alpha: float, beta: float) -> None:
        self.weights, self.alpha, self.beta = weights, alpha, beta

    def traces(self, raster: Tensor) -> Tensor:
        """P of all ticks, from silence: 0 or 1 `(ticks, ..., inputs)` into the same shape."""
        current = trace = torch.zeros_like(raster[0])
        found = []
        for arriving in raster.unbind():
            current = self.beta * current + arriving
            trace = self.alpha * trace + current
            found.append(trace)
        return torch.stack(found)

    def decide(self, traces: Tensor) -> tuple[Tensor, Tensor]:
        """Who spikes, bool `(neurons,)`, and t*, to a pattern's traces `(ticks, inputs)`."""
        potential = traces @ self.weights
        above = potential >= 1
        spiked = above.any(0)
        return spiked, torch.where(spiked, above.int().argmax(0), potential.argmax(0))

    def learn(self, traces: Tensor, wanted: Tensor, rate: float) -> Tensor:
        """Take a step where the answer is not the `wanted` one: the mistakes, `(neurons,)`."""
        spiked, at = self.decide(traces)
        sign = wanted.to(traces.dtype) - spiked.to(traces.dtype)
        self.weights = self.weights + rate * traces[at].T * sign
        return spiked != wanted
