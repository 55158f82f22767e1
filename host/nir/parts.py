"""The chip's populations of a node: one per set of registers, with a neuron per spike of a step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.host.network import FloatReset
from axonloop.host.nir.nodes import Floats, refuse
from axonloop.host.nir.steps import Steps
from axonloop.models.config import DECAY_ONE

MOST_SETS = 16
"""Parameter sets of a core."""
MOST_SPIKES = 15
"""Spikes of a neuron in a step that the chip can be given neurons for."""


@dataclass(frozen=True, eq=False)
class NodePart:
    """Neurons `index` of a node, or channels of a source, that share the chip's registers.

    The chip has them `levels` times, one copy after the other, as the population or source
    `name`: copy k (from 1) spikes where its neuron, or its channel, has k spikes or more in a
    step. So its threshold is k thresholds.
    """

    node: str
    name: str
    index: NDArray[np.int64]
    levels: int = 1

    @property
    def size(self) -> int:
        """Neurons or channels on the chip."""
        return len(self.index) * self.levels

    def tiled(self, values: Floats) -> Floats:
        """Values `(neurons of the node,)` for all copies: `(size,)`."""
        return np.tile(values[self.index], self.levels)

    def thresholds(self, values: Floats) -> Floats:
        """Those of all copies: `(size,)`."""
        return np.concatenate([values[self.index] * k for k in range(1, self.levels + 1)])


def parts_of(name: str, steps: Steps, spikes: NDArray[np.int64]) -> tuple[NodePart, ...]:
    """A node's neurons by their decays as the chip has them; NirError for more than it holds.

    `spikes`: the most that each neuron sends in a step, `(neurons,)`.
    """
    words = np.stack([steps.membrane_decay, steps.current_decay], axis=1) * DECAY_ONE
    kinds, kind_of = np.unique(np.rint(words), axis=0, return_inverse=True)
    if len(kinds) > MOST_SETS:
        thing = f"different time constants of {name!r}"
        remedy = "rounding them to fewer values, or more nodes on a mesh of cores,"
        raise refuse(thing, f"at most {MOST_SETS} (parameter sets)", len(kinds), remedy)
    groups = [np.flatnonzero(kind_of.ravel() == k) for k in range(len(kinds))]
    names = [name] if len(groups) == 1 else [f"{name}/{k}" for k in range(len(groups))]
    return tuple(
        NodePart(name, own, index, int(spikes[index].max()))
        for own, index in zip(names, groups, strict=True)
    )


def several(parts: tuple[NodePart, ...]) -> bool:
    """Some neurons of a node may send several spikes in a step."""
    return any(part.levels > 1 for part in parts)


def taken_thresholds(part: NodePart, steps: Steps) -> Iterator[tuple[int, Floats]]:
    """Delay and weights of the synapses by which a part's spikes take thresholds from its copies.

    A spike takes one threshold from every copy of its neuron. Its own reset takes that of its
    copy from itself, k thresholds, of which it gets k - 1 back; the others it reaches through
    synapses. A synapse ends in a current, which keeps it: what it keeps is undone a tick later.
    """
    index, copies = part.index, np.arange(part.levels)
    sizes = np.diag(copies.astype(np.float64)) - (1 - np.eye(part.levels))
    left = steps.membrane_decay[index] * steps.threshold[index]
    kept = steps.current_decay[index] * left
    for delay, each in ((0, left), (1, -kept)):
        if part.levels > 1 and each.any():
            yield delay, np.asarray(np.kron(sizes, np.diag(each)), np.float64)


def reset_of(steps: Steps, parts: tuple[NodePart, ...]) -> FloatReset:
    """What a spike does on the chip itself."""
    return FloatReset.LATE if several(parts) else steps.reset
