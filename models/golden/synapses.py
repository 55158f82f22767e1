"""The weight memory and the exact sum over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import CoreConfig, Purpose
from axonloop.models.golden.fixedpoint import Int64Array
from axonloop.models.golden.noise import codewords, neuron_words, synapse_words, tick_word
from axonloop.models.golden.parameters import per_axon


def visited(config: CoreConfig) -> NDArray[np.bool_]:
    """The weights that integration visits, by row descriptor: bool `(axons, neurons)`."""
    first = np.array([row.first_group for row in config.rows])[:, None]
    count = np.array([row.groups for row in config.rows])[:, None]
    group = np.arange(config.geometry.groups)
    within = (first <= group) & (group < first + count)
    return np.repeat(within, config.geometry.lanes, axis=1)


class Synapses:
    """`weights`: int32 `(axons, neurons)`; before any are loaded there is no synapse.

    `writes`, of the same shape, is how often pulses have written each; None: it is not counted.
    """

    writes: NDArray[np.int32] | None = None

    def __init__(self, config: CoreConfig) -> None:
        geometry = config.geometry
        shape = (geometry.axons, geometry.neurons)
        self.weights = np.full(shape, geometry.no_synapse, dtype=np.int32)
        self.configure(config)

    def configure(self, config: CoreConfig) -> None:
        """Take over row descriptors, how often a row's synapses drop a spike, and the losses."""
        lanes = config.geometry.lanes
        self.core = config.core
        self.blank = per_axon(config, "blank")
        self._blank_out = bool(self.blank.any())
        self._mask = config.geometry.mask == 1
        self._kept_of_row = 256 - np.array(config.row_loss, dtype=np.int64)
        self._kept_of_column = 256 - np.array(config.column_loss, dtype=np.int64)
        self._codes = codewords(np.arange(config.geometry.neurons))
        self.row_synops = np.array([row.groups * lanes for row in config.rows], dtype=np.int64)
        self.no_synapse = config.geometry.no_synapse
        self._visited = visited(config)
        self.load(self.weights)

    def load(self, weights: NDArray[np.int32]) -> None:
        """Replace all weights."""
        self.weights = np.array(weights, dtype=np.int32)
        self.adds = self._visited & (self.weights != self.no_synapse)
        self.addend = np.where(self.adds, self.weights, np.int32(0))

    def integrate(self, events: Int64Array, seed: int, tick: int) -> Int64Array:
        """ACC of every neuron, for the axons `events` that spike: int64 `(neurons,)`."""
        rows = self.addend[events]
        if self._blank_out:
            rows = rows * self._kept(events, seed, tick)
        if self._mask:
            total = (rows * self._kept_of_row[events, None]).sum(axis=0)
            masked: Int64Array = total * self._kept_of_column + (1 << 15) >> 16
            return masked
        return np.asarray(rows.sum(axis=0, dtype=np.int32), dtype=np.int64)

    def _kept(self, events: Int64Array, seed: int, tick: int) -> NDArray[np.bool_]:
        """Blank-out: bool `(len(events), neurons)`, False where a synapse drops the row's spike."""
        words = neuron_words(tick_word(seed, tick, self.core), events, Purpose.BLANK_OUT)
        random = synapse_words(words, self._codes).T & np.uint32(0xFFFF)
        return np.asarray(random >= self.blank[events, None])

    def wrote(self, axons: Int64Array, neurons: Int64Array, block: NDArray[np.bool_]) -> None:
        """Count a write of each synapse of a block where it is True, if writes are counted."""
        if self.writes is not None:
            self.writes[np.ix_(axons, neurons)] += block

    def replace(self, axons: Int64Array, neurons: Int64Array, block: NDArray[np.int32]) -> None:
        """Write a block of weights that keeps every absent synapse absent."""
        where = np.ix_(axons, neurons)
        self.weights[where] = block
        self.addend[where] = block * self.adds[where]
