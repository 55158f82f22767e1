"""Real-time recurrent learning made sparse: a trace per synapse, or one per axon.

Leave out what a weight does to other neurons (Zenke & Neftci 2021, section III: the recurrence
detached). Of the derivatives of `rtrl` only those of the weight's own neuron i remain, with B_i at
the tick before:

    I'_ji = beta I_ji + s_j        U'_ji = (alpha - reset B_i) U_ji + I'_ji        per synapse

If the reset is left out as well, nothing depends on i any more, and all synapses of an axon share

    Q'_j = beta Q_j + s_j          P'_j = alpha P_j + Q'_j                         per axon

which are the chip's traces. The gradient is dL/dS_i B_i times the trace. Both rules are exact where
what they leave out is not there: the first without recurrence, the second for the linear neuron.
"""

from __future__ import annotations

import torch
from torch import Tensor

from axonloop.models.reference.lif import Lif, surrogate
from axonloop.models.reference.rtrl import sources_of


class SynapseTraces:
    """A trace per synapse: I and U are `(sources, neurons)`."""

    def __init__(self, network: Lif) -> None:
        self.network, self.state = network, network.rest()
        inputs, neurons = network.weights.shape
        sources = inputs if network.recurrent is None else inputs + neurons
        self.current = network.weights.new_zeros(sources, neurons)
        self.potential = torch.zeros_like(self.current)

    def step(self, arriving: Tensor) -> Tensor:
        """Run a tick; return the spikes, `(neurons,)`."""
        c = self.network.constants
        source = sources_of(self.network, arriving, self.state.spikes)
        self.current = c.beta * self.current + source[:, None]
        slope = surrogate(self.state.potential, c.steepness)
        kept = c.alpha - c.reset * slope if c.through_reset else c.alpha
        self.potential = kept * self.potential + self.current
        self.state = self.network.step(self.state, arriving)
        return self.state.spikes

    def gradient(self, errors: Tensor) -> Tensor:
        """dL/dw of this tick."""
        slope = surrogate(self.state.potential, self.network.constants.steepness)
        return self.potential * (errors * slope)

    def kept(self) -> list[Tensor]:
        """Both traces."""
        return [self.current, self.potential]


class AxonTraces:
    """A trace per axon: Q and P are `(sources,)`."""

    def __init__(self, network: Lif) -> None:
        self.network, self.state = network, network.rest()
        inputs, neurons = network.weights.shape
        sources = inputs if network.recurrent is None else inputs + neurons
        self.current_trace = network.weights.new_zeros(sources)
        self.trace = torch.zeros_like(self.current_trace)

    def step(self, arriving: Tensor) -> Tensor:
        """Run a tick; return the spikes, `(neurons,)`."""
        c = self.network.constants
        source = sources_of(self.network, arriving, self.state.spikes)
        self.current_trace = c.beta * self.current_trace + source
        self.trace = c.alpha * self.trace + self.current_trace
        self.state = self.network.step(self.state, arriving)
        return self.state.spikes

    def gradient(self, errors: Tensor) -> Tensor:
        """dL/dw of this tick."""
        slope = surrogate(self.state.potential, self.network.constants.steepness)
        return torch.outer(self.trace, errors * slope)

    def kept(self) -> list[Tensor]:
        """Both traces."""
        return [self.current_trace, self.trace]
