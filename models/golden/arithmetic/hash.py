"""The rounding hash h of docs/contract.md, section 9: counter-based, so order never matters.

A word is a pair of uint16 arrays, x (low half) and y (high half).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import Purpose

Word = tuple[NDArray[np.uint16], NDArray[np.uint16]]

CODE_COLUMNS = (
    0x002C4DAB, 0x00589B55, 0x00B136A9, 0x01626D51, 0x02C4DAA1, 0x0589B541,
    0x0B136A81, 0x1626D501, 0x2C4DAA01, 0x589B5401, 0xB136A801,
)  # fmt: skip
"""The codeword of an axon is the exclusive or of the columns whose bit it has set: 11 bits."""


def _rotl(x: NDArray[np.uint16], bits: int) -> NDArray[np.uint16]:
    return x << np.uint16(bits) | x >> np.uint16(16 - bits)


def _feistel(x: NDArray[np.uint16]) -> NDArray[np.uint16]:
    return (_rotl(x, 1) & _rotl(x, 5)) ^ (_rotl(x, 7) & _rotl(x, 12)) ^ _rotl(x, 2)


_FEISTEL = _feistel(np.arange(1 << 16, dtype=np.uint16))
"""F of every half word: one look-up is faster than eleven operations."""


def _rounds(word: Word, first: int, last: int) -> Word:
    x, y = word
    for n in range(first, last + 1):
        constant = np.uint16(0x9E37 * (n + 1) & 0xFFFF)
        x, y = y ^ _FEISTEL[x] ^ constant, x
    return x, y


def _halves(values: Any) -> Word:
    values = np.atleast_1d(np.asarray(values, dtype=np.uint32))
    return (values & 0xFFFF).astype(np.uint16), (values >> 16).astype(np.uint16)


def _xor(left: Word, right: Word) -> Word:
    return left[0] ^ right[0], left[1] ^ right[1]


def codewords(axons: Any) -> NDArray[np.uint32]:
    """Codeword of every axon (0..2047): any two differ in at least 12 bits."""
    axons = np.asarray(axons, dtype=np.uint32)
    words: NDArray[np.uint32] = np.zeros_like(axons)
    for bit, column in enumerate(CODE_COLUMNS):
        words ^= (axons >> bit & 1) * np.uint32(column)
    return words


@lru_cache(maxsize=2)
def tick_word(seed: int, tick: int, core: int) -> Word:
    """The word after rounds 0..9, one for all neurons of a core: arrays `(1,)`. It is cached."""
    word = _rounds(_halves(tick), 0, 3)
    word = _rounds(_xor(word, _halves(seed)), 4, 7)
    return _rounds(_xor(word, _halves(core)), 8, 9)


def neuron_words(word: Word, neurons: Any, purpose: int = Purpose.TERM) -> Word:
    """The words after rounds 10..13, one for all axons of a neuron: of the shape of `neurons`."""
    mixed = np.asarray(neurons, dtype=np.uint32) | np.uint32(purpose << 16)
    return _rounds(_xor(word, _halves(mixed)), 10, 13)


def synapse_words(words: Word, codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """h of every axon and neuron: uint32 `(axons, neurons)`, from `codewords` of the axons."""
    low, high = _halves(codes)
    x, y = _rounds((words[0] ^ low[:, None], words[1] ^ high[:, None]), 14, 17)
    return y.astype(np.uint32) << np.uint32(16) | x


def noise(
    seed: int, tick: int, core: int, neurons: Any, axons: Any, purpose: int = Purpose.TERM
) -> NDArray[np.uint32]:
    """h(seed, tick, core, neuron, axon, purpose): uint32 `(axons, neurons)`."""
    words = neuron_words(tick_word(seed, tick, core), neurons, purpose)
    return synapse_words(words, codewords(np.atleast_1d(axons)))
