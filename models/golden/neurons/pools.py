"""Pools of neurons, of which the largest U alone keeps its box (docs/contract.md, section 12)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import Convolution, CoreConfig
from axonloop.models.golden.arithmetic import Int64Array


def pool_members(shape: Convolution, lanes: int) -> Int64Array:
    """The neurons of every pool, ascending: int64 `(pools, pool * pool)`."""
    side, width = shape.pool, shape.out_width
    high, wide = shape.out_height // side, width // side
    v = np.arange(high)[:, None, None, None, None] * side + np.arange(side)[:, None, None]
    u = np.arange(wide)[:, None, None, None] * side + np.arange(side)[:, None]
    found = (v * width + u) * shape.out_channels + np.arange(shape.out_channels)
    first = shape.first_group * lanes
    return first + found.reshape(-1, side**2, shape.out_channels).transpose(0, 2, 1).reshape(
        -1, side**2
    )


class Pools:
    """Where a neuron's box may count: everywhere but at what is not the largest of its pool."""

    def __init__(self, config: CoreConfig) -> None:
        lanes = config.geometry.lanes
        self._free = np.ones(config.geometry.neurons, dtype=bool)
        self._members = []
        for shape in {(c.first_group, c.output): c for c in config.convolutions}.values():
            if shape.pool > 1:
                first = shape.first_group * lanes
                self._free[first : first + shape.neurons] = False
                self._members.append(pool_members(shape, lanes))

    def largest(self, potential: Int64Array) -> NDArray[np.bool_]:
        """The neurons whose U, of `potential` `(neurons,)`, is the first largest of its pool.

        Neurons that know no pools are among them.
        """
        found = self._free.copy()
        for members in self._members:
            best = potential[members].argmax(axis=1)
            found[members[np.arange(len(members)), best]] = True
        return found
