"""The picture of `memristor-wear`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from axonloop.host.order import Metrics
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, Picture, legend, styled

COLOURS = (INK, BLUE, GREY, ORANGE, "#4a9a5a", INK, BLUE)
SECONDS_AT_0 = 10.0
"""Where the scale of times shows what has not aged."""


@styled
def draw(metrics: Metrics) -> Picture:
    """Accuracy against writes; with memristors that wear out; after they were left alone."""
    picture = Picture(14, 4.8)
    left, middle, right = picture.subplots(1, 3)
    _draw_writes(left, metrics["points"])
    _draw_worn(middle, metrics["points"][:2], metrics["worn"])
    _draw_aged(right, metrics["aged"])
    return picture


def _curve(axes: Any, point: dict[str, Any], **more: Any) -> None:
    writes, scores = np.array(point["writes"]).mean(0), 100 * np.array(point["scores"]).mean(0)
    axes.plot(writes, scores, marker="o", markersize=3, **more)


def _draw_writes(axes: Any, points: Sequence[dict[str, Any]]) -> None:
    for point, colour in zip(points, COLOURS, strict=False):
        if not np.any(point["writes"]):
            score = 100 * np.mean(point["accuracies"])
            axes.axhline(score, color=colour, linestyle=":", label=f"{point['name']}, no writes")
            continue
        wide = "neurons" in point["name"]
        _curve(axes, point, color=colour, label=point["name"], linestyle="--" if wide else "-")
    axes.axvline(1e4, color=GREY, linestyle="--", linewidth=1)
    axes.annotate("$\\mathregular{Al_2O_3}$ bears", (1e4, 0.05), (-4, 0), ha="right", color=GREY,
                  xycoords=("data", "axes fraction"), textcoords="offset points")  # fmt: skip
    axes.set(
        xscale="log", xlabel="writes per memristor, after each epoch", ylabel="test accuracy (%)",
        title="Dense and error-triggered learning",
    )  # fmt: skip
    legend(axes, below=True)


def _draw_worn(axes: Any, free: Sequence[dict[str, Any]], worn: Sequence[dict[str, Any]]) -> None:
    for base, colour in zip(free, COLOURS, strict=False):
        name = "dense" if base["dense"] else "events"
        _curve(axes, base, color=colour, label=f"{name}, without end")
        own = [point for point in worn if point["name"] == base["name"]]
        for point, style in zip(own, (":", "-.", "--"), strict=False):
            label = f"{name}, stuck after {point['endurance']:,}"
            scores = 100 * np.array(point["scores"]).mean(0)
            writes = np.array(base["writes"]).mean(0)[: len(scores)]
            axes.plot(writes, scores, style, color=colour, label=label)
    axes.set(
        xscale="log", xlabel="writes per memristor, had it no end", ylabel="test accuracy (%)",
        title="Memristors that wear out",
    )  # fmt: skip
    legend(axes, below=True, ncols=2)


def _draw_aged(axes: Any, aged: Sequence[dict[str, Any]]) -> None:
    kinds = list(dict.fromkeys(case["kind"] for case in aged))
    for case in aged:
        ages = case["reference_ages"]
        seconds = np.maximum(case["seconds"], SECONDS_AT_0)
        label = f"{case['kind']}, reference {'ages too' if ages else 'stays'}"
        scores = 100 * np.array(case["accuracies"]).mean(0)
        colour = (BLUE, ORANGE)[kinds.index(case["kind"])]
        axes.plot(seconds, scores, "o-" if ages else "o--", markersize=3, color=colour, label=label)
    axes.set(
        xscale="log", xlabel="seconds at 85 C without a write (0 at the left)",
        ylabel="test accuracy (%)", ylim=(0, 101), title="Left alone",
    )  # fmt: skip
    legend(axes, below=True, ncols=2)
