"""Neurons whose threshold rises with their spikes (ALIF; Bellec et al. 2018, 2020).

    a' = kept a + S        S' = U' >= 1 + strength a'

I and U are those of `lif`; the surrogate is taken at the distance from the risen threshold.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from axonloop.models.reference.lif import Lif, LifState, spiked


class AlifState(NamedTuple):
    """I, U and S after a tick, and a, each `(..., neurons)`."""

    membrane: LifState
    adaptation: Tensor


class Alif:
    """A layer of `lif` with adaptation: `kept` per tick, `strength` in units of the threshold."""

    def __init__(self, lif: Lif, kept: float, strength: float) -> None:
        self.lif, self.kept, self.strength = lif, kept, strength

    def rest(self, *shape: int) -> AlifState:
        """The state of silence, for samples of this shape."""
        membrane = self.lif.rest(*shape)
        return AlifState(membrane, torch.zeros_like(membrane.spikes))

    def step(self, state: AlifState, arriving: Tensor) -> AlifState:
        """Run a tick with 0 or 1 for every input, `(..., inputs)`."""
        current, potential = self.lif.membranes(state.membrane, arriving @ self.lif.weights)
        adaptation = self.kept * state.adaptation + state.membrane.spikes
        spikes = spiked(self.level(potential, adaptation), self.lif.constants.steepness)
        return AlifState(LifState(current, potential, spikes), adaptation)

    def level(self, potential: Tensor, adaptation: Tensor) -> Tensor:
        """U less what the threshold has risen by: a spike where it is 1 or more."""
        return potential - self.strength * adaptation
