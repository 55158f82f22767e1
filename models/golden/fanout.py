"""The fan-out tables of a chip: the axons that the spike of a neuron reaches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import ChipConfig
from axonloop.models.golden.arithmetic import Int64Array


class FanOut:
    """The entries of all cores, int64 `(entries,)` each.

    `neuron` and `axon` count through the whole chip; `source` and `target` are the indices of
    their cores; `delay` is in ticks.
    """

    def __init__(self, config: ChipConfig) -> None:
        geometry = config.geometry
        entries = [
            (source, neuron, entry.core - config.first, entry.axon, entry.delay)
            for source, core in enumerate(config.cores)
            for neuron, table in enumerate(core.fanout)
            for entry in table
        ]
        columns = np.array(entries, dtype=np.int64).reshape(-1, 5).T
        self.source, neuron, self.target, axon, self.delay = columns
        self.neuron = self.source * geometry.neurons + neuron
        self.axon = self.target * geometry.axons + axon

    def sent(self, spike: NDArray[np.bool_]) -> Int64Array:
        """The entries whose neurons spike, from bool `(cores * neurons,)`."""
        entries: Int64Array = spike[self.neuron].nonzero()[0]
        return entries
