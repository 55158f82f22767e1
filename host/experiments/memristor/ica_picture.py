"""The picture of `ica`: signals as in the paper's figure 10, and how far each variant gets."""

from __future__ import annotations

from typing import Any

import numpy as np

from axonloop.host.order import Metrics
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, Picture, legend, shades, styled

PATH = "devices and writes vary by 25 %"
CURVES = ("ideal", "compensated, linear", PATH, "a gain per polarity, Wmax 1.2", "whole pulses")


@styled
def draw(metrics: Metrics) -> Picture:
    """Sources, mixtures and outputs; weights and distances over samples; all variants."""
    picture = Picture(13, 7)
    clouds, (path, curve, every) = picture.subplots(2, 3)
    shown, found = metrics["shown"], metrics["variants"]
    outputs = shown["outputs"][PATH]
    signals = (shown["sources"], shown["mixed"], outputs)
    for axes, points, title in zip(
        clouds, signals, ("sources", "mixtures", "outputs"), strict=True
    ):
        axes.plot(*np.array(points).T, ".", ms=2, color=BLUE)
        axes.set(title=title, xlim=(-5, 5), ylim=(-5, 5), aspect="equal")
    samples = metrics["every"] * np.arange(1, len(found[PATH]["path"]) + 1) / 1000
    for values, name, colour in zip(
        np.array(found[PATH]["path"]).T, ("W11", "W12", "W21", "W22"), shades(4), strict=True
    ):
        path.plot(samples, values, color=colour, linewidth=1, label=name)
    path.set(xlabel="1000 samples", ylabel="weight", title="Weights, all varies by 25 %")
    legend(path, below=True, ncols=4)
    for name, colour in zip(CURVES, shades(len(CURVES)), strict=True):
        curve.plot(samples, found[name]["curve"], color=colour, linewidth=1, label=name)
    curve.set(xlabel="1000 samples", ylabel="Amari's distance", title="Mean of the seeds")
    legend(curve, below=True)
    _every(every, found)
    return picture


def _every(axes: Any, found: dict[str, Any]) -> None:
    """A dot for each seed, a bar for the mean; variants from top to bottom."""
    for place, each in enumerate(found.values()):
        values = each["amari"]
        axes.plot(values, [-place] * len(values), "o", ms=4, color=ORANGE, alpha=0.6)
        axes.plot([float(np.mean(values))], [-place], "|", ms=12, mew=2, color=INK)
    axes.set_yticks([-place for place in range(len(found))], list(found))
    axes.axvline(0.09, color=GREY, linewidth=0.8)
    axes.set(xlabel="Amari's distance", title="All variants", xlim=(0, None))
