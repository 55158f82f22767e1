"""Networks: sources, populations, and the projections between them.

A `Network` says nothing about cores: `axonloop.host.network.compiler` maps it onto a chip.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.host.whole import plain
from axonloop.models.arrays import integers
from axonloop.models.checks import require, require_range
from axonloop.models.config import NO_TABLES, MemristorTables, ParameterSet

MAX_DELAY = 14
"""Largest delay that any core can be built for, in ticks."""


@dataclass(frozen=True)
class Source:
    """Channels, `size` of them, through which the host sends spikes."""

    name: str
    size: int

    def __post_init__(self) -> None:
        _take_whole(self, "size")
        _check_name_and_size("source", self.name, self.size)


@dataclass(frozen=True)
class Population:
    """`size` neurons that share a parameter set.

    With `bias` every neuron has a learnable bias: a synapse from an always-on axon, at first of
    weight `first_biases[i]`, or 0. With `report` the host hears its spikes. `drives[i]` is the
    constant that the chip adds to the membrane of neuron i in every tick (the contract's bias
    register); learning does not change it. Both are whole numbers, `size` of them, or none.
    """

    name: str
    size: int
    parameters: ParameterSet
    bias: bool = True
    report: bool = True
    first_biases: tuple[int, ...] = ()
    drives: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _take_whole(self, "size")
        _check_name_and_size("population", self.name, self.size)
        # Neurons that only fill up a group have no input; with theta = 0 they would fire.
        theta = self.parameters.theta
        require(theta > 0, f"theta of population {self.name!r}", "at least 1", theta)
        for field in ("first_biases", "drives"):
            self._take_values(field)
        learns = self.bias or not self.first_biases
        require(learns, f"first_biases of population {self.name!r}", "none without bias", "given")

    def _take_values(self, field: str) -> None:
        """Make a field a tuple of ints; ValueError unless it has none or `size` of them."""
        thing = f"{field} of population {self.name!r}"
        values = integers(thing, getattr(self, field))
        require(values.shape in ((0,), (self.size,)), thing, f"{self.size} or none", values.shape)
        object.__setattr__(self, field, tuple(values.tolist()))


def _take_whole(owner: object, *names: str) -> None:
    """Make integers of NumPy and torch in fields of a frozen dataclass Python's."""
    for name in names:
        object.__setattr__(owner, name, plain(getattr(owner, name)))


