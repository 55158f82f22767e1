"""DECOLLE's regulariser of activity (Kaiser, Mostafa & Neftci 2020, eq. 9), for any network."""

from __future__ import annotations

from torch import Tensor


def activity_cost(potential: Tensor, busy: float, silent: float) -> Tensor:
    """busy <[U + 0.01]+> + silent [0.1 - <U>]+, a scalar; < > is the mean over all entries.

    `potential` U, of any shape, is 0 where a neuron begins to spike: of `Lif` and `DecolleBlock`,
    whose threshold is 1, it is U - 1. The first term keeps membranes below the threshold, the
    second all of them together from being far below it.
    """
    above = (potential + 0.01).clamp(min=0).mean()
    return busy * above + silent * (0.1 - potential.mean()).clamp(min=0)
