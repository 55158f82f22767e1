"""The plan of a network with convolutions: where the channels of its images lie, and its kernels.

A core holds all positions of the channels that it has, so that no kernel is needed twice: a
population is spread over cores by its channels, in blocks of `lanes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from axonloop.host.network.kernels.convolution import descriptor_of
from axonloop.host.network.network import Network, Population, Projection, Source
from axonloop.host.network.wires import PlacedPart, Wire, grouped
from axonloop.models.checks import require
from axonloop.models.config import (
    MAX_KERNEL_COLUMNS,
    Convolution,
    ConvolutionGeometry,
)

LARGER = "large=True, for golden and batched"
"""How a network gets cores that are larger than any that is built."""


def require_undivided(network: Network, lanes: int, large: bool) -> None:
    """ValueError where a kernel would be needed on two cores, or a neuron's inputs on two.

    Cores are those that can be built, or `large` ones.
    """
    limit, most_rows = ConvolutionGeometry.most_units(large), ConvolutionGeometry.most_rows(large)
    way_out = "would do" if large else f"would do, or {LARGER}"
    for population in network.populations:
        most, name = limit // lanes, population.name
        told = (
            f"at most {most}, as {lanes} channels (lanes) of each lie on one core of {limit}"
            " neurons and a second core would need their kernel (a larger stride, less padding, an"
            f" image summed to fewer pixels, or fewer lanes {way_out})"
        )
        good = population.positions <= most
        require(good, f"positions of population {name!r}", told, population.positions)
    sources = _ends(network)
    for projection in network.projections:
        units = sources[projection.source].units
        told = (
            f"at most {limit}, the axons of a core, as the sums of a neuron do not travel (pools"
            " or a stride before it, fewer channels, or an image summed to fewer pixels"
            f" {way_out})"
        )
        require(units <= limit, f"inputs of {projection}", told, units)
        if projection.of_positions:
            rows = projection.weights[0].size
            told = f"at most {most_rows}, the kernel rows of a core (fewer input channels, or"
            told += f" a smaller kernel, {way_out})"
            require(rows <= most_rows, f"weights of a channel of {projection}", told, rows)
        try:
            descriptor_of(projection, sources[projection.source], lanes, 1)
        except ValueError as error:
            raise ValueError(f"{projection}: {error}") from error


def channel_parts(
    network: Network, lanes: int, cores: int, place: Mapping[str, tuple[int, ...]] | None
) -> Iterator[PlacedPart]:
    """The parts of all populations; without a `place` of each, about as many groups on each core.

    The channels of a population on a core are one part, of at most as many as a kernel may have.
    """
    every = [
        (population, block)
        for population in network.populations
        for block in range(-(-population.channels // lanes))
    ]
    chosen = _balanced(every, cores) if place is None else _placed(every, place)
    placed = [(*entry, core) for entry, core in zip(every, chosen, strict=True)]
    most, filled = MAX_KERNEL_COLUMNS // lanes, dict[int, int]()
    runs = grouped(placed, lambda entry: (entry[0], entry[2], entry[1] // most))
    for (population, core, _), blocks in runs.items():
        first, last = blocks[0][1], blocks[-1][1]
        end = min((last + 1) * lanes, population.channels)
        positions, groups = population.positions, (last + 1 - first) * population.positions
        first_group = filled.get(core, 0)
        filled[core] = first_group + groups
        yield PlacedPart(
            population, core, first * lanes * positions, end * positions, first_group, groups
        )


def _balanced(every: list[tuple[Population, int]], cores: int) -> list[int]:
    """The core of each block of channels: the one that its middle falls on."""
    sizes = np.array([population.positions for population, _ in every])
    middles = np.cumsum(sizes) - sizes / 2
    chosen: list[int] = (middles * cores // sizes.sum()).astype(int).tolist()
    return chosen


def _placed(every: list[tuple[Population, int]], place: Mapping[str, tuple[int, ...]]) -> list[int]:
    """The core of each block of channels: equal shares on the cores of its population."""
    found = []
    for population, own in grouped(every, lambda entry: entry[0]).items():
        cores = place[population.name]
        share = -(-len(own) // len(cores))
        found += [cores[block // share] for _, block in own]
    return found


def kernel_wires(network: Network, parts: tuple[PlacedPart, ...], lanes: int) -> Iterator[Wire]:
    """The wires of all parts: the image of each projection, and behind the first one the bias."""
    inputs = grouped(network.projections, lambda projection: projection.target)
    sources = _ends(network)
    axons: dict[int, int] = {}
    rows: dict[int, int] = {}
    for part in parts:
        bias = part.population.bias
        for projection in inputs.get(part.population.name, []):
            shape = replace(
                _shape_on(part, projection, sources[projection.source], lanes),
                first_axon=axons.get(part.core, 0),
                first_group=part.first_group,
                first_row=rows.get(part.core, 0),
                bias=int(bias),
            )
            axons[part.core] = shape.first_axon + shape.axons
            rows[part.core] = shape.first_row + shape.rows
            yield _wire(projection, part, shape, shape.first_axon, lanes)
            if bias:
                yield _wire(None, part, shape, shape.first_axon + shape.pixels, lanes)
            bias = False


def _shape_on(
    part: PlacedPart, projection: Projection, source: Source | Population, lanes: int
) -> Convolution:
    channels = part.groups * lanes // part.population.positions
    return descriptor_of(projection, source, channels, part.population.pool)


def _wire(
    projection: Projection | None, part: PlacedPart, shape: Convolution, first: int, lanes: int
) -> Wire:
    """The wire of an image, or of its bias, from axon `first` on."""
    groups = np.array([shape.positions]) if projection is None else _reached(shape)
    groups = groups * shape.out_channels // lanes
    nothing = np.zeros(len(groups), np.int64)
    return Wire(projection, part, first, np.arange(len(groups)), nothing, groups, shape)


def _reached(shape: Convolution) -> NDArray[np.int64]:
    """The positions that each pixel reaches: `(pixels,)`."""
    ways = []
    for size, out in ((shape.in_height, shape.out_height), (shape.in_width, shape.out_width)):
        steps = np.arange(size)[:, None] + shape.padding - shape.stride * np.arange(out)
        ways.append(((steps >= 0) & (steps < shape.kernel)).sum(axis=1))
    return np.tile(np.outer(*ways).ravel(), shape.in_channels)


def _ends(network: Network) -> dict[str, Source | Population]:
    every: list[Source | Population] = [*network.sources, *network.populations]
    return {each.name: each for each in every}
