"""Keeping neurons busy: ungated error events for those that are too quiet or too loud.

Errors of the loss are gated by the boxcar: a neuron far from its threshold hears none, and a layer
of silent neurons stays silent. DECOLLE therefore adds a term to the loss that keeps activity in a
band. Here it is a stream of ungated events: negative ones make the weights of a quiet neuron grow.

    rate' = decay(rate, KEPT) + (4096 if the neuron spiked)      whole numbers
    gradient = [rate - ceiling]+ - [floor - rate]+               then a sigma-delta encoder
"""

from __future__ import annotations

from typing import Any

import numpy as np

from axonloop.host.processing.error_encoders import Integers, SigmaDeltaEncoder
from axonloop.host.processing.objective import Flags
from axonloop.models.checks import require
from axonloop.models.config import DECAY_ONE

KEPT = 4055
"""Decay of the rates, in 1/4096 per tick: they look back a hundred ticks."""
RATE_ONE = round(DECAY_ONE / (1 - KEPT / DECAY_ONE))
"""Rate of a neuron that spikes at every tick."""


class ActivityBand:
    """Holds the rates of `neurons` neurons in `floor`..`ceiling`, in spikes per tick.

    A neuron that is outside by d gets `strength` x d events per tick, one of -1 or 1 at a time.
    Rates start at the floor, and go on from sample to sample.
    """

    def __init__(
        self, neurons: int, floor: float, ceiling: float, strength: float, copies: int = 1
    ) -> None:
        require(0 <= floor <= 1, "floor of activity", "in 0..1", floor)
        require(floor <= ceiling <= 1, "ceiling of activity", f"in {floor}..1", ceiling)
        require(0 < strength <= 100, "strength", "above 0 and at most 100", strength)
        self._floor, self._ceiling = round(floor * RATE_ONE), round(ceiling * RATE_ONE)
        self._encoder = SigmaDeltaEncoder(neurons, [round(RATE_ONE / strength)] * copies)
        self.rates: Integers = np.full((copies, neurons), self._floor, dtype=np.int64)

    def step(self, spikes: Flags) -> Integers:
        """Take who spiked, `(copies, neurons)`; the ungated errors to send, of that shape."""
        self.rates = (self.rates * KEPT >> 12) + DECAY_ONE * spikes
        loud = np.maximum(self.rates - self._ceiling, 0)
        quiet = np.maximum(self._floor - self.rates, 0)
        return self._encoder.encode(loud - quiet)

    def state(self) -> dict[str, Any]:
        """Rates and residues, for `restore`."""
        return {"rates": self.rates.copy()} | self._encoder.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        rates = np.array(state["rates"], dtype=np.int64)
        require(rates.shape == self.rates.shape, "rates", f"{self.rates.shape}", rates.shape)
        self._encoder.restore(state)
        self.rates = rates
