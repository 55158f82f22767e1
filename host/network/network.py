"""Networks: sources, populations, and the projections between them.

A `Network` says nothing about cores: `axonloop.host.network.compiler` maps it onto a chip.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from axonloop.host.whole import plain
from axonloop.models.arrays import integers
from axonloop.models.checks import is_whole, require, require_range
from axonloop.models.config import CONVOLUTION_RANGES, NO_TABLES, MemristorTables, ParameterSet

MAX_DELAY = 14
"""Largest delay that any core can be built for, in ticks."""
MAX_POOL = CONVOLUTION_RANGES["pool"][1]
_NUMBERS = {2: "two", 4: "four"}


@dataclass(frozen=True)
class Source:
    """Channels, `size` of them, through which the host sends spikes.

    Those of an image have a `shape`, (channels, height, width), and count through it, the width
    fastest.
    """

    name: str
    size: int
    shape: tuple[int, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        take_plain(self, "size")
        _check_name_and_size("source", self.name, self.size)
        _take_shape("source", self)

    @classmethod
    def image(cls, name: str, shape: tuple[int, int, int]) -> Source:
        """The pixels of an image of `shape`, (channels, height, width)."""
        return cls(name, prod(_image("source", name, shape)), shape)

    @property
    def units(self) -> int:
        """The spikes that can leave the source in a tick: one of each channel."""
        return self.size

    @property
    def unit_shape(self) -> tuple[int, ...]:
        """The shape of what leaves the source."""
        return self.shape


@dataclass(frozen=True)
class Population:
    """`size` neurons that share a parameter set.

    With `bias` every neuron has a learnable bias: a synapse from an always-on axon, at first of
    weight `first_biases[i]`, or 0. With `report` the host hears its spikes. `drives[i]` is the
    constant that the chip adds to the membrane of neuron i in every tick (the contract's bias
    register); learning does not change it. Both are whole numbers, `size` of them, or none.

    Neurons of an image have a `shape`, (channels, height, width), and count through it, the width
    fastest; those of a channel share a bias, so there are as many as channels. With a `pool` their
    spikes leave as those of the largest of `pool` x `pool` neighbours of a channel: that is what
    projections and readouts hear (docs/convolution.md).
    """

    name: str
    size: int
    parameters: ParameterSet
    bias: bool = True
    report: bool = True
    first_biases: tuple[int, ...] = ()
    drives: tuple[int, ...] = ()
    shape: tuple[int, ...] = field(default=(), repr=False)
    pool: int = field(default=1, repr=False)

    def __post_init__(self) -> None:
        take_plain(self, "size", "pool")
        _check_name_and_size("population", self.name, self.size)
        _take_shape("population", self)
        least = min(self.shape[1:], default=1)
        require_range(f"pool of population {self.name!r}", self.pool, 1, min(least, MAX_POOL))
        # Neurons that only fill up a group have no input; with theta = 0 they would fire.
        theta = self.parameters.theta
        require(theta > 0, f"theta of population {self.name!r}", "at least 1", theta)
        self._take_values("first_biases", self.channels)
        self._take_values("drives", self.size)
        learns = self.bias or not self.first_biases
        require(learns, f"first_biases of population {self.name!r}", "none without bias", "given")

    @classmethod
    def image(
        cls,
        name: str,
        shape: tuple[int, int, int],
        parameters: ParameterSet,
        pool: int = 1,
        **others: Any,
    ) -> Population:
        """The neurons of an image of `shape`, (channels, height, width); `others` are fields."""
        size = prod(_image("population", name, shape))
        return cls(name, size, parameters, shape=shape, pool=pool, **others)

    @property
    def positions(self) -> int:
        """Neurons that share the weights of their channel; 1 where there is no image."""
        return prod(self.shape[1:])

    @property
    def channels(self) -> int:
        """Channels of the image; without one every neuron is its own."""
        return self.size // self.positions

    @property
    def unit_shape(self) -> tuple[int, ...]:
        """The shape of what leaves the population: of its image, or of that of the pools."""
        return (*self.shape[:1], *(side // self.pool for side in self.shape[1:]))

    @property
    def units(self) -> int:
        """The spikes that can leave the population in a tick: one of each neuron, or pool."""
        return prod(self.unit_shape) if self.shape else self.size

    def _take_values(self, name: str, count: int) -> None:
        """Make a field a tuple of ints; ValueError unless it has none or `count` of them."""
        thing = f"{name} of population {self.name!r}"
        values = integers(thing, getattr(self, name))
        require(values.shape in ((0,), (count,)), thing, f"{count} or none", values.shape)
        object.__setattr__(self, name, tuple(values.tolist()))


def _take_shape(kind: str, owner: Source | Population) -> None:
    """Make the shape a tuple of ints; ValueError unless it has none or is one of `size`."""
    shape = tuple(owner.shape)
    if shape:
        shape = _image(kind, owner.name, shape)
        told = f"{prod(shape)}, the product of its shape"
        require(owner.size == prod(shape), f"size of {kind} {owner.name!r}", told, owner.size)
    object.__setattr__(owner, "shape", shape)


def _image(kind: str, name: str, shape: Sequence[int]) -> tuple[int, ...]:
    """A shape as ints; ValueError unless it is that of an image."""
    sides = tuple(plain(side) for side in shape)
    good = len(sides) == 3 and all(is_whole(side) and side >= 1 for side in sides)
    require(good, f"shape of {kind} {name!r}", "(channels, height, width), as (2, 34, 34)", shape)
    return sides


def take_plain(owner: object, *names: str) -> None:
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

    `weights`: int array `(source size, target size)`, of a source with pools `(its units, ...)`;
    `present`: bool array of that shape, or
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
    dimensions: ClassVar[int] = 2
    of_positions: ClassVar[bool] = False
    """Do all positions of an image share its weights?"""

    def __post_init__(self) -> None:
        take_plain(self, "delay")
        thing = f"weights of {self}"
        weights = integers(thing, self.weights).copy()
        told = f"of {_NUMBERS[self.dimensions]} dimensions"
        require(weights.ndim == self.dimensions, thing, told, weights.ndim)
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
        """The mask of synapses: bool, of the shape of the weights."""
        return np.ones(self.weights.shape, np.bool_) if self.present is None else self.present

    def require_ends(self, source: Source | Population, target: Population) -> None:
        """ValueError unless the weights lead from what leaves `source` to `target`."""
        shape, given = (source.units, target.size), self.weights.shape
        require(given == shape, f"weights of {self}", f"of shape {shape}", given)


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
        for name in ("sources", "populations", "projections"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        take_plain(self, "seed")
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
        targets = {population.name: population for population in self.populations}
        sources: dict[str, Source | Population] = {each.name: each for each in self.sources}
        sources |= targets
        ends, own = f"one of {', '.join(sources)}", f"one of the populations {', '.join(targets)}"
        for p in self.projections:
            require(p.source in sources, f"source of {p}", ends, p.source)
            require(p.target in targets, f"target of {p}", own, p.target)
            p.require_ends(sources[p.source], targets[p.target])
            if self.convolutional and not p.of_positions:
                told = "an image only of convolutions, in a network that has some"
                one = targets[p.target].positions == 1
                require(one, f"target of {p}", told, f"one of {p.target!r}")

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

    @property
    def convolutional(self) -> bool:
        """Whether it takes cores with convolutions: for its kernels, or its pools."""
        pools = any(population.pool > 1 for population in self.populations)
        return pools or any(projection.of_positions for projection in self.projections)

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
