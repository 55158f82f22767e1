"""Rounding of learning steps, at random by the hash or to the nearest whole number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.models.golden.arithmetic.fixedpoint import Int64Array
from axonloop.models.golden.arithmetic.hash import neuron_words, synapse_words, tick_word

Moment = tuple[int, int, int]
"""Seed, tick and core: the words of the hash beside the synapse and the purpose."""


class Rounder:
    """round(x, shift) with a shift and a mode of every neuron, and the purpose of its hash.

    `shift`: int `(neurons,)`; `nearest`: bool `(neurons,)`; `codes`: the axons' codewords;
    `purpose`: that of the hash.
    """

    def __init__(
        self, shift: Int64Array, nearest: NDArray[np.bool_], codes: NDArray[np.uint32], purpose: int
    ) -> None:
        self.shift, self.nearest = shift.astype(np.int32), nearest
        self._codes, self.purpose = codes, purpose
        self._mask = (np.int32(1) << self.shift) - np.int32(1)
        self._half = np.int32(1) << self.shift >> 1

    def round(
        self, products: NDArray[np.int32], axons: Int64Array, neurons: Int64Array, when: Moment
    ) -> NDArray[np.int32]:
        """The steps of a block of synapses: int32 `(axons, neurons)`."""
        nearest = self.nearest[neurons]
        if nearest.all():
            addend = self._half[neurons]
        else:
            words = neuron_words(tick_word(*when), neurons, self.purpose)
            addend = synapse_words(words, self._codes[axons]).astype(np.int32)
            addend = addend & self._mask[neurons]
            if nearest.any():
                addend = np.where(nearest, self._half[neurons], addend)
        return products + addend >> self.shift[neurons]
