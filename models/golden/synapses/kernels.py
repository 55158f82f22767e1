"""The kernels of convolutions: which axons and neurons their weights join, and the exact sums.

docs/contract.md, section 12.
"""

from __future__ import annotations

import numpy as np

from axonloop.models.config import Convolution, CoreConfig
from axonloop.models.golden.arithmetic import Int64Array, Moment, Rounder, noise, saturate
from axonloop.models.golden.synapses.synapses import Synapses, visited

HASHED_ROWS = 2048
"""Kernel rows that the hash tells apart by its axon; its neuron tells which so many they are."""


def joined_axons(shape: Convolution, outside: int) -> Int64Array:
    """The axon that each kernel row joins to each position: int64 `(rows, positions)`.

    It is `outside` where the kernel leaves the image.
    """
    rows, reach = np.arange(shape.in_channels * shape.kernel**2), shape.kernel
    channel, a, b = rows // reach**2, rows // reach % reach, rows % reach
    v, u = np.divmod(np.arange(shape.positions), shape.out_width)
    y = v * shape.stride + a[:, None] - shape.padding
    x = u * shape.stride + b[:, None] - shape.padding
    pixel = (channel[:, None] * shape.in_height + y) * shape.in_width + x
    inside = (y >= 0) & (y < shape.in_height) & (x >= 0) & (x < shape.in_width)
    found = np.where(inside, shape.first_axon + pixel, outside)
    bias = np.full((shape.bias, shape.positions), shape.first_axon + shape.pixels)
    return np.concatenate([found, bias])


class Kernel:
    """One convolution: `block` is where its weights lie, `neurons` the slice of its neurons.

    `axons` is the table of `joined_axons`.
    """

    def __init__(self, shape: Convolution, axons: int, lanes: int) -> None:
        first = shape.first_group * lanes
        self.positions, self.channels = shape.positions, shape.out_channels
        rows = slice(shape.first_row, shape.first_row + shape.rows)
        self.block = rows, slice(0, shape.out_channels)
        self.neurons = slice(first, first + shape.neurons)
        self.axons = joined_axons(shape, axons)

    def spread(self, of_axons: Int64Array) -> Int64Array:
        """What each kernel row joins to each position, of values `(axons + 1,)`, the last 0."""
        found: Int64Array = of_axons[self.axons]
        return found

    def by_position(self, of_neurons: Int64Array) -> Int64Array:
        """The convolution's part of values `(neurons,)`: `(positions, channels)`."""
        return of_neurons[self.neurons].reshape(self.positions, self.channels)


class Kernels(Synapses):
    """`weights`: int32 `(kernel_rows, kernel_columns)`; before any are loaded there is no synapse.

    The weights of a core with convolutions, in the place of one for every axon and neuron.
    """

    def __init__(self, config: CoreConfig) -> None:
        geometry = config.geometry
        self._axons, self._neurons = geometry.axons, geometry.neurons
        shape = (geometry.weight_rows, geometry.weight_columns)
        self.weights = np.full(shape, geometry.no_synapse, dtype=np.int32)
        self.configure(config)

    def configure(self, config: CoreConfig) -> None:
        """Take over the descriptors of the convolutions."""
        geometry = config.geometry
        self.no_synapse, self.limit = geometry.no_synapse, geometry.weight_max
        self._kernels = [Kernel(c, self._axons, geometry.lanes) for c in config.convolutions]
        self.row_synops: Int64Array = np.zeros(self._axons + 1, dtype=np.int64)
        for kernel in self._kernels:
            reached = np.bincount(kernel.axons.ravel(), minlength=self._axons + 1)
            self.row_synops += kernel.channels * reached
        self._visited = visited(config)
        self.load(self.weights)

    def integrate(self, events: Int64Array, seed: int, tick: int) -> Int64Array:
        """ACC of every neuron, for the axons `events` that spike: int64 `(neurons,)`."""
        spike = np.zeros(self._axons + 1, dtype=np.int64)
        spike[events] = 1
        acc = np.zeros(self._neurons, dtype=np.int64)
        for kernel in self._kernels:
            addend = self.addend[kernel.block].astype(np.int64)
            acc[kernel.neurons] += (kernel.spread(spike).T @ addend).ravel()
        return acc

    def subtract(
        self, column: Int64Array, row: Int64Array, rounder: Rounder, when: Moment
    ) -> tuple[int, int]:
        """W -= round(X) of every kernel, X the sum over its pairs of `column` times `row`.

        Returns how many pairs were visited, and how many weights changed.
        """
        if not column.any() or not row.any():
            return 0, 0
        of_axons = np.append(row, 0)
        counts = [self._learn(each, column, of_axons, rounder, when) for each in self._kernels]
        return sum(visits for visits, _ in counts), sum(updates for _, updates in counts)

    def _learn(
        self,
        kernel: Kernel,
        column: Int64Array,
        row: Int64Array,
        rounder: Rounder,
        when: Moment,
    ) -> tuple[int, int]:
        a, c = kernel.spread(row), kernel.by_position(column)
        total = a @ c
        pairs = (a != 0).astype(np.int64) @ (c != 0).astype(np.int64)
        old = self.weights[kernel.block]
        present = old != self.no_synapse
        stepped, _ = saturate(old - _round(total, kernel, rounder, when), self.limit)
        new = np.where(present & (total != 0), stepped, old).astype(np.int32)
        updates = int(np.count_nonzero(new != old))
        self.weights[kernel.block] = new
        self.addend[kernel.block] = new * self.adds[kernel.block]
        return int(pairs[present].sum()), updates


def _round(total: Int64Array, kernel: Kernel, rounder: Rounder, when: Moment) -> Int64Array:
    """The steps: sums `(rows, channels)`, rounded by the sets of the first position."""
    first = kernel.neurons.start
    register = slice(first, first + kernel.channels)
    shift, nearest = rounder.shift[register].astype(np.int64), rounder.nearest[register]
    rows = np.arange(kernel.block[0].start, kernel.block[0].stop)
    random = np.zeros(total.shape, dtype=np.int64)
    for part in np.unique(rows // HASHED_ROWS).tolist():
        mine = rows // HASHED_ROWS == part
        neurons = np.arange(kernel.channels) + HASHED_ROWS * part
        drawn = noise(*when, neurons, rows[mine] % HASHED_ROWS, rounder.purpose)
        random[mine] = drawn & (1 << shift) - 1
    steps: Int64Array = total + np.where(nearest, 1 << shift >> 1, random) >> shift
    return steps
