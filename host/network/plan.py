"""The plan of a network: the cores of its neurons, and the axons that they need there.

A plan knows no limits: `axonloop.host.network.fitting` compares it with what the cores have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from axonloop.host.network.network import Network, Population, Projection
from axonloop.models.checks import require, require_range
from axonloop.models.config import ParameterSet

Places = Mapping[str, tuple[int, ...]]
"""The cores of every population, by its name."""
Entry = TypeVar("Entry")
Key = TypeVar("Key")

_TRACES = ("alpha_p", "beta_p", "q_inc", "p_shift", "pq_shift", "pq_on", "qq_shift", "blank")


@dataclass(frozen=True)
class PlacedPart:
    """Neurons `first .. end - 1` of a population, on `groups` groups of one core."""

    population: Population
    core: int
    first: int
    end: int
    first_group: int
    groups: int


@dataclass(frozen=True, eq=False)
class Wire:
    """The axons through which a projection reaches a part; without a projection: its bias.

    `channels`: source neurons that have a synapse there, ascending. Axon `first_axon + k` is
    that of `channels[k]`; its synapses lie in `groups[k]` groups from `first_groups[k]` on.
    """

    projection: Projection | None
    part: PlacedPart
    first_axon: int
    channels: NDArray[np.int64]
    first_groups: NDArray[np.int64]
    groups: NDArray[np.int64]

    def __str__(self) -> str:
        return str(self.projection or f"{self.part.population.name} bias")

    @property
    def traces(self) -> ParameterSet:
        """The parameter set whose trace registers the axons use."""
        own = self.projection.traces if self.projection else None
        return own or self.part.population.parameters


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

    def parts_of(self, name: str) -> list[PlacedPart]:
        """The parts of a population, in the order of their neurons; none for a source."""
        return self._parts_by_name.get(name, [])

    def cores_of(self, name: str) -> NDArray[np.int64]:
        """The core of every neuron of a population: `(size,)`; empty for a source."""
        parts = self.parts_of(name)
        sizes = [part.end - part.first for part in parts]
        return np.repeat(np.array([part.core for part in parts], np.int64), sizes)

    def neurons_of(self, name: str) -> NDArray[np.int64]:
        """The number of every neuron of a population on its core: `(size,)`."""
        first = {part.first: part.first_group * self.lanes for part in self.parts_of(name)}
        numbers = [np.arange(p.end - p.first) + first[p.first] for p in self.parts_of(name)]
        return np.concatenate([np.empty(0, np.int64), *numbers])

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


def grouped(entries: Iterable[Entry], key: Callable[[Entry], Key]) -> dict[Key, list[Entry]]:
    """The entries with each key, in their order."""
    found: dict[Key, list[Entry]] = {}
    for entry in entries:
        found.setdefault(key(entry), []).append(entry)
    return found


def same_traces(one: ParameterSet, other: ParameterSet) -> bool:
    """Say whether two parameter sets are the same to an axon."""
    return all(getattr(one, name) == getattr(other, name) for name in _TRACES)


def make_plan(network: Network, lanes: int, cores: int, place: Places | None = None) -> Plan:
    """Lay a network over cores: in equal shares of groups, in order, or as `place` says.

    With `place`, a population is spread in equal shares over its own cores. Raises ValueError
    for places that are unknown, missing or given twice.
    """
    if place is None:
        found = _balanced(network, lanes, cores)
    else:
        # Arrays and tensors of cores become lists.
        place = {name: tuple(np.asarray(chosen).tolist()) for name, chosen in place.items()}
        _check_places(network, cores, place)
        found = _placed(network, lanes, place)
    parts = tuple(sorted(found, key=lambda part: (part.core, part.first_group)))
    return Plan(network, lanes, cores, parts, tuple(_wires(network, parts, lanes)))


def groups_of(population: Population, lanes: int) -> int:
    """Groups that a population takes; the last one may not be full."""
    return -(-population.size // lanes)


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
