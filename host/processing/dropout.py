"""Dropout of a readout: in each tick it hears, and corrects, only some of what its layer says.

It lies between a layer and its readout alone (Kaiser, Mostafa & Neftci 2020): the chip, the next
layer, and whatever is scored, hear all spikes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from axonloop.host.data import DROPPING, generator
from axonloop.host.processing.objective import Flags
from axonloop.models.checks import require


class Dropout:
    """Leaves out each of `units` units of layer `layer` with probability `share`, anew each tick.

    `seeds`: that of each copy. Copies of the same seed leave out different units.
    """

    def __init__(self, units: int, share: float, seeds: Sequence[int], layer: int) -> None:
        require(0 < share < 1, "dropout", "above 0 and below 1", share)
        self._units, self._share, self._ticks = units, share, 0
        self._streams = [
            (seed, layer, list(seeds[:copy]).count(seed)) for copy, seed in enumerate(seeds)
        ]

    def step(self) -> Flags:
        """The units that are heard in this tick, bool `(copies, units)`."""
        drawn = [
            generator(seed, DROPPING, *stream, self._ticks).random(self._units, np.float32)
            for seed, *stream in self._streams
        ]
        self._ticks += 1
        kept: Flags = np.stack(drawn) >= self._share
        return kept

    def state(self) -> dict[str, Any]:
        """How many ticks were drawn, for `restore`."""
        return {"dropped": self._ticks}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        self._ticks = int(state["dropped"])
