"""Sparse n-step approximation of real-time recurrent learning (Menick et al. 2021).

With J the derivatives of all states by all weights, D those of a state by the one before, and I the
direct ones, the rule is RTRL with what lies outside of a mask left out at every tick:

    J' = M_n (D J + I)        M_n[w, k] = 1 where w can be felt by neuron k within n ticks

A weight into neuron i is felt by i in its own tick, and by k one tick later if V_ik is not 0.
SnAp-1 keeps neuron i alone, its loop onto itself included; SnAp-n is exact if no neuron is
further than n - 1 synapses away.
"""

from __future__ import annotations

import torch
from torch import Tensor

from axonloop.models.reference.lif import Lif
from axonloop.models.reference.rtrl import Rtrl


class Snap(Rtrl):
    """The rule of order `reach`; `mask` M is `(neurons, neurons)`, from neuron i to k.

    Raises ValueError for a reach below 1.
    """

    def __init__(self, network: Lif, reach: int) -> None:
        if reach < 1:
            raise ValueError(f"reach must be 1 or more, not {reach!r}")
        super().__init__(network)
        self.mask = torch.eye(network.weights.shape[1], dtype=torch.bool)
        if network.recurrent is not None:
            for _ in range(reach - 1):
                further = self.mask.double() @ (network.recurrent != 0).double()
                self.mask = self.mask | (further > 0)

    def step(self, arriving: Tensor) -> Tensor:
        """Run a tick; return the spikes, `(neurons,)`."""
        spikes = super().step(arriving)
        self.current *= self.mask
        self.potential *= self.mask
        return spikes

    def kept(self) -> list[Tensor]:
        """Both derivatives, inside of the mask."""
        return [each[:, self.mask] for each in super().kept()]
