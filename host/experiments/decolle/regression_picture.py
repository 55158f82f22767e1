"""The picture of DECOLLE's regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from axonloop.host.experiments.decolle.regression import NAMES
from axonloop.host.experiments.decolle.regression_runs import Curve
from axonloop.host.order import Metrics
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, SMALL, Picture, styled

BARS = (0.05, 0.1, 0.4)
"""The errors that the layers are to reach."""


TARGETS = ("ramp", "fast sine", "slow sine")


@styled
def draw(metrics: Metrics) -> Picture:
    """A row per layer: before, after, the float reference after, and errors over the epochs."""
    targets, chip, reference = (metrics["shown"][who] for who in ("targets", "chip", "reference"))
    picture = Picture(14, 7)
    rows = picture.subplots(len(NAMES), 4, width_ratios=(1, 1, 1, 1.2))
    columns = (
        ("chip, before learning", chip, False),
        ("chip, after learning", chip, True),
        ("float reference, after learning", reference, True),
    )
    for layer, row in enumerate(rows):
        for axes, (title, curves, learned) in zip(row, columns, strict=False):
            _draw_output(axes, targets[layer], curves, layer, learned)
            if layer == 0:
                axes.set_title(title + "\n")
        row[0].set_ylabel(f"layer {layer + 1}: {TARGETS[layer]}")
        _draw_errors(row[3], layer, chip, reference)
    rows[0][3].set_title("error / mean square of the target")
    for axes in rows[-1][:3]:
        axes.set_xlabel("tick")
    rows[-1][3].set_xlabel("epoch")
    handles = {
        label: handle
        for axes in rows[0][2:]
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    picture.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles))
    return picture


def _draw_output(
    axes: Any, target: Any, curves: Sequence[Curve], layer: int, learned: bool
) -> None:
    """Target and prediction of the first seed, with the median error over all."""
    curve = curves[0]
    axes.plot(target, color=GREY, linewidth=3, label="target")
    prediction = (curve.after if learned else curve.before)[layer]
    axes.plot(prediction, color=BLUE, linewidth=0.9, label="readout, first seed")
    error = np.median([c.errors[-1 if learned else 0][layer] for c in curves])
    axes.set_title(f"median error {error:.3f}", loc="right", fontsize=SMALL, pad=2)
    axes.set_ylim(-1.9, 1.9)


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
    axes.grid(axis="y")
