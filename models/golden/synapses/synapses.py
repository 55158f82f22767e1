"""The weight memory and the exact sum over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import CoreConfig, Purpose
from axonloop.models.golden.arithmetic import (
    Int64Array,
    Moment,
    Rounder,
    codewords,
    neuron_words,
    per_axon,
    synapse_words,
    tick_word,
)


def visited(config: CoreConfig) -> NDArray[np.bool_]:
    """The weights that integration visits, by row descriptor: bool `(axons, neurons)`.

    In a core with convolutions: those of kernels, bool `(kernel_rows, kernel_columns)`.
    """
    geometry = config.geometry
    if geometry.convolutions:
        within = np.zeros((geometry.weight_rows, geometry.weight_columns), dtype=bool)
        for each in config.convolutions:
            within[each.first_row : each.first_row + each.rows, : each.out_channels] = True
        return within
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
        self.no_synapse, self.limit = config.geometry.no_synapse, config.geometry.weight_max
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

    def subtract(
        self, column: Int64Array, row: Int64Array, rounder: Rounder, when: Moment
    ) -> tuple[int, int]:
        """W -= round(column * row) by neuron and axon; how many were visited and changed."""
        neurons, axons = np.flatnonzero(column), np.flatnonzero(row)
        if not len(neurons) or not len(axons):
            return 0, 0
        old = self.weights[np.ix_(axons, neurons)]
        products = row[axons, None].astype(np.int32) * column[neurons].astype(np.int32)
        steps = rounder.round(products, axons, neurons, when)
        limit = self.limit
        present = old != self.no_synapse
        new = np.where(present, np.minimum(np.maximum(old - steps, -limit), limit), old)
        self.replace(axons, neurons, new)
        return int(np.count_nonzero(present)), int(np.count_nonzero(new != old))

    def replace(self, axons: Int64Array, neurons: Int64Array, block: NDArray[np.int32]) -> None:
        """Write a block of weights that keeps every absent synapse absent."""
        where = np.ix_(axons, neurons)
        self.weights[where] = block
        self.addend[where] = block * self.adds[where]
