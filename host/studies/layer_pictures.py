"""Accuracy of each layer as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from axonloop.host.pictures import BLUE, GREY, INK, bare, save


def draw_layers(path: Path, points: list[dict[str, Any]]) -> None:
    """Accuracy of every layer: a dot per seed, a bar at the mean."""
    figure, axes = plt.subplots(figsize=(6, 3.8))
    for place, point in enumerate(points):
        values = [100 * value for value in point["accuracies"]]
        axes.plot([place] * len(values), values, "o", color=BLUE, alpha=0.6)
        axes.hlines(100 * point["accuracy"], place - 0.2, place + 0.2, color=INK)
    single = 100 * points[0]["accuracy"]
    axes.axhline(single - 0.5, color=GREY, linestyle="--", linewidth=0.9)
    axes.annotate(
        "single layer - 0.5",
        (0.01, single - 0.5),
        (0, -12),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="left",
        color=GREY,
    )
    names = [f"{point['network']}\nlayer {point['layer']}" for point in points]
    axes.set_xticks(range(len(points)), names)
    axes.set(ylabel="test accuracy (%)", title="Deep local learning: every layer's readout")
    axes.margins(x=0.2, y=0.2)
    bare(axes)
    save(figure, path)
