"""The convolutions of a chip, as compiled code sees them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import ChipConfig, Convolution


def shapes(config: ChipConfig) -> NDArray[np.int32]:
    """Every convolution: int32 `(convolutions, 15)`, as `Shape` of shape.h."""
    lanes = config.geometry.lanes
    found = [
        (
            *(core, own.in_channels, own.in_height, own.in_width),
            *(own.kernel, own.stride, own.padding, own.out_channels, own.bias, own.pool),
            *(own.first_axon, own.first_group * lanes, own.first_row),
            *(own.out_height, own.out_width),
        )
        for core, own in _each(config)
    ]
    return np.array(found, np.int32).reshape(-1, 15)


def reaches(config: ChipConfig) -> NDArray[np.int32]:
    """What each axon of the chip reaches: int32 `(axons, 8)`, as `Reach` of shape.h."""
    found = np.zeros((config.axons, 8), np.int32)
    for core, own in _each(config):
        first = core * config.geometry.axons + own.first_axon
        start = own.first_group * config.geometry.lanes
        found[first : first + own.axons] = _reaches(own, start)
    return found


def kernel_ends(config: ChipConfig) -> NDArray[np.int32]:
    """Columns that each row of the chip's weights has: int32 `(rows,)`, 0 outside of kernels."""
    found = np.zeros(config.weight_rows, np.int32)
    for core, own in _each(config):
        first = core * config.geometry.weight_rows + own.first_row
        found[first : first + own.rows] = own.out_channels
    return found


def _each(config: ChipConfig) -> Iterator[tuple[int, Convolution]]:
    """Every convolution of the chip, with the index of its core."""
    for index, core in enumerate(config.cores):
        for own in core.convolutions:
            yield index, own


def _reaches(own: Convolution, start: int) -> NDArray[np.int32]:
    """The reach of each axon of a convolution whose neurons begin at `start`."""
    side, stride = own.kernel, own.stride
    channel = np.arange(own.in_channels)[:, None, None]
    top, high, a = _seen(own, own.in_height, own.out_height)
    left, wide, b = _seen(own, own.in_width, own.out_width)
    first = top[:, None] * own.out_width + left
    row = own.first_row + (channel * side + a[:, None]) * side + b
    down = own.out_width * own.out_channels
    columns = (
        *(row, start + first * own.out_channels, high[:, None], wide),
        *(-stride * side, -stride, down, own.out_channels),
    )
    image = np.stack(np.broadcast_arrays(*columns), -1).reshape(-1, 8)
    last = own.first_row + own.rows - 1
    bias = (last, start, own.out_height, own.out_width, 0, 0, down, own.out_channels)
    return np.concatenate([image, [bias] * own.bias]) if own.bias else image


def _seen(own: Convolution, size: int, positions: int) -> tuple[NDArray[np.int64], ...]:
    """Of the pixels of a line: the first position that sees each, how many do, its kernel row."""
    place = np.arange(size) + own.padding
    first = np.maximum(0, -((own.kernel - 1 - place) // own.stride))
    last = np.minimum(positions - 1, place // own.stride)
    return first, np.maximum(0, last - first + 1), place - first * own.stride
