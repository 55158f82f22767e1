"""The error-triggered rule: W -= round(E * Pq), where E and Pq are not 0 and a synapse is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import CoreConfig, Rounding
from axonloop.models.golden.fixedpoint import Array, saturate, wrap
from axonloop.models.golden.noise import Word, codewords, neuron_words, synapse_words, tick_word
from axonloop.models.golden.parameters import per_neuron
from axonloop.models.golden.synapses import Synapses


class Learning:
    """`gated`, `ungated`: error sums int64 `(neurons,)`, wrapping in error_bits + 8 bits."""

    def __init__(self, config: CoreConfig) -> None:
        self.geometry = config.geometry
        self._codes = codewords(np.arange(self.geometry.axons))
        self.clear()
        self.configure(config)

    def clear(self) -> None:
        """Forget all errors."""
        self.gated: Array = np.zeros(self.geometry.neurons, dtype=np.int64)
        self.ungated: Array = np.zeros(self.geometry.neurons, dtype=np.int64)

    def configure(self, config: CoreConfig) -> None:
        """Take over eta_shift and rounding of the groups' parameter sets."""
        self.core = config.core
        self.eta_shift = per_neuron(config, "eta_shift").astype(np.int32)
        self.nearest = per_neuron(config, "rounding") == Rounding.NEAREST
        self._mask = (np.int32(1) << self.eta_shift) - np.int32(1)
        self._half = np.int32(1) << self.eta_shift >> 1

    def add(self, neurons: Array, values: Array, ungated: bool) -> None:
        """Add error events; a neuron may have several."""
        sums = self.ungated if ungated else self.gated
        np.add.at(sums, neurons, values)
        sums[neurons] = wrap(sums[neurons], self.geometry.error_sum_bits)

    def errors(self, box: NDArray[np.bool_]) -> Array:
        """E of every neuron from the sums and the boxcar: int64 `(neurons,)`."""
        limit = self.geometry.error_max
        gated, _ = saturate(self.gated, limit)
        ungated, _ = saturate(self.ungated, limit)
        return saturate(gated * box + ungated, limit)[0]

    def apply(
        self, synapses: Synapses, box: NDArray[np.bool_], pq: Array, seed: int, tick: int
    ) -> tuple[int, int]:
        """Learn once and zero the sums; return how many synapses were visited and changed.

        `tick` is the tick that `box` and `pq` belong to. Only the rows and columns with a
        factor that is not 0 are touched.
        """
        errors = self.errors(box)
        self.clear()
        neurons, axons = np.flatnonzero(errors), np.flatnonzero(pq)
        if not len(neurons) or not len(axons):
            return 0, 0
        old = synapses.weights[np.ix_(axons, neurons)]
        products = pq[axons, None].astype(np.int32) * errors[neurons].astype(np.int32)
        steps = self._round(products, axons, neurons, tick_word(seed, tick, self.core))
        limit = self.geometry.weight_max
        present = old != synapses.no_synapse
        new = np.where(present, np.minimum(np.maximum(old - steps, -limit), limit), old)
        synapses.replace(axons, neurons, new)
        return int(np.count_nonzero(present)), int(np.count_nonzero(new != old))

    def _round(
        self, products: NDArray[np.int32], axons: Array, neurons: Array, word: Word
    ) -> NDArray[np.int32]:
        """round(E * Pq, eta_shift) for a block: int32 `(axons, neurons)`."""
        nearest = self.nearest[neurons]
        if nearest.all():
            addend = self._half[neurons]
        else:
            random = synapse_words(neuron_words(word, neurons), self._codes[axons])
            addend = random.astype(np.int32) & self._mask[neurons]
            if nearest.any():
                addend = np.where(nearest, self._half[neurons], addend)
        return products + addend >> self.eta_shift[neurons]
