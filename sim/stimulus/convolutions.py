"""Random convolutions that fit a core: shapes, strides, paddings, pools, biases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from axonloop.models.config import Convolution, Geometry, Group
from axonloop.sim.stimulus.draws import chance

Rng = np.random.Generator
TRIES = 400
"""Draws of a shape until one fits."""


def _random_shape(rng: Rng, geometry: Geometry) -> Convolution | None:
    """A convolution of any shape at the start of the memories, or None."""
    kernel = int(rng.integers(1, 6))
    lanes = geometry.lanes
    try:
        return Convolution(
            in_channels=int(rng.choice((1, 1, 2, 3, 4))),
            in_height=int(rng.integers(1, 9)),
            in_width=int(rng.integers(1, 9)),
            kernel=kernel,
            out_channels=lanes * int(rng.integers(1, geometry.weight_columns // lanes + 1)),
            stride=int(rng.choice((1, 1, 1, 2, 3))),
            padding=int(rng.integers(0, kernel)),
            bias=int(chance(rng, 0.5)),
            pool=int(rng.choice((1, 1, 2, 2, 3))),
        )
    except ValueError:  # the kernel is larger than the image
        return None


def random_convolutions(rng: Rng, geometry: Geometry) -> tuple[Convolution, ...]:
    """Up to as many convolutions as the core may have, one behind the other; at least one.

    Some are followed by one of the same output, which adds to the same neurons.
    """
    found: list[Convolution] = []
    axon = row = group = 0
    wanted = int(rng.integers(1, geometry.convolutions + 1))
    for _ in range(TRIES):
        shape = _random_shape(rng, geometry)
        if shape is None:
            continue
        again = found and found[-1].output == shape.output and chance(rng, 0.5)
        start = found[-1].first_group if again else group
        shape = replace(shape, first_axon=axon, first_row=row, first_group=start)
        end = start + shape.neurons // geometry.lanes
        fits = axon + shape.axons <= geometry.axons and row + shape.rows <= geometry.weight_rows
        if not fits or end > geometry.groups:
            continue
        found.append(shape)
        axon, row, group = axon + shape.axons, row + shape.rows, max(group, end)
        if len(found) == wanted:
            break
    return tuple(found)


def shared_sets(
    groups: tuple[Group, ...], convolutions: tuple[Convolution, ...], lanes: int
) -> tuple[Group, ...]:
    """The groups, with the parameter sets of each convolution's first position at all of them."""
    found = list(groups)
    for shape in convolutions:
        width = shape.out_channels // lanes
        for place in range(width, width * shape.positions):
            first = found[shape.first_group + place % width].parameter_set
            mine = shape.first_group + place
            found[mine] = replace(found[mine], parameter_set=first)
    return tuple(found)
