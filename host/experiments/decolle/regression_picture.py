"""The picture of DECOLLE's regression."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from axonloop.host.experiments.decolle.regression import NAMES, Series
from axonloop.host.experiments.decolle.regression_runs import Curve
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, bare, save

BARS = (0.05, 0.1, 0.4)
"""The errors that the layers are to reach."""


TARGETS = ("ramp", "fast sine", "slow sine")


def draw_regression(
    path: Path, targets: Series, chip: Sequence[Curve], reference: Sequence[Curve]
) -> None:
    """A row per layer: before, after, the float reference after, and errors over the epochs."""
    figure, rows = plt.subplots(
        len(NAMES), 4, figsize=(14, 7), gridspec_kw={"width_ratios": (1, 1, 1, 1.2)}
    )
    columns = (
        ("chip, before learning", chip, False),
        ("chip, after learning", chip, True),
        ("float reference, after learning", reference, True),
    )
    for layer, row in enumerate(rows):
        for axes, (title, curves, learned) in zip(row, columns, strict=False):
            _draw_output(axes, targets[layer], curves, layer, learned)
            if layer == 0:
                axes.set_title(title)
        row[0].set_ylabel(f"layer {layer + 1}: {TARGETS[layer]}")
        _draw_errors(row[3], layer, chip, reference)
    rows[0][3].set_title("error / mean square of the target")
    for axes in rows[-1][:3]:
        axes.set_xlabel("tick")
    rows[-1][3].set_xlabel("epoch")
    handles, labels = rows[0][3].get_legend_handles_labels()
    rows[0][3].legend(handles, labels, frameon=False, fontsize="small")
    save(figure, path)


def _draw_output(
    axes: Any, target: Any, curves: Sequence[Curve], layer: int, learned: bool
) -> None:
    """Target and prediction of the first seed, with the median error over all."""
    curve = curves[0]
    axes.plot(target, color=GREY, linewidth=3, label="target")
    axes.plot((curve.after if learned else curve.before)[layer], color=BLUE, linewidth=0.9)
    error = np.median([c.errors[-1 if learned else 0][layer] for c in curves])
    axes.text(
        0.5, 0.99, f"median error {error:.3f}", transform=axes.transAxes, ha="center", va="top"
    )
    axes.set_ylim(-1.9, 2.1)
    bare(axes)


def _draw_errors(axes: Any, layer: int, chip: Sequence[Curve], reference: Sequence[Curve]) -> None:
    """Median and range over the seeds, and the bar."""
    for curves, colour, label in ((chip, BLUE, "chip"), (reference, ORANGE, "float reference")):
        errors = np.array([curve.errors for curve in curves])[:, :, layer]
        axes.fill_between(
            curves[0].epochs, errors.min(0), errors.max(0), color=colour, alpha=0.2, linewidth=0
        )
        axes.plot(curves[0].epochs, np.median(errors, 0), color=colour, label=label)
    axes.axhline(BARS[layer], color=INK, linestyle="--", linewidth=0.9, label="to be reached")
    axes.set_yscale("log")
    axes.grid(axis="y", color="#e6e6e6")
    bare(axes)
