"""Pictures of the studies about weights: bits and rounding, error rates, deployment."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import Any

from axonloop.host.order import Metrics
from axonloop.host.pictures import BLUE, INK, ORANGE, Picture, dots, legend, mark, styled

_ROUNDINGS = {"stochastic": BLUE, "nearest": ORANGE}


@styled
def draw_bits(metrics: Metrics) -> Picture:
    """Accuracy against weight bits, for both roundings: a dot per seed, a bar at the mean."""
    points = metrics["rows"]
    picture = Picture(7, 3.8)
    axes = picture.subplots()
    bits = list(dict.fromkeys(point["bits"] for point in points))
    for rounding, colour in _ROUNDINGS.items():
        side = -0.15 if rounding == "stochastic" else 0.15
        for point in (p for p in points if p["rounding"] == rounding):
            place = bits.index(point["bits"])
            label = f"{rounding} rounding" if place == 0 else None
            dots(axes, place + side, point["accuracies"], colour, label)
    axes.set_xticks(range(len(bits)), [str(count) for count in bits])
    axes.set(xlabel="weight bits", ylabel="test accuracy (%)", title="Learning on the chip")
    legend(axes)
    return picture


@styled
def draw_rates(metrics: Metrics) -> Picture:
    """Accuracy against the error rate, a dot per copy, and what learning visited."""
    points = metrics["rows"]
    picture = Picture(9, 3.8)
    left, right = picture.subplots(1, 2)
    rates = [100 * point["rate"] for point in points]
    draw_rate_curve(left, points)
    right.plot(rates, [point["visits"] for point in points], "o-", color=ORANGE)
    right.set(ylabel="synapses visited per chip", title="What learning cost", yscale="log")
    low, high = (point["visits"] for point in (points[0], points[-1]))
    right.set_ylim(10 ** floor(log10(max(1, low))), 10 ** ceil(log10(max(10, high))))
    _rate_axis(right, rates)
    return picture


def draw_rate_curve(axes: Any, points: list[dict[str, Any]]) -> None:
    """Accuracy against the error rate, a dot per copy, a line through the means."""
    rates = [100 * point["rate"] for point in points]
    for rate, point in zip(rates, points, strict=True):
        values = [100 * value for value in point["accuracies"]]
        axes.plot([rate] * len(values), values, "o", color=BLUE, alpha=0.55)
    axes.plot(rates, [100 * point["accuracy"] for point in points], color=INK, label="mean")
    axes.set(ylabel="test accuracy (%)", title="A dot is a chip")
    legend(axes, below=True)
    _rate_axis(axes, rates)


def _rate_axis(axes: Any, rates: list[float]) -> None:
    axes.set(xlabel="neurons in error per tick (%)", xscale="log")
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.xaxis.minorticks_off()


@styled
def draw_deploy(metrics: Metrics) -> Picture:
    """Accuracy of every stage: a dot per seed, a bar at the mean, a line at "bar", in 0..1."""
    stages = {row["stage"]: row["accuracies"] for row in metrics["rows"]}
    picture = Picture(8.6, 3.9)
    axes = picture.subplots()
    for place, (name, values) in enumerate(stages.items()):
        off_chip = name == "float" or name.endswith("off chip")
        colour = INK if off_chip else BLUE if name.endswith("loop") else ORANGE
        dots(axes, place, values, colour)
    mark(axes, 100 * metrics["bar"], "float - 0.5")
    axes.set_xticks(range(len(stages)), [name.replace(", ", "\n") for name in stages])
    axes.set(ylabel="test accuracy (%)", title="From float to the chip, and in its loop")
    axes.margins(x=0.06, y=0.12)
    return picture
