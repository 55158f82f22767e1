"""Terms that see the weight that they change: gains by headroom, and steps by pulses.

docs/contract.md, section 5, learn. Fouda et al. 2019, equations 13 to 17, are what tables make of
it: a pulse moves a memristor by a share of its headroom, and a gain makes up for that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import CoreConfig, MemristorTables, Purpose
from axonloop.models.golden.arithmetic import (
    Int64Array,
    Moment,
    neuron_words,
    per_neuron,
    synapse_words,
    tick_word,
)
from axonloop.models.golden.learning.terms import NumberedTerm

MOST_PULSES = 255
"""The most parts of a pulse."""
_SHARE_BITS = 12


class MemristorTerm:
    """Term number `number` of the neurons whose term is weighted or pulsed.

    `nearest`: bool `(neurons,)`, their rounding; `codes`: the codewords of the axons.
    """

    def __init__(
        self,
        config: CoreConfig,
        term: NumberedTerm,
        nearest: NDArray[np.bool_],
        codes: NDArray[np.uint32],
    ) -> None:
        self._term, self._nearest, self._codes = term, nearest, codes
        self._limit = config.geometry.weight_max
        self._index_shift = config.geometry.weight_bits - 8
        self._tables = _Tables(config.memristor)
        self._cycle_to_cycle = per_neuron(config, "cycle_to_cycle")
        self._device_to_device = per_neuron(config, "device_to_device")

    def change(
        self,
        old: NDArray[np.int32],
        column: Int64Array,
        row: Int64Array,
        where: tuple[Int64Array, Int64Array],
        when: Moment,
    ) -> tuple[Int64Array, NDArray[np.bool_]]:
        """New weights of a block, and where pulses were sent: both `(axons, neurons)`.

        `old` are the block's weights, `column` c of the neurons and `row` a of the axons; `where`
        are the numbers of the block's axons and neurons.
        """
        axons, neurons = where
        up = column < 0
        headroom = np.where(up, self._limit - old.astype(np.int64), self._limit + old)
        wanted = self._wanted(row[:, None] * column, headroom, up, where, when)
        plain = np.clip(old - wanted, -self._limit, self._limit)
        pulsed = self._term.pulsed[neurons]
        if not pulsed.any():
            return plain, np.zeros(plain.shape, dtype=bool)
        pulse = self._hash(when, where, Purpose.PULSE + self._term.number)
        pulses = np.minimum(np.abs(wanted), MOST_PULSES)
        pulses = self._varied(pulses, pulse, up, where, when)
        share = np.where(up, self._tables.share[1][pulses], self._tables.share[0][pulses])
        low = pulse & ((1 << _SHARE_BITS) - 1)
        low = np.where(self._nearest[neurons], 1 << (_SHARE_BITS - 1), low)
        moved = (headroom * share + low) >> _SHARE_BITS
        new = np.where(pulsed, np.where(up, old + moved, old - moved), plain)
        return new, (pulses > 0) & pulsed

    def _wanted(
        self,
        products: Int64Array,
        headroom: Int64Array,
        up: NDArray[np.bool_],
        where: tuple[Int64Array, Int64Array],
        when: Moment,
    ) -> Int64Array:
        """m: what a weight would lose in a plain synapse."""
        neurons = where[1]
        weighted = self._term.weighted[neurons]
        index = headroom >> self._index_shift
        gain = np.where(up, self._tables.gain[1][index], self._tables.gain[0][index])
        gain = np.where(weighted, gain, 1)
        gain_shift = np.where(up, self._tables.gain_shift[1], self._tables.gain_shift[0])
        shift = self._term.shift[neurons] + gain_shift * weighted
        random = self._hash(when, where, Purpose.TERM + self._term.number)
        addend = random & ((np.int64(1) << shift) - 1)
        addend = np.where(self._nearest[neurons], (np.int64(1) << shift) >> 1, addend)
        return np.asarray(products * gain + addend >> shift)

    def _varied(
        self,
        pulses: Int64Array,
        pulse: Int64Array,
        up: NDArray[np.bool_],
        where: tuple[Int64Array, Int64Array],
        when: Moment,
    ) -> Int64Array:
        """n': the pulses as this write of this synapse takes them."""
        neurons = where[1]
        cycle, device = self._cycle_to_cycle[neurons], self._device_to_device[neurons]
        factor = 256 + (cycle * _signed(pulse >> 12) >> 7)
        if device.any():
            seed, _, core = when
            pattern = self._hash((seed, 0, core), where, Purpose.PATTERN)
            own = _signed(np.where(up, pattern, pattern >> 8))
            factor = factor + (device * own >> 7)
        varied = pulses * np.maximum(factor, 0) + 128 >> 8
        return np.asarray(np.minimum(varied, MOST_PULSES))

    def _hash(self, when: Moment, where: tuple[Int64Array, Int64Array], purpose: int) -> Int64Array:
        axons, neurons = where
        words = neuron_words(tick_word(*when), neurons, purpose)
        return synapse_words(words, self._codes[axons]).astype(np.int64)


class _Tables:
    """The tables as arrays, those of falling weights first: `gain`, `gain_shift`, `share`."""

    def __init__(self, tables: MemristorTables) -> None:
        self.gain = np.array([tables.down_gain, tables.up_gain], dtype=np.int64)
        self.gain_shift = (tables.down_gain_shift, tables.up_gain_shift)
        self.share = np.array([tables.down_share, tables.up_share], dtype=np.int64)


def _signed(words: Int64Array) -> Int64Array:
    """The low 8 bits as a signed number."""
    return ((words & 0xFF) ^ 0x80) - 0x80
