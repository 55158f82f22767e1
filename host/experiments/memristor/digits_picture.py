"""The picture of `memristor-digits`."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from textwrap import fill
from typing import Any

import numpy as np

from axonloop.host.order import Metrics
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, Picture, legend, styled

ENDURANCE = 10_000
"""Writes that a device of Al2O3 bears; one of HfOx bears a million times as many."""


@styled
def draw(metrics: Metrics) -> Picture:
    """Accuracy by kind of synapse in both ranges, and against writes per device."""
    picture = Picture(13, 4.6)
    left, right = picture.subplots(1, 2, width_ratios=(1.35, 1))
    _draw_kinds(left, metrics["points"])
    _draw_writes(right, metrics["written"])
    return picture


def _draw_kinds(axes: Any, points: Sequence[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(point["name"] for point in points))
    ranges = list(dict.fromkeys(point["doubled"] for point in points))
    labels = ("middle of the range", "range filled")
    for k, (doubled, colour) in enumerate(zip(ranges, (BLUE, ORANGE), strict=True)):
        own = [point for point in points if point["doubled"] == doubled]
        places = np.arange(len(names)) + (k - 0.5) * 0.34
        heights = [100 * mean(point["accuracies"]) for point in own]
        axes.barh(places, heights, 0.3, color=colour, label=labels[k])
        for place, point in zip(places, own, strict=True):
            dots = [100 * value for value in point["accuracies"]]
            axes.plot(dots, [place] * len(dots), "o", color=INK, markersize=2.5)
    axes.set_yticks(
        range(len(names)),
        [fill(name, 16) for name in names],
    )
    axes.invert_yaxis()
    axes.set(xlabel="test accuracy (%)", xlim=(0, 101), title="Kinds of synapses")
    legend(axes, below=True, ncols=2)


def _draw_writes(axes: Any, written: Sequence[dict[str, Any]]) -> None:
    for each, colour in zip(written, (INK, BLUE), strict=True):
        writes = [entry["writes"] / each["synapses"] for entry in each["history"]]
        scores = [100 * entry["validation_accuracy"] for entry in each["history"]]
        axes.plot(writes, scores, "o-", color=colour, markersize=3, label=each["name"])
    axes.axvline(ENDURANCE, color=GREY, linestyle="--", linewidth=1)
    axes.annotate("endurance of Al2O3", (ENDURANCE, axes.get_ylim()[0]), xytext=(-4, 6),
                  textcoords="offset points", ha="right", fontsize=8, color=GREY)  # fmt: skip
    axes.set(
        xscale="log", xlabel="writes per device", ylabel="accuracy on learned samples (%)",
        title="Writes of dense and error-triggered learning",
    )  # fmt: skip
    legend(axes, below=True, ncols=2)
