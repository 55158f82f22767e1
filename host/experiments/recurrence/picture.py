"""The picture of `recurrence`: the data, learning curves, test accuracies."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from axonloop.host.data import draw_randman
from axonloop.host.experiments.experiment import Metrics
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, bare, save


def draw(path: Path, metrics: Metrics) -> None:
    """Three manifolds, validation accuracy by epoch, and a dot per seed in the end."""
    figure, (data, left, right) = plt.subplots(1, 3, figsize=(12, 3.8), width_ratios=(1.3, 2, 1))
    _draw_manifolds(data, metrics["smoothness"])
    colours = dict(zip(metrics["validation"], (GREY, ORANGE, BLUE), strict=True))
    for place, (kind, curves) in enumerate(metrics["validation"].items()):
        for k, curve in enumerate(curves):
            label = kind if k == 0 else None
            shown = [100 * value for value in curve]
            left.plot(range(1, len(curve) + 1), shown, color=colours[kind], label=label)
        values = [100 * value for value in metrics["accuracies"][kind]]
        right.plot([place] * len(values), values, "o", color=colours[kind], alpha=0.6)
        right.hlines(sum(values) / len(values), place - 0.2, place + 0.2, color=colours[kind])
    left.set(xlabel="epoch", ylabel="validation accuracy (%)", title="Learning")
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.legend(frameon=False, loc="lower right")
    kinds = [kind.replace("-", "-\n") for kind in colours]
    right.set_xticks(range(len(kinds)), kinds)
    right.set(ylabel="test accuracy (%)", xlim=(-0.5, len(kinds) - 0.5), title="In the end")
    for axes in (data, left, right):
        bare(axes)
    save(figure, path)


def _draw_manifolds(axes: Axes, smoothness: float) -> None:
    shown = draw_randman(1, 3, 1000, 3, 1, smoothness)
    for label, colour in enumerate((INK, ORANGE, BLUE)):
        axes.plot(*shown.times[shown.labels == label, :2].T, ".", color=colour, markersize=2)
    axes.set(xlabel="time of channel 0", ylabel="time of channel 1", title="Three manifolds")