def _check_name_and_size(kind: str, name: str, size: int) -> None:
    require(isinstance(name, str) and name != "", f"name of a {kind}", "a text", name)
    whole = isinstance(size, int) and not isinstance(size, bool)
    require(whole and size >= 1, f"size of {kind} {name!r}", "a whole number, at least 1", size)


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from a source or population to a population; recurrent if both are the same.

    `weights`: int array `(source size, target size)`; `present`: bool array of that shape, or
    None where all synapses are there. A spike arrives `delay` ticks late. Learning changes the
    weights of `plastic` ones only. `traces` are the trace parameters of the axons; None: those
    of the target population.
    """

    source: str
    target: str
    weights: NDArray[np.int64]
    present: NDArray[np.bool_] | None = None
    delay: int = 0
    plastic: bool = True
    traces: ParameterSet | None = None

    def __post_init__(self) -> None:
        _take_whole(self, "delay")
        thing = f"weights of {self}"
        weights = integers(thing, self.weights).copy()
        require(weights.ndim == 2, thing, "of two dimensions", weights.ndim)
        require_range(f"delay of {self}", self.delay, 0, MAX_DELAY)
        weights.setflags(write=False)
        object.__setattr__(self, "weights", weights)
        if self.present is not None:
            self._check_present()

    def _check_present(self) -> None:
        present = np.array(self.present)
        require(present.dtype == np.bool_, f"present of {self}", "of dtype bool", present.dtype)
        shape = self.weights.shape
        require(present.shape == shape, f"present of {self}", f"of shape {shape}", present.shape)
        require(bool(present.any()), f"synapses of {self}", "at least 1", 0)
        present.setflags(write=False)
        object.__setattr__(self, "present", present)

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}" + (f" (delay {self.delay})" if self.delay else "")

    @property
    def synapses(self) -> NDArray[np.bool_]:
        """The mask of synapses: bool `(source size, target size)`."""
        return np.ones(self.weights.shape, np.bool_) if self.present is None else self.present


@dataclass(frozen=True, eq=False)
class Network:
    """Sources and populations, each with a name of its own, and the projections between them.

    `seed` is that of the rounding hash, `memristor` the tables of the cores for terms that see
    their weights. Raises ValueError for names that are unknown or not
    unique, shapes that do not fit, the same projection twice, a source that feeds nothing, and
    a population that no source reaches.
    """

    sources: tuple[Source, ...]
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    seed: int = 1
    memristor: MemristorTables = NO_TABLES

    def __post_init__(self) -> None:
        for field in ("sources", "populations", "projections"):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        _take_whole(self, "seed")
        require_range("seed", self.seed, 0, 2**32 - 1)
        require(len(self.populations) > 0, "populations", "at least one", 0)
        names = [source.name for source in self.sources]
        names += [population.name for population in self.populations]
        for name, count in Counter(names).items():
            require(count == 1, "name", "given once", name)
        self._check_ends()
        keys = Counter((p.source, p.target, p.delay) for p in self.projections)
        for p in self.projections:
            once = keys[p.source, p.target, p.delay] == 1
            require(once, f"projection {p}", "given once", "twice")
        self._check_reach()

    def _check_ends(self) -> None:
        targets = {population.name: population.size for population in self.populations}
        sizes = {source.name: source.size for source in self.sources} | targets
        ends, own = f"one of {', '.join(sizes)}", f"one of the populations {', '.join(targets)}"
        for p in self.projections:
            require(p.source in sizes, f"source of {p}", ends, p.source)
            require(p.target in targets, f"target of {p}", own, p.target)
            shape, given = (sizes[p.source], sizes[p.target]), p.weights.shape
            require(given == shape, f"weights of {p}", f"of shape {shape}", given)

    def _check_reach(self) -> None:
        reached = {source.name for source in self.sources}
        for source in reached:
            feeds = any(projection.source == source for projection in self.projections)
            require(feeds, f"source {source!r}", "the start of a projection", "unused")
        targets: dict[str, list[str]] = {}
        for p in self.projections:
            targets.setdefault(p.source, []).append(p.target)
        waiting = [*reached]
        while waiting:
            found = [name for name in targets.get(waiting.pop(), []) if name not in reached]
            reached.update(found)
            waiting += found
        for population in self.populations:
            good = population.name in reached
            require(good, f"population {population.name!r}", "reached from a source", "cut off")

    def population(self, name: str) -> Population:
        """The population of this name; ValueError if there is none."""
        found = {population.name: population for population in self.populations}
        require(name in found, "population", f"one of {', '.join(found)}", name)
        return found[name]

    def projection(self, source: str, target: str, delay: int = 0) -> Projection:
        """The projection from `source` to `target`; ValueError if there is none."""
        found = {(p.source, p.target, p.delay): p for p in self.projections}
        key = (source, target, delay)
        require(key in found, "projection", f"one of {', '.join(map(str, found.values()))}", key)
        return found[key]


def uniform_weights(
    random: np.random.Generator, sources: int, targets: int, span: int
) -> NDArray[np.int64]:
    """Weights drawn evenly from -span..span: int `(sources, targets)`."""
    sources, targets, span = plain(sources), plain(targets), plain(span)
    require_range("span of the first weights", span, 0, (1 << 15) - 1)
    return random.integers(-span, span + 1, (sources, targets))


def sparse_synapses(
    random: np.random.Generator, sources: int, targets: int, density: float
) -> NDArray[np.bool_]:
    """Each synapse is present with probability `density`: bool `(sources, targets)`."""
    require(0 < density <= 1, "density", "above 0 and at most 1", density)
    return random.random((sources, targets)) < density
