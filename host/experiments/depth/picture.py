"""The picture of `depth`: accuracy against the layer that is read."""

from __future__ import annotations

from axonloop.host.order import Metrics
from axonloop.host.pictures import BLUE, GREY, Picture, dots, legend, styled


@styled
def draw(metrics: Metrics) -> Picture:
    """A dot per seed for each layer and for the wide one, on the chip and in float."""
    picture = Picture(6.5, 3.8)
    axes = picture.subplots()
    chip = {name: [run["accuracies"] for run in runs] for name, runs in metrics["chip"].items()}
    count = len(metrics["sizes"])
    for side, colour, name, found in (
        (-0.12, BLUE, "chip", chip),
        (0.12, GREY, "float", metrics["float"]),
    ):
        for k in range(count):
            values = [own[k] for own in found["chain"]]
            dots(axes, k + side, values, colour, name if k == 0 else None)
        dots(axes, count + side, [own[0] for own in found["wide"]], colour)
    names = [f"layer {k + 1}\n{size}" for k, size in enumerate(metrics["sizes"])]
    axes.set_xticks(range(count + 1), [*names, f"one layer\n{sum(metrics['sizes'])}"])
    axes.set(ylabel="test accuracy (%)", title="Layers with readouts of their own")
    legend(axes, below=True, ncols=2)
    return picture
