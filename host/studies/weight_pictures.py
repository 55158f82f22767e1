"""Pictures of the studies about weights: bits and rounding, error rates, deployment."""

from __future__ import annotations

from math import ceil, floor, log10
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, bare, save

_ROUNDINGS = {"stochastic": BLUE, "nearest": ORANGE}


def _dots(axes: Any, place: float, values: list[float], colour: str, label: str | None) -> None:
    """A dot per seed and a bar at their mean, in percent."""
    shown = [100 * value for value in values]
    axes.plot([place] * len(shown), shown, "o", color=colour, alpha=0.55, label=label)
    axes.hlines(sum(shown) / len(shown), place - 0.14, place + 0.14, color=colour, linewidth=2)


def draw_bits(path: Path, points: list[dict[str, Any]]) -> None:
    """Accuracy against weight bits, for both roundings."""
    figure, axes = plt.subplots(figsize=(6, 3.8))
    bits = list(dict.fromkeys(point["bits"] for point in points))
    for rounding, colour in _ROUNDINGS.items():
        side = -0.15 if rounding == "stochastic" else 0.15
        for point in (p for p in points if p["rounding"] == rounding):
            place = bits.index(point["bits"])
            label = f"{rounding} rounding" if place == 0 else None
            _dots(axes, place + side, point["accuracies"], colour, label)
    axes.set_xticks(range(len(bits)), [str(count) for count in bits])
    axes.set(xlabel="weight bits", ylabel="test accuracy (%)", title="Learning on the chip")
    axes.legend(frameon=False, loc="lower right")
    bare(axes)
    save(figure, path)


def draw_rates(path: Path, points: list[dict[str, Any]]) -> None:
    """Accuracy against the error rate, a dot per copy, and what learning visited."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
    rates = [100 * point["rate"] for point in points]
    draw_rate_curve(left, points)
    right.plot(rates, [point["visits"] for point in points], "o-", color=ORANGE)
    right.set(ylabel="synapses visited per chip", title="What learning cost", yscale="log")
    low, high = (point["visits"] for point in (points[0], points[-1]))
    right.set_ylim(10 ** floor(log10(max(1, low))), 10 ** ceil(log10(max(10, high))))
    _rate_axis(right, rates)
    save(figure, path)


def draw_rate_curve(axes: Any, points: list[dict[str, Any]]) -> None:
    """Accuracy against the error rate, a dot per copy, a line through the means."""
    rates = [100 * point["rate"] for point in points]
    for rate, point in zip(rates, points, strict=True):
        values = [100 * value for value in point["accuracies"]]
        axes.plot([rate] * len(values), values, "o", color=BLUE, alpha=0.55)
    axes.plot(rates, [100 * point["accuracy"] for point in points], color=INK, label="mean")
    axes.set(ylabel="test accuracy (%)", title="A dot is a chip")
    axes.legend(frameon=False, loc="lower right")
    _rate_axis(axes, rates)


def _rate_axis(axes: Any, rates: list[float]) -> None:
    axes.set(xlabel="neurons in error per tick (%)", xscale="log")
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.xaxis.minorticks_off()
    bare(axes)


def draw_deploy(path: Path, stages: dict[str, list[float]], bar: float) -> None:
    """Accuracy of every stage: a dot per seed, a bar at the mean, a line at `bar`, in 0..1."""
    figure, axes = plt.subplots(figsize=(8, 3.9))
    for place, (name, values) in enumerate(stages.items()):
        off_chip = name == "float" or name.endswith("off chip")
        colour = INK if off_chip else BLUE if name.endswith("loop") else ORANGE
        _dots(axes, place, values, colour, None)
    axes.axhline(100 * bar, color=GREY, linestyle="--", linewidth=0.9)
    axes.annotate(
        "float - 0.5",
        (1.5, 100 * bar),
        (0, -12),
        textcoords="offset points",
        ha="center",
        color=GREY,
    )
    axes.set_xticks(range(len(stages)), [name.replace(", ", "\n") for name in stages])
    axes.set(ylabel="test accuracy (%)", title="From float to the chip, and in its loop")
    axes.margins(x=0.06, y=0.12)
    bare(axes)
    save(figure, path)
