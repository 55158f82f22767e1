"""The picture of `matched-neuron`."""

from __future__ import annotations

import numpy as np

from axonloop.host.order import Metrics
from axonloop.host.pictures import BLUE, INK, ORANGE, Picture, legend, styled

_COLOURS = {"matched": BLUE, "unmatched": ORANGE, "backpropagation": INK}


@styled
def draw(metrics: Metrics) -> Picture:
    """Validation accuracy over epochs, a panel for each beta."""
    runs = metrics["runs"]
    plain = [run for run in runs if run["kind"] == "backpropagation"]
    betas = list(dict.fromkeys(run["beta"] for run in runs))
    picture = Picture(4 * len(betas), 3.6)
    for axes, beta in zip(
        np.atleast_1d(picture.subplots(1, len(betas), sharey=True)), betas, strict=True
    ):
        own = [run for run in runs if run["beta"] == beta and run not in plain]
        for run in own + plain:
            name, curves = run["kind"], 100 * np.array(run["validation"])
            epochs = np.arange(1, curves.shape[1] + 1)
            for curve in curves:
                axes.plot(epochs, curve, color=_COLOURS[name], linewidth=0.6, alpha=0.5)
            axes.plot(epochs, curves.mean(0), color=_COLOURS[name], label=name)
        axes.set(title=f"alpha {own[0]['alpha']:g}, beta {beta:g}", xlabel="epoch")
        legend(axes, below=True, ncols=3)
        axes.set_ylim(0, 101)
    picture.axes[0].set_ylabel("validation accuracy (%)")
    return picture
