"""e-prop: eligibility of adaptive neurons, forward in time (Bellec et al. 2020).

What a weight does through other neurons' spikes, and through its own neuron's reset, is left out.
Its eligibility has a part for U, which is the trace P of its axon, and one for the threshold:

    eps'_ji = kept eps_ji + B_i (P_j - strength eps_ji)        B_i, P_j of the tick before
    e_ji    = B_i' (P_j' - strength eps'_ji)

A readout that leaks, y' = leak y + S R, asks for a filtered eligibility, and

    ebar' = leak ebar + e        dL/dw = sum over t of (dL/dy R transposed)_i ebar_ji

Without adaptation that is a trace per axon, and a filter per synapse.
"""

from __future__ import annotations

import torch
from torch import Tensor

from axonloop.models.reference.lif import surrogate
from axonloop.models.reference.neurons import Alif
from axonloop.models.reference.rtrl import sources_of
from axonloop.models.reference.superspike import DoubleExponential


class EProp:
    """The rule; `eligibility` is ebar of the last tick, `(sources, neurons)`."""

    def __init__(self, network: Alif, leak: float = 0.0) -> None:
        self.network, self.leak, self.state = network, leak, network.rest()
        constants = network.lif.constants
        self._trace = DoubleExponential(constants.beta, constants.alpha)
        self._direct = self._risen = self.eligibility = torch.zeros(())

    def step(self, arriving: Tensor) -> Tensor:
        """Run a tick with `(inputs,)`; return the spikes, `(neurons,)`."""
        network = self.network
        source = sources_of(network.lif, arriving, self.state.membrane.spikes)
        self._risen = network.kept * self._risen + self._direct
        self.state = network.step(self.state, arriving)
        level = network.level(self.state.membrane.potential, self.state.adaptation)
        slope = surrogate(level, network.lif.constants.steepness)
        trace = self._trace.step(source)[:, None]
        self._direct = slope * (trace - network.strength * self._risen)
        self.eligibility = self.leak * self.eligibility + self._direct
        return self.state.membrane.spikes

    def gradient(self, signal: Tensor) -> Tensor:
        """dL/dw of this tick from dL/dy R transposed, `(neurons,)`."""
        return self.eligibility * signal
