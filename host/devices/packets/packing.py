"""Arrays to the words of the register map and back, without Python loops over weights or state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from axonloop.models.arrays import Int32Array
from axonloop.models.config import CONVOLUTION_RANGES, CoreConfig, Geometry, parameter_max
from axonloop.models.protocol import (
    CONVOLUTION_INDEX,
    CONVOLUTION_STRIDE,
    FANOUT_FIELDS,
    GROUP_FIELDS,
    MAX_COUNT,
    PARAMETER_INDEX,
    PARAMETER_STRIDE,
    ROW_FIELDS,
    Kind,
    Region,
    address,
    header,
    pack,
    pending_stride,
    weight_stride,
)

Words = NDArray[np.uint32]


def as_words(values: Sequence[int] | NDArray[np.integer]) -> Words:
    """Whole numbers as 32-bit words; negative ones in two's complement."""
    return np.asarray(values, np.int64).astype(np.uint32)


def table_words(config: CoreConfig) -> dict[Region, Words]:
    """The contents of every parameter and table region that a core has."""
    counts = np.array([len(entries) for entries in config.fanout], np.int64)
    first = np.where(counts > 0, np.cumsum(counts) - counts, 0)
    entries = [entry for table in config.fanout for entry in table]
    entry_words = np.zeros(config.geometry.entries, np.uint32)
    entry_words[: len(entries)] = [e.core << 20 | e.delay << 16 | e.axon for e in entries]
    ranges = zip(first.tolist(), counts.tolist(), strict=True)
    words = {
        Region.PARAMETERS: _parameter_words(config),
        Region.ROW: as_words([pack(ROW_FIELDS, **vars(row)) for row in config.rows]),
        Region.GROUP: as_words([pack(GROUP_FIELDS, **vars(group)) for group in config.groups]),
        Region.BIAS: as_words(config.bias),
        Region.FANOUT: as_words([pack(FANOUT_FIELDS, first=f, count=n) for f, n in ranges]),
        Region.ENTRY: entry_words,
        Region.MEMRISTOR: as_words(config.memristor.words),
        Region.ROW_LOSS: as_words(config.row_loss),
        Region.COLUMN_LOSS: as_words(config.column_loss),
        Region.CONVOLUTION: _convolution_words(config),
    }
    return {region: each for region, each in words.items() if region.built(config.geometry)}


def _parameter_words(config: CoreConfig) -> Words:
    words = np.zeros((config.geometry.parameter_sets, PARAMETER_STRIDE), np.uint32)
    for index, parameters in enumerate(config.parameter_sets):
        for name in parameter_max(config.geometry):
            words[index, PARAMETER_INDEX[name]] = parameters.register(name)
    return words.ravel()


def _convolution_words(config: CoreConfig) -> Words:
    """The descriptors of all convolutions; those that are not used are 0."""
    words = np.zeros((config.geometry.convolutions, CONVOLUTION_STRIDE), np.uint32)
    for index, each in enumerate(config.convolutions):
        for name in CONVOLUTION_RANGES:
            words[index, CONVOLUTION_INDEX[name]] = getattr(each, name)
    return words.ravel()


def pack_weights(geometry: Geometry, weights: Int32Array) -> Words:
    """`weights` `(weight_rows, weight_columns)` as the words of Region.WEIGHT."""
    words = np.zeros((geometry.weight_rows, weight_stride(geometry)), "<u4")
    _containers(geometry, words)[...] = weights.reshape(_container_shape(geometry))
    return words.ravel().astype(np.uint32, copy=False)


def unpack_weights(geometry: Geometry, words: Words) -> Int32Array:
    """The inverse of `pack_weights`: int32 `(weight_rows, weight_columns)`."""
    rows = words.astype("<u4", copy=False).reshape(geometry.weight_rows, weight_stride(geometry))
    weights = _containers(geometry, np.ascontiguousarray(rows)).astype(np.int32)
    return weights.reshape(geometry.weight_rows, geometry.weight_columns)


def _container_shape(geometry: Geometry) -> tuple[int, int, int]:
    used = geometry.weight_columns // geometry.weights_per_word
    return geometry.weight_rows, used, geometry.weights_per_word


def _containers(geometry: Geometry, words: NDArray[np.uint32]) -> NDArray[np.signedinteger]:
    """The used containers of the words `(rows, stride)`, a view of `_container_shape`."""
    kind = np.dtype("<i1") if geometry.weight_container_bits == 8 else np.dtype("<i2")
    rows, used, per_word = _container_shape(geometry)
    view = words.view(kind).reshape(rows, -1, 4 // kind.itemsize)
    return view[:, :used, :per_word]


def pack_pending(geometry: Geometry, pending: Int32Array) -> Words:
    """Bits `(delay_slots, axons)` as the words of Region.PENDING."""
    lanes, slots = geometry.trace_lanes, geometry.delay_slots
    bits = pending.reshape(slots, -1, lanes).astype(np.int64)
    words = np.zeros((slots, pending_stride(geometry)), np.int64)
    words[:, : bits.shape[1]] = (bits << np.arange(lanes)).sum(axis=2)
    return as_words(words.ravel())


def unpack_pending(geometry: Geometry, words: Words) -> Int32Array:
    """The inverse of `pack_pending`: int32 `(delay_slots, axons)`."""
    used = geometry.axons // geometry.trace_lanes
    rows = words.reshape(geometry.delay_slots, pending_stride(geometry))[:, :used, None]
    bits = rows >> np.arange(geometry.trace_lanes, dtype=np.uint32) & 1
    return bits.reshape(geometry.delay_slots, geometry.axons).astype(np.int32)


def _chunks(region: Region, offset: int, count: int) -> Iterator[tuple[int, int, int]]:
    """Pieces that one packet can move: position, length, address."""
    for start in range(0, count, MAX_COUNT):
        yield start, min(MAX_COUNT, count - start), address(region, offset + start)


def write_packets(core: int, region: Region, words: Words, offset: int = 0) -> Words:
    """WRITE packets that put `words` at `offset` of a region and behind."""
    parts = []
    for start, length, where in _chunks(region, offset, words.size):
        head = as_words([header(Kind.WRITE, core, length), where])
        parts += [head, words[start : start + length]]
    return np.concatenate(parts)


def read_packets(core: int, region: Region, count: int, offset: int = 0) -> tuple[Words, int]:
    """READ packets for `count` words at `offset` of a region, and the number of packets."""
    chunks = list(_chunks(region, offset, count))
    words = [(header(Kind.READ, core, length), where) for _, length, where in chunks]
    return as_words(np.array(words).ravel()), len(chunks)
