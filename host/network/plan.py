"""The plan of a network: the cores of its neurons, and the axons that they need there.

A plan knows no limits: `axonloop.host.network.fitting` compares it with what the cores have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from axonloop.host.network.kernels import channel_parts, kernel_wires, require_undivided
from axonloop.host.network.network import Network, Population, Projection
from axonloop.host.network.wires import PlacedPart, Wire, grouped, same_traces
from axonloop.models.checks import require, require_range
from axonloop.models.config import Convolution, ParameterSet

Places = Mapping[str, tuple[int, ...]]
"""The cores of every population, by its name."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Parts, sorted by core and group, and wires, sorted by core and axon."""

    network: Network
    lanes: int
    cores: int
    parts: tuple[PlacedPart, ...]
    wires: tuple[Wire, ...]

    def parts_on(self, core: int) -> list[PlacedPart]:
        """The parts on a core."""
        return self._parts_by_core.get(core, [])

    def wires_on(self, core: int) -> list[Wire]:
        """The wires that end on a core."""
        return self._wires_by_core.get(core, [])

    def shapes_on(self, core: int) -> tuple[Convolution, ...]:
        """The convolutions of a core, in the order of their axons; none on one without any."""
        return tuple(w.shape for w in self.wires_on(core) if w.shape and w.projection)

    def parts_of(self, name: str) -> list[PlacedPart]:
        """The parts of a population, in the order of their neurons; none for a source."""
        return self._parts_by_name.get(name, [])

    def cores_of(self, name: str) -> NDArray[np.int64]:
        """The core of every neuron of a population: `(size,)`; empty for a source."""
        parts = self.parts_of(name)
        sizes = [part.end - part.first for part in parts]
        return np.repeat(np.array([part.core for part in parts], np.int64), sizes)

    def neurons_of(self, name: str) -> NDArray[np.int64]:
        """The number of every neuron of a population on its core: `(size,)`.

        Those of an image lie position after position, with all channels of the part inside.
        """
        numbers = [np.empty(0, np.int64)]
        for part in self.parts_of(name):
            positions = part.population.positions
            channels = np.arange((part.end - part.first) // positions)
            apart = part.groups * self.lanes // positions
            places = channels[:, None] + apart * np.arange(positions)
            numbers.append(places.ravel() + part.first_group * self.lanes)
        return np.concatenate(numbers)

    def units_of(self, name: str) -> NDArray[np.int64]:
        """The neurons of a population behind each spike that leaves it: `(units, members)`.

        A unit is a neuron, or a pool of several.
        """
        own = self.network.population(name)
        neurons, side = np.arange(own.size), own.pool
        if side == 1:
            return neurons[:, None]
        channels, height, width = own.unit_shape
        image = neurons.reshape(own.shape)[:, : height * side, : width * side]
        apart = image.reshape(channels, height, side, width, side).swapaxes(2, 3)
        return apart.reshape(-1, side * side)

    def parameter_sets(self, core: int) -> list[ParameterSet]:
        """The parameter sets of a core, without repeats: those of neurons, then of axons.

        To an axon a set that has the same trace registers is the same set.
        """
        sets = list(dict.fromkeys(part.population.parameters for part in self.parts_on(core)))
        for wire in self.wires_on(core):
            if all(not same_traces(wire.traces, found) for found in sets):
                sets.append(wire.traces)
        return sets

    @cached_property
    def _parts_by_core(self) -> dict[int, list[PlacedPart]]:
        return grouped(self.parts, lambda part: part.core)

    @cached_property
    def _wires_by_core(self) -> dict[int, list[Wire]]:
        return grouped(self.wires, lambda wire: wire.part.core)

    @cached_property
    def _parts_by_name(self) -> dict[str, list[PlacedPart]]:
        ordered = sorted(self.parts, key=lambda part: part.first)
        return grouped(ordered, lambda part: part.population.name)


def make_plan(
    network: Network, lanes: int, cores: int, place: Places | None = None, large: bool = False
) -> Plan:
    """Lay a network over cores: in equal shares of groups, in order, or as `place` says.

    With `place`, a population is spread in equal shares over its own cores. Images of a network
    with convolutions are spread by their channels, over cores that can be built or `large` ones.
    Raises ValueError for places that are unknown, missing or given twice, and where a kernel would
    be needed on two cores.
    """
    if place is not None:
        # Arrays and tensors of cores become lists.
        place = {name: tuple(np.asarray(chosen).tolist()) for name, chosen in place.items()}
        _check_places(network, cores, place)
    if network.convolutional:
        require_undivided(network, lanes, large)
        found = channel_parts(network, lanes, cores, place)
    elif place is None:
        found = _balanced(network, lanes, cores)
    else:
        found = _placed(network, lanes, place)
    parts = tuple(sorted(found, key=lambda part: (part.core, part.first_group)))
    make = kernel_wires if network.convolutional else _wires
    return Plan(network, lanes, cores, parts, tuple(make(network, parts, lanes)))


def groups_of(population: Population, lanes: int) -> int:
    """Groups that a population takes; the last one, at every position, may not be full."""
    return -(-population.channels // lanes) * population.positions


def _part(
    population: Population, lanes: int, core: int, done: int, groups: int, first_group: int
) -> PlacedPart:
    """The part with groups `done .. done + groups - 1` of a population."""
    end = min((done + groups) * lanes, population.size)
    return PlacedPart(population, core, done * lanes, end, first_group, groups)


def _balanced(network: Network, lanes: int, cores: int) -> Iterator[PlacedPart]:
    total = sum(groups_of(population, lanes) for population in network.populations)
    share, filled = -(-total // cores), 0
    for population in network.populations:
        groups, done = groups_of(population, lanes), 0
        while done < groups:
            core, first_group = divmod(filled, share)
            taken = min(groups - done, share - first_group)
            yield _part(population, lanes, core, done, taken, first_group)
            done, filled = done + taken, filled + taken


def _placed(network: Network, lanes: int, place: Places) -> Iterator[PlacedPart]:
    filled: dict[int, int] = {}
    for population in network.populations:
        groups, cores = groups_of(population, lanes), place[population.name]
        share = -(-groups // len(cores))
        for core, done in zip(cores, range(0, groups, share), strict=False):
            taken, first_group = min(share, groups - done), filled.get(core, 0)
            yield _part(population, lanes, core, done, taken, first_group)
            filled[core] = first_group + taken


def _check_places(network: Network, cores: int, place: Places) -> None:
    names = [population.name for population in network.populations]
    require(set(place) == set(names), "places", f"given for {', '.join(names)}", sorted(place))
    for name, chosen in place.items():
        require(len(chosen) > 0, f"cores of {name!r}", "at least one", chosen)
        require(len(set(chosen)) == len(chosen), f"cores of {name!r}", "given once each", chosen)
        for core in chosen:
            require_range(f"cores of {name!r}", core, 0, cores - 1)


def _wires(network: Network, parts: tuple[PlacedPart, ...], lanes: int) -> Iterator[Wire]:
    filled: dict[int, int] = {}
    inputs = grouped(network.projections, lambda projection: projection.target)
    for part in parts:
        own = inputs.get(part.population.name, [])
        for projection in (*own, *((None,) if part.population.bias else ())):
            channels, first_groups, groups = _reach(projection, part, lanes)
            first = filled.get(part.core, 0)
            filled[part.core] = first + len(channels)
            if len(channels):
                yield Wire(projection, part, first, channels, first_groups, groups)


def _reach(
    projection: Projection | None, part: PlacedPart, lanes: int
) -> tuple[NDArray[np.int64], ...]:
    """Source neurons with a synapse on a part, and the first and number of groups of each."""
    if projection is None:
        return np.array([0]), np.array([part.first_group]), np.array([part.groups])
    synapses = projection.synapses[:, part.first : part.end]
    reached = np.logical_or.reduceat(synapses, np.arange(0, synapses.shape[1], lanes), axis=1)
    channels = np.flatnonzero(reached.any(axis=1))
    first = reached[channels].argmax(axis=1)
    last = part.groups - 1 - reached[channels, ::-1].argmax(axis=1)
    return channels, first + part.first_group, last - first + 1
