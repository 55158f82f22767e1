"""The picture of `stdp-digits`."""

from __future__ import annotations

import numpy as np

from axonloop.host.data import SIDE
from axonloop.host.order import Metrics
from axonloop.host.pictures import ORANGE, Picture, styled


@styled
def draw(metrics: Metrics) -> Picture:
    """The weights of every cell of the first chip, sorted by the class it was named after."""
    run = metrics["shown"]
    order = np.argsort(run["names"], kind="stable")
    weights, names = np.array(run["weights"])[order], np.array(run["names"])[order]
    wide = 16 if len(order) <= 256 else 32
    picture = Picture(8.6 * wide / 16, 0.55 * (len(order) // wide) + 0.6)
    axes = picture.subplots()
    tiles = weights.reshape(-1, wide, SIDE, SIDE)
    framed = np.pad(tiles.astype(float), ((0, 0), (0, 0), (3, 0), (1, 1)), constant_values=np.nan)
    sheet = framed.transpose(0, 2, 1, 3).reshape(len(tiles) * (SIDE + 3), -1)
    shown = axes.imshow(sheet, cmap="Blues", vmin=-127, vmax=127, aspect="equal")
    for k, name in enumerate(names):
        at = (k % wide * (SIDE + 2) + SIDE / 2 + 0.5, k // wide * (SIDE + 3) + 2)
        axes.annotate(str(name), at, color=ORANGE, ha="center", va="baseline")
    accuracy = 100 * run["accuracy"]
    axes.set(xticks=[], yticks=[], title=f"What {len(order)} neurons learned, {accuracy:.1f} %")
    axes.spines[:].set_visible(False)
    picture.colorbar(shown, ax=axes, label="weight (LSB)", shrink=0.8)
    return picture
