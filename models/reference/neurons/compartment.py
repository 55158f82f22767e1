"""Neurons of m linear compartments, of which the first spikes (Zenke & Neftci 2021, eq. 7).

Any compartment may have synapses. With A the coupling from compartment d to c, in a tick

    U_c' = sum over d of A_dc U_d + x W_c + S V_c - [c = 0] reset S        S' = U_0' >= 1

Compartments of different neurons do not meet, but for spikes. With those detached, H of the
gradient is block diagonal, and each of the p weights has m derivatives, one for every compartment
of its own neuron: p m entries. For the weight of source j into compartment c of neuron i,

    P_d'  = sum over b of A_bd P_b - [d = 0] reset B_i P_0 + [d = c] s_j
    dL/dw = dL/dS_i B_i P_0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from axonloop.models.reference.lif import spiked, surrogate


@dataclass(frozen=True)
class CompartmentConstants:
    """What `LifConstants` has, but for the decays, which are A's diagonal."""

    reset: float = 1.0
    steepness: float = 5.0
    through_recurrence: bool = True
    through_reset: bool = False


class CompartmentState(NamedTuple):
    """U `(m, neurons)` and S `(neurons,)` after a tick."""

    potential: Tensor
    spikes: Tensor


def two_compartments(soma: float, dendrite: float, forth: float, back: float = 0.0) -> Tensor:
    """A of a soma and a dendrite in float64: what each keeps, and hears of the other."""
    return torch.tensor([[soma, back], [forth, dendrite]], dtype=torch.float64)


class Compartments:
    """A layer: `coupling` A `(m, m)`, `weights` W `(m, inputs, neurons)`, `recurrent` V or None.

    V is `(m, neurons, neurons)`. A weight that is 0 and stays so is a synapse that is not there.
    """

    def __init__(
        self,
        coupling: Tensor,
        weights: Tensor,
        recurrent: Tensor | None = None,
        constants: CompartmentConstants | None = None,
    ) -> None:
        self.coupling, self.weights, self.recurrent = coupling, weights, recurrent
        self.constants = constants or CompartmentConstants()

    def rest(self) -> CompartmentState:
        """Silence."""
        zero = torch.zeros_like(self.weights[:, 0])
        return CompartmentState(zero, zero[0])

    def step(self, state: CompartmentState, arriving: Tensor) -> CompartmentState:
        """Run a tick with 0 or 1 for every input, `(inputs,)`."""
        c = self.constants
        potential = self.coupling.T @ state.potential + arriving @ self.weights
        if self.recurrent is not None:
            back = state.spikes if c.through_recurrence else state.spikes.detach()
            potential = potential + back @ self.recurrent
        undone = state.spikes if c.through_reset else state.spikes.detach()
        first = torch.zeros_like(self.coupling[:, :1])
        first[0] = c.reset
        potential = potential - first * undone
        return CompartmentState(potential, spiked(potential[0], c.steepness))


class CompartmentTraces:
    """The rule: `trace` P is `(m, m, sources, neurons)`, from compartment c of the synapse to d."""

    def __init__(self, network: Compartments) -> None:
        self.network, self.state = network, network.rest()
        count, inputs, neurons = network.weights.shape
        sources = inputs if network.recurrent is None else inputs + neurons
        self.trace = network.weights.new_zeros(count, count, sources, neurons)

    def step(self, arriving: Tensor) -> Tensor:
        """Run a tick; return the spikes, `(neurons,)`."""
        network, c = self.network, self.network.constants
        source = arriving
        if network.recurrent is not None:
            source = torch.cat([arriving, self.state.spikes])
        trace = torch.einsum("bd,cbji->cdji", network.coupling, self.trace)
        if c.through_reset:
            slope = surrogate(self.state.potential[0], c.steepness)
            trace[:, 0] -= c.reset * slope * self.trace[:, 0]
        trace.diagonal(dim1=0, dim2=1).add_(source[:, None, None])
        self.trace, self.state = trace, network.step(self.state, arriving)
        return self.state.spikes

    def gradient(self, errors: Tensor) -> Tensor:
        """dL/dw of this tick, `(m, sources, neurons)`, from dL/dS, `(neurons,)`."""
        slope = surrogate(self.state.potential[0], self.network.constants.steepness)
        return self.trace[:, 0] * (errors * slope)
