"""The picture of writes: a histogram for each population."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from axonloop.host.pictures import BLUE, INK, ORANGE, Picture, styled
from axonloop.host.wear.account import BINS


@styled
def draw_writes(
    populations: Mapping[str, NDArray[np.int32]], endurance: float | None = None
) -> Picture:
    """How many memristors were written how often, onto each population.

    A line marks the mean, and another one the `endurance` where it is not far from what was seen.
    """
    most = max(1, *(int(own.max()) for own in populations.values()))
    near = endurance is not None and endurance <= 2 * most
    end = most if endurance is None or not near else max(most, endurance)
    picture = Picture(6, 0.6 + 1.9 * len(populations))
    every = picture.subplots(len(populations), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (name, own) in zip(every, populations.items(), strict=True):
        axes.hist(own, bins=BINS, range=(0, end), color=BLUE)
        axes.axvline(own.mean(), color=INK, linewidth=1)
        if near:
            axes.axvline(endurance, color=ORANGE, linestyle="--", linewidth=1)
        bears = f"; they bear {endurance:,.0f}" if near else ""
        title = f"onto {name}: mean {own.mean():,.1f}{bears}"
        axes.set(yscale="log", ylabel="memristors", title=title)
    every[-1].set_xlabel("writes")
    return picture
