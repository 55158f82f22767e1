"""The picture of `decolle-events`: accuracy of each layer, by epoch and in the end."""

from __future__ import annotations

from statistics import mean

from axonloop.host.order import Metrics
from axonloop.host.pictures import BLUE, GREY, Picture, dots, legend, shades, styled


@styled
def draw(metrics: Metrics) -> Picture:
    """Means over the seeds on the validation part by epoch; a dot per seed on the test part."""
    picture = Picture(11, 4)
    left, right = picture.subplots(1, 2, width_ratios=(1.5, 1))
    layers = range(len(metrics["channels"]))
    sides = {
        side: [run for run in metrics["runs"] if run["side"] == side] for side in ("chip", "float")
    }
    epochs = range(1, metrics["epochs"] + 1)
    for (side, runs), style in zip(sides.items(), ("-", "--"), strict=True):
        for k, colour in zip(layers, shades(len(layers)), strict=True):
            curves = [[100 * own[k] for own in run["validation"]] for run in runs]
            centre = [mean(values) for values in zip(*curves, strict=True)]
            left.plot(epochs, centre, style, color=colour, label=f"layer {k + 1}, {side}")
    left.set(xlabel="epoch", ylabel="validation accuracy (%)", title="While they learn")
    legend(left, below=True, ncols=2)
    for (side, runs), shift, colour in zip(sides.items(), (-0.12, 0.12), (BLUE, GREY), strict=True):
        for k in layers:
            values = [run["test"][k] for run in runs]
            dots(right, k + shift, values, colour, side if k == 0 else None)
    names = [f"layer {k + 1}\n{channels}" for k, channels in enumerate(metrics["channels"])]
    right.set_xticks(list(layers), names)
    right.set(ylabel="test accuracy (%)", title="Each by its own readout")
    legend(right, below=True, ncols=2)
    return picture
