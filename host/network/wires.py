"""The parts of populations on cores, and the wires by which projections reach them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from axonloop.host.network.network import Population, Projection
from axonloop.models.config import Convolution, ParameterSet

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

    @property
    def channels(self) -> slice:
        """The channels of the population that it has: its neurons, where there is no image."""
        positions = self.population.positions
        return slice(self.first // positions, self.end // positions)


@dataclass(frozen=True, eq=False)
class Wire:
    """The axons through which a projection reaches a part; without a projection: its bias.

    `channels`: source neurons that have a synapse there, ascending. Axon `first_axon + k` is
    that of `channels[k]`; its synapses lie in `groups[k]` groups from `first_groups[k]` on. Of a
    population with pools, channels are pools. On a core with convolutions `shape` is the one that
    it belongs to; an axon reaches `groups[k]` groups at various positions.
    """

    projection: Projection | None
    part: PlacedPart
    first_axon: int
    channels: NDArray[np.int64]
    first_groups: NDArray[np.int64]
    groups: NDArray[np.int64]
    shape: Convolution | None = None

    def __str__(self) -> str:
        return str(self.projection or f"{self.part.population.name} bias")

    @property
    def traces(self) -> ParameterSet:
        """The parameter set whose trace registers the axons use."""
        own = self.projection.traces if self.projection else None
        return own or self.part.population.parameters


def grouped(entries: Iterable[Entry], key: Callable[[Entry], Key]) -> dict[Key, list[Entry]]:
    """The entries with each key, in their order."""
    found: dict[Key, list[Entry]] = {}
    for entry in entries:
        found.setdefault(key(entry), []).append(entry)
    return found


def same_traces(one: ParameterSet, other: ParameterSet) -> bool:
    """Say whether two parameter sets are the same to an axon."""
    return all(getattr(one, name) == getattr(other, name) for name in _TRACES)
