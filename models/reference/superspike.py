"""SuperSpike (Zenke & Ganguli 2018): output spikes are moved to wanted times.

The loss is van Rossum's distance, and its gradient is taken forward in time:

    L        = 1/2 sum over t of (a * (S^ - S))_i^2
    lambda   = a * (B_i (eps * s_j))            eligibility
    dw_ji    = rate sum over t of (a * (S^ - S))_i lambda_ji

S^ are the wanted spikes, eps * s is the postsynaptic potential of an input, a is a double
exponential. Filtering the product is what needs two more traces per synapse; one trace per axon
holds eps * s only, so a chip of such traces leaves `a` out of lambda.
"""

from __future__ import annotations

import torch
from torch import Tensor

from axonloop.models.reference.lif import Lif, surrogate
from axonloop.models.reference.sparse import AxonTraces


class DoubleExponential:
    """A causal filter: fast' = rise fast + x, slow' = fall slow + fast', the output."""

    def __init__(self, rise: float, fall: float) -> None:
        self.rise, self.fall = rise, fall
        self.fast = self.slow = torch.zeros(())

    def step(self, value: Tensor) -> Tensor:
        """Run a tick with values of any shape that stays the same."""
        self.fast = self.rise * self.fast + value
        self.slow = self.fall * self.slow + self.fast
        return self.slow


class SuperSpike:
    """Learns a feed-forward layer; `rise` and `fall` are the decays of a, per tick.

    `eligibility` is lambda of the last tick, `(inputs, neurons)`, and `distance` the loss so far.
    """

    def __init__(self, network: Lif, rise: float, fall: float) -> None:
        self.potentials = AxonTraces(network)
        self._lambda = DoubleExponential(rise, fall)
        self._error = DoubleExponential(rise, fall)
        self.eligibility = torch.zeros_like(network.weights)
        self.distance = 0.0

    def step(self, arriving: Tensor, wanted: Tensor) -> Tensor:
        """Run a tick with inputs and wanted spikes; dL/dw of it, `(inputs, neurons)`."""
        spikes = self.potentials.step(arriving)
        network, state = self.potentials.network, self.potentials.state
        slope = surrogate(state.potential, network.constants.steepness)
        self.eligibility = self._lambda.step(torch.outer(self.potentials.trace, slope))
        error = self._error.step(spikes - wanted)
        self.distance += float(error.square().sum()) / 2
        return self.eligibility * error
