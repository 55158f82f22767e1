"""The picture of `crossbar`: the paper's figure 4, the masks, and where time goes."""

from __future__ import annotations

from typing import Any

import numpy as np

from axonloop.host.order import Metrics
from axonloop.host.pictures import BLUE, INK, ORANGE, Picture, legend, shades, styled

_SHOWN = 4000
"""Dots of a cloud."""


@styled
def draw(metrics: Metrics) -> Picture:
    """Wanted and read weights, along the diagonal, by block, and behind the mask."""
    picture = Picture(11, 6.6)
    (wanted, read, cloud), (diagonal, profile, delay) = picture.subplots(2, 3)
    shown = metrics["shown"]
    cells, found = np.asarray(shown["cells"]) * 1e3, np.asarray(shown["read"]) * 1e3
    for axes, values, title in ((wanted, cells, "wanted"), (read, found, "read, 0.1 ohm")):
        image = axes.imshow(values, vmin=0, vmax=1, cmap="viridis", interpolation="nearest")
        axes.set(title=title, xlabel="column", ylabel="row")
    picture.colorbar(image, ax=[wanted, read], label="conductance (mS)", shrink=0.8)
    _cloud(cloud, cells, {"whole": found, "parts of 64": np.asarray(shown["parts"]) * 1e3})
    _diagonal(diagonal, metrics)
    _profile(profile, metrics)
    times = metrics["delays"]
    delay.plot([int(part) for part in times], list(times.values()), "o-", color=BLUE)
    delay.set(xscale="log", xlabel="columns of a part", ylabel="layer (ns)", title="Delay")
    delay.set_xticks([int(part) for part in times], [str(part) for part in times])
    delay.xaxis.minorticks_off()
    return picture


def _cloud(axes: Any, cells: Any, every: dict[str, Any]) -> None:
    some = np.random.default_rng(1).choice(cells.size, _SHOWN, replace=False)
    for (name, values), colour in zip(every.items(), (BLUE, ORANGE), strict=True):
        axes.plot(cells.ravel()[some], values.ravel()[some], ".", ms=1.5, color=colour, label=name)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8)
    axes.set(xlabel="wanted (mS)", ylabel="read (mS)", title="Cell by cell")
    legend(axes, below=True, ncols=2, markerscale=5)


def _diagonal(axes: Any, metrics: Metrics) -> None:
    slope, means = np.array(metrics["slopes"]), np.array(metrics["means"])
    row, column = (np.array(metrics["mask"][name]) for name in ("rows", "columns"))
    number, block = np.arange(1, len(slope) + 1), len(row) // len(slope)
    axes.plot(number, np.diag(means), "o-", color=ORANGE, label="mean")
    axes.plot(number, np.diag(slope), "o", color=BLUE, label="slope")
    fine = (np.arange(len(row)) + 0.5) / block + 0.5
    axes.plot(fine, row * column, color=INK, linewidth=0.9, label="mask")
    axes.set(yscale="log", xlabel="block of the diagonal", ylabel="read over wanted")
    axes.set(title="Along the diagonal")
    legend(axes, below=True, ncols=3)


def _profile(axes: Any, metrics: Metrics) -> None:
    slope = np.array(metrics["slopes"])
    column = np.arange(1, len(slope) + 1)
    for index, colour in zip((0, 3, 7), shades(3), strict=True):
        axes.plot(column, slope[index], "o-", color=colour, label=f"row {index + 1}")
    axes.set(yscale="log", xlabel="block of columns", ylabel="slope", title="Rows of blocks")
    legend(axes, below=True, ncols=3)
