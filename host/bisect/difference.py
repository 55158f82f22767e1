"""The place where two devices differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import ChipConfig
from axonloop.models.protocol import Counter

ANSWER = "answer"
"""The unit where one of the devices fails to answer, or refuses."""
WEIGHT, REPORTED = "weight", "reported"


@dataclass(frozen=True)
class Difference:
    """Two devices differ in `unit[index]` after tick number `tick` (0: the first).

    `unit` is a region's or counter's name in lower case, "weight", "reported", a register, or
    "answer", where one device does not answer as it should. `index` counts in the core `core`: a
    neuron, an axon, a synapse (axon, neuron), a slot and an axon; it is empty for counters and
    registers. `values` holds both values, of the first device and of the second.
    """

    tick: int
    unit: str
    index: tuple[int, ...]
    core: int | None
    values: tuple[int | str, int | str]

    def __str__(self) -> str:
        where = f"{self.unit}{list(self.index)}" if self.index else self.unit
        core = "" if self.core is None else f" of core {self.core}"
        return f"tick {self.tick}: {where}{core} is {self.values[0]} and {self.values[1]}"


def located(
    config: ChipConfig, tick: int, unit: str, arrays: Sequence[NDArray[np.integer]]
) -> Difference | None:
    """The first difference between two arrays of a chip's state, or None."""
    one, other = arrays
    if unit == REPORTED:
        odd = np.setxor1d(one, other)
        if not odd.size:
            return None
        neuron = int(odd[0])
        number, inside = divmod(neuron, config.geometry.neurons)
        values = (int(neuron in one), int(neuron in other))
        return Difference(tick, unit, (inside,), config.first + number, values)
    if np.array_equal(one, other):
        return None
    where = tuple(int(k) for k in np.argwhere(one != other)[0])
    core, index = _in_core(config, unit, where, one.shape)
    return Difference(tick, unit, index, core, (int(one[where]), int(other[where])))


def _in_core(
    config: ChipConfig, unit: str, where: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[int, tuple[int, ...]]:
    """The core of a word of the chip's state, and its index there."""
    axis = 0 if unit == WEIGHT else len(shape) - 1  # cores are joined along it
    each = shape[axis] // config.mesh.cores
    core, inside = divmod(where[axis], each)
    return config.first + core, (*where[:axis], inside, *where[axis + 1 :])


def of_counters(
    config: ChipConfig, tick: int, tables: Sequence[NDArray[np.int64]], counted: Sequence[Counter]
) -> Difference | None:
    """The first counter of `counted` that is not the same in both tables of all cores."""
    for counter in counted:
        one, other = (table[:, counter] for table in tables)
        for core in np.flatnonzero(one != other)[:1].tolist():
            values = (int(one[core]), int(other[core]))
            return Difference(tick, counter.name.lower(), (), config.first + core, values)
    return None
