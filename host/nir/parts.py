"""The chip's populations of a neuron node: one per set of registers, one per spike of a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.host.network import FloatReset
from axonloop.host.nir.nodes import Floats, refuse
from axonloop.host.nir.steps import Steps
from axonloop.host.nir.wiring import Wiring
from axonloop.models.config import DECAY_ONE

MOST_SETS = 16
"""Parameter sets of a core."""
MOST_SPIKES = 15
"""Spikes of a neuron in a step that the chip can be given neurons for."""


@dataclass(frozen=True, eq=False)
class Part:
    """Neurons `index` of a node, or channels of a source, that share the chip's registers.

    `levels` copies of them lie on the chip, named `names`: copy k spikes where its neuron, or
    its channel, has k + 1 spikes or more in a step.
    """

    node: str
    index: NDArray[np.int64]
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The population of the first spike."""
        return self.names[0]


def part_of_source(name: str, size: int, levels: int) -> Part:
    """The channels of a source, `levels` times."""
    return Part(name, np.arange(size), _names(name, levels))


def parts_of_neurons(name: str, steps: Steps, levels: int) -> tuple[Part, ...]:
    """A node's neurons by their decays as the chip has them; NirError for more than it holds."""
    words = np.stack([steps.membrane_decay, steps.current_decay], axis=1) * DECAY_ONE
    kinds, kind_of = np.unique(np.rint(words), axis=0, return_inverse=True)
    if len(kinds) > MOST_SETS:
        thing = f"different time constants of {name!r}"
        remedy = "rounding them to fewer values, or more nodes on a mesh of cores,"
        raise refuse(thing, f"at most {MOST_SETS} (parameter sets)", len(kinds), remedy)
    groups = [np.flatnonzero(kind_of.ravel() == k) for k in range(len(kinds))]
    names = [name] if len(groups) == 1 else [f"{name}/{k}" for k in range(len(groups))]
    return tuple(
        Part(name, index, _names(own, levels)) for own, index in zip(names, groups, strict=True)
    )


def _names(name: str, levels: int) -> tuple[str, ...]:
    return name, *(f"{name} x{k}" for k in range(2, levels + 1))


def levels_of(
    steps: Mapping[str, Steps],
    wiring: Wiring,
    wanted: Mapping[str, int],
    counts: int,
    ticks: int,
) -> dict[str, int]:
    """Spikes per step that each node is given neurons for: `wanted`, if any input can ask that."""
    found = {}
    for name, own in steps.items():
        rise = np.maximum(wiring.biases[name], 0)
        for (origin, _), matrix in wiring.weights[name].items():
            often = wanted[origin] if origin in steps else counts
            rise = rise + often * np.maximum(matrix, 0).sum(axis=0)
        rise = rise * _memory(own.current_decay, ticks) + np.maximum(own.drive, 0)
        worst = int(np.floor((own.membrane_decay + rise / own.threshold).max() + 1e-9))
        found[name] = max(1, min(wanted[name], worst)) if own.several else 1
    return found


def _memory(decay: Floats, ticks: int) -> Floats:
    return np.asarray(np.where(decay < 1, 1 / np.maximum(1 - decay, 1e-12), ticks))


def with_taken_thresholds(
    wiring: Wiring, steps: Mapping[str, Steps], levels: Mapping[str, int]
) -> Wiring:
    """The wiring with synapses through which spikes take their thresholds in the next tick.

    What copies of a neuron take must reach all of them, and a reset reaches only its own. A
    synapse ends in a current, which keeps it: what it keeps is given back a tick later.
    """
    weights = {name: dict(found) for name, found in wiring.weights.items()}
    for name, own in steps.items():
        if levels[name] > 1:
            taken = np.diag(own.membrane_decay * own.threshold)
            given_back = np.diag(own.current_decay * own.membrane_decay * own.threshold)
            for delay, change in ((0, -taken), (1, given_back)):
                if change.any():
                    before = weights[name].get((name, delay), np.zeros_like(change))
                    weights[name][name, delay] = before + change
    return Wiring(weights, wiring.biases, wiring.offsets)


def reset_of(steps: Steps, levels: int) -> FloatReset:
    """What a spike does on the chip itself."""
    return FloatReset.NONE if levels > 1 else steps.reset
