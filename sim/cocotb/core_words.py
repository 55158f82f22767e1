"""The words of a golden core's weights and state, as its register map shows them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import Geometry
from axonloop.models.golden import Core
from axonloop.models.protocol import (
    Region,
    pending_stride,
    readable,
    value_bits,
    weight_stride,
    writable,
)

Words = NDArray[np.int64]
"""Words of 32 bits, unsigned."""
MASK = 0xFFFF_FFFF


def words_of(core: Core, geometry: Geometry, region: Region) -> Words | None:
    """All words of a region; None if it holds neither weights nor state."""
    if region is Region.WEIGHT:
        return _joined(core.synapses.weights, geometry.weight_container_bits, _row(geometry))
    if region not in readable(geometry):
        return None
    values = core.array(region)
    if region is Region.PENDING:
        return _joined(values, 1, (geometry.trace_lanes, pending_stride(geometry)))
    return values.astype(np.int64) & MASK


def write_words(core: Core, geometry: Geometry, region: Region, start: int, words: Words) -> None:
    """Write weights or state from word `start` of a region on; other regions stay as they are."""
    if region is not Region.WEIGHT and region not in writable(geometry):
        return
    all_words = words_of(core, geometry, region)
    assert all_words is not None
    all_words[start : start + len(words)] = words
    if region is Region.WEIGHT:
        bits, shape = geometry.weight_container_bits, core.synapses.weights.shape
        weights = _parted(all_words, bits, _row(geometry), shape)
        core.synapses.load(_signed(weights, bits).astype(np.int32))
    elif region is Region.PENDING:
        row = (geometry.trace_lanes, pending_stride(geometry))
        core.set_array(region, _parted(all_words, 1, row, core.array(region).shape))
    else:
        bits, signed = value_bits(geometry)[region]
        values = all_words & ((1 << bits) - 1)
        core.set_array(region, _signed(values, bits) if signed else values)


def _row(geometry: Geometry) -> tuple[int, int]:
    return geometry.weights_per_word, weight_stride(geometry)


def _signed(values: Words, bits: int) -> Words:
    return values - ((values >> (bits - 1)) << bits)


def _joined(values: NDArray[np.integer], bits: int, row: tuple[int, int]) -> Words:
    """Rows of values `(rows, n)` as words: `row` is how many a word holds, and words per row."""
    each, stride = row
    parts = values.astype(np.int64).reshape(len(values), -1, each) & ((1 << bits) - 1)
    words = np.zeros((len(values), stride), np.int64)
    words[:, : parts.shape[1]] = (parts << (bits * np.arange(each))).sum(axis=2)
    return words.ravel()


def _parted(words: Words, bits: int, row: tuple[int, int], shape: tuple[int, ...]) -> Words:
    """The inverse of `_joined`, for values of `shape`; unsigned."""
    each, stride = row
    used = words.reshape(shape[0], stride)[:, : shape[1] // each, None]
    values: Words = (used >> (bits * np.arange(each)) & ((1 << bits) - 1)).reshape(shape)
    return values
