"""The picture of `memristor-device`: the paper's figures 6, 7a and 7b."""

from __future__ import annotations

from typing import Any

import numpy as np

from axonloop.host.order import Metrics
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, Picture, legend, shades, styled
from axonloop.models.memristor import (
    DOWN,
    DOWN_RATE,
    PRINTED_DOWN_RATE,
    PULSES,
    UP,
    Exponential,
    down_rate,
    find_memristor,
)


@styled
def draw(metrics: Metrics) -> Picture:
    """Pulses against conductance by voltage, what varies, and what compensation needs."""
    picture = Picture(11, 7)
    (rising, falling, rates), (spread, fallen, pulses) = picture.subplots(2, 3)
    _curves(rising, UP, 1, "Potentiation (fig. 6)")
    _curves(falling, DOWN, -1, "Depression (fig. 6)")
    _rates(rates)
    for axes, name, counts in (
        (spread, "up", (10, 30, 50, PULSES)),
        (fallen, "down", (1, 2, 5, 10)),
    ):
        for count, values, colour in zip(counts, metrics["shown"][name], shades(4), strict=True):
            several = "pulse" if count == 1 else "pulses"
            axes.hist(
                values, 40, range=(0, 700), color=colour, alpha=0.75, label=f"{count} {several}"
            )
        axes.set(xlabel="conductance (nS)", ylabel="devices", title=f"Spread, {name} (fig. 7b)")
        legend(axes, below=True, ncols=2)
    _compensation(pulses)
    return picture


def _curves(
    axes: Any, table: dict[float, tuple[float, float, float]], sign: int, title: str
) -> None:
    count = np.arange(PULSES + 1)
    for (volts, (end, swing, rate)), colour in zip(table.items(), shades(3), strict=True):
        curve = Exponential(end - sign * swing, end, rate).after(count)
        axes.plot(count, curve, color=colour, label=f"{volts:g} V")
    axes.set(xlabel="pulses", ylabel="conductance (nS)", title=title)
    legend(axes, below=True, ncols=3)


def _rates(axes: Any) -> None:
    volts = np.linspace(-3, -2, 50)
    for curve, colour, name in (
        (PRINTED_DOWN_RATE, ORANGE, "as printed"),
        (DOWN_RATE, BLUE, "ours"),
    ):
        values = [1e3 * down_rate(float(each), curve) for each in volts]
        axes.plot(volts, values, color=colour, label=name)
    points = [(each, 1e3 * rate) for each, (_, _, rate) in DOWN.items()]
    axes.plot(*zip(*points, strict=True), "o", color=INK, label="its table")
    axes.set(xlabel="voltage (V)", ylabel="a of depression (1e-3 per pulse)", title="Interpolation")
    legend(axes, below=True, ncols=3)


def _compensation(axes: Any) -> None:
    kind = find_memristor("mo-tiox-tin")
    up, down = kind.exponential
    at = np.linspace(kind.low + 1, kind.high - 1, 200)
    change = kind.range / 254
    for branch, sign, colour, name in ((up, 1, BLUE, "up"), (down, -1, ORANGE, "down")):
        exact = branch.pulses_for(at, sign * change)
        linear = branch.linear_pulses_for(at, sign * change)
        axes.plot(at, exact, color=colour, label=f"{name}, exact")
        axes.plot(at, linear, ":", color=INK, linewidth=1)
    axes.plot([], [], ":", color=INK, linewidth=1, label="linear")
    axes.axhline(1, color=GREY, linewidth=0.7)
    axes.set(
        xlabel="conductance (nS)",
        ylabel="pulses for 1/254 of the range",
        yscale="log",
        title="Compensation (fig. 7a)",
    )
    legend(axes, below=True, ncols=3)
