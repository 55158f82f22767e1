"""The picture of `axonloop memristor fit`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from axonloop.host.pictures import BLUE, INK, ORANGE, Picture, legend, styled
from axonloop.models.memristor import Curve, Fit


@styled
def draw_fit(curves: Mapping[str, Curve], fits: Mapping[str, Fit]) -> Picture:
    """The measured points of both polarities and their fits; below, what the fits miss."""
    picture = Picture(9, 5.4)
    axes = picture.subplots(2, 2, sharex="col", sharey="row", height_ratios=(3, 1))
    for column, (name, colour) in zip(axes.T, (("up", BLUE), ("down", ORANGE)), strict=True):
        (pulses, measured), (branch, error, _) = curves[name], fits[name]
        fine = np.linspace(pulses.min(), pulses.max(), 300)
        column[0].plot(pulses, measured, "o", ms=3, color=colour, label="measured")
        column[0].plot(fine, branch.after(fine), color=INK, label=f"fit, rms error {error:.3g} nS")
        column[0].set(title="potentiation" if name == "up" else "depression")
        column[1].axhline(0, color=INK, linewidth=0.7)
        column[1].plot(pulses, measured - branch.after(pulses), "o", ms=3, color=colour)
        column[1].set(xlabel="pulses")
    axes[0, 0].set(ylabel="conductance (nS)")
    axes[1, 0].set(ylabel="missed (nS)")
    for top in axes[0]:
        legend(top, below=True, ncols=2)
    return picture
