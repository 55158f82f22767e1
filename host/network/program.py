"""A compiled network: what lies where on the chip, in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.host.network.kernels import kernel_rows
from axonloop.host.network.network import Projection
from axonloop.host.network.plan import Plan
from axonloop.host.network.wires import Wire
from axonloop.host.whole import plain
from axonloop.models.arrays import Int32Array, indices, ranged
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig, Geometry


@dataclass(frozen=True, eq=False)
class Program:
    """A network on a chip.

    `weights`: the first weights of all cores, int32 `(cores * axons, neurons)`; of cores with
    convolutions `(cores * kernel rows, kernel columns)`.
    `neurons[name]`: the global neurons of a population, `(size,)`.
    `axons[name]`: the global axons of a source, `(size, parts and projections that it
    reaches)`, -1 where a channel has no synapse; `delays[name]`: the delay of every column.
    """

    config: ChipConfig
    weights: Int32Array
    plan: Plan
    neurons: dict[str, Int32Array]
    axons: dict[str, Int32Array]
    delays: dict[str, Int32Array]

    def __repr__(self) -> str:
        """What goes in, what it has, where it lies: arrays would fill pages."""
        sources = ", ".join(f"{name} {len(table)}" for name, table in self.axons.items())
        populations = ", ".join(f"{name} {len(own)}" for name, own in self.neurons.items())
        size = f"{self.geometry.axons} axons, {self.geometry.neurons} neurons"
        mesh = f"{self.config.mesh.columns}x{self.config.mesh.rows}"
        return f"Program of {sources} -> {populations} on {mesh} cores of {size}"

    @property
    def geometry(self) -> Geometry:
        """The geometry of every core."""
        return self.config.geometry

    def axons_of(self, source: str, channels: ArrayLike, delay: int = 0) -> Int32Array:
        """The axons to send a spike to, `delay` ticks late, when `channels` of a source spike.

        The delays of a source's projections are in `delays`; for another one there are none.
        """
        require(source in self.axons, "source", f"one of {', '.join(self.axons)}", source)
        table = self.axons[source][:, self.delays[source] == plain(delay)]
        found = table[indices(f"channels of {source!r}", channels, len(table))].ravel()
        return found[found >= 0]

    def feed(self, source: str, raster: NDArray[np.bool_], found: NDArray[np.bool_]) -> None:
        """Set in `found`, `(ticks, axons of the chip)`, the axons that channels of a source feed.

        `raster`: bool `(ticks, channels)`, at most as many ticks. A projection's delay moves its
        spikes later; what would arrive behind the last tick is lost.
        """
        for axons, delay in zip(self.axons[source].T, self.delays[source].tolist(), strict=True):
            used = axons >= 0
            late = found[delay : delay + len(raster)]
            late[:, axons[used]] = raster[: len(late), used]

    def units_of(self, population: str) -> Int32Array:
        """The global neurons behind each spike that leaves a population: `(units, members)`.

        A unit spikes when one of its members does: it is a neuron, or a pool of several.
        """
        return self.neurons[population][self.plan.units_of(population)]

    def split(self, spikes: ArrayLike) -> dict[str, Int32Array]:
        """Reported global neurons as neurons of each population, int32, in the given order."""
        owner, index = self._owners
        known = indices("spikes", spikes, len(owner))
        owners, local = owner[known], index[known]
        return {name: local[owners == k] for k, name in enumerate(self.neurons)}

    @cached_property
    def _owners(self) -> tuple[Int32Array, Int32Array]:
        """Number of the population (-1: none) and neuron in it, of every global neuron."""
        owner = np.full(len(self.config.cores) * self.geometry.neurons, -1, np.int32)
        index = np.zeros_like(owner)
        for number, neurons in enumerate(self.neurons.values()):
            owner[neurons], index[neurons] = number, np.arange(len(neurons))
        return owner, index

    def weights_of(self, projection: Projection, weights: ArrayLike) -> Int32Array:
        """The weights of a projection, int32 of the shape of its own, from a device's.

        Where there is no synapse: the geometry's `no_synapse`.
        """
        found = np.empty(projection.weights.shape, np.int32)
        rows = kernel_rows(found)
        rows[:] = self.geometry.no_synapse
        checked = self._checked(weights)
        wires = [wire for wire in self.plan.wires if wire.projection is projection]
        require(len(wires) > 0, "projection", "one of the program's network", str(projection))
        for wire in wires:
            own = slice(None) if wire.shape else wire.channels
            rows[own, wire.part.channels] = self._block(wire, checked)
        return found

    def bias_of(self, population: str, weights: ArrayLike) -> Int32Array:
        """The learned biases of a population, int32 `(size,)`, from a device's weights.

        Of an image there is one for each channel.
        """
        owner = self.plan.network.population(population)
        require(owner.bias, f"population {population!r}", "one with a bias", "without")
        found, checked = np.zeros(owner.channels, np.int32), self._checked(weights)
        for wire in self.plan.wires:
            if wire.projection is None and wire.part.population is owner:
                found[wire.part.channels] = self._block(wire, checked)[0]
        return found

    def _checked(self, weights: ArrayLike) -> NDArray[np.int64]:
        high = self.geometry.weight_max
        checked = ranged("weights", weights, -high - 1, high)
        shape = self.weights.shape
        require(checked.shape == shape, "weights", f"of shape {shape}", checked.shape)
        return checked

    def _block(self, wire: Wire, weights: NDArray[np.int64]) -> NDArray[np.int64]:
        return weights[block(wire, self.geometry)]


def block(wire: Wire, geometry: Geometry) -> tuple[slice, slice]:
    """The indices, in global weights, of a wire's rows and of the neurons or channels of its part.

    Rows are its axons, or those of its kernel.
    """
    channels = wire.part.channels
    width = channels.stop - channels.start
    if wire.shape:
        kernel = wire.shape.rows - wire.shape.bias
        first, count = (0, kernel) if wire.projection else (kernel, 1)
        row = wire.part.core * geometry.weight_rows + wire.shape.first_row + first
        return slice(row, row + count), slice(0, width)
    axon = wire.part.core * geometry.axons + wire.first_axon
    neuron = wire.part.first_group * geometry.lanes
    return slice(axon, axon + len(wire.channels)), slice(neuron, neuron + width)
