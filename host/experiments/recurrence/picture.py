"""The picture of `recurrence`: the data, learning curves, test accuracies."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from axonloop.host.data import draw_randman
from axonloop.host.order import Metrics
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, Picture, dots, legend, styled


@styled
def draw(metrics: Metrics) -> Picture:
    """Three manifolds, validation accuracy by epoch, and a dot per seed in the end."""
    picture = Picture(12, 4)
    data, left, right = picture.subplots(1, 3, width_ratios=(1.3, 2, 1))
    _draw_manifolds(data, metrics["smoothness"])
    colours = dict(zip(metrics["validation"], (GREY, ORANGE, BLUE), strict=True))
    for number, (kind, curves) in enumerate(metrics["validation"].items()):
        for k, curve in enumerate(curves):
            label = kind if k == 0 else None
            shown = [100 * value for value in curve]
            left.plot(range(1, len(curve) + 1), shown, color=colours[kind], label=label)
        dots(right, number, metrics["accuracies"][kind], colours[kind])
    left.set(xlabel="epoch", ylabel="validation accuracy (%)", title="Learning")
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend(left, below=True, ncols=3)
    kinds = [kind.replace("-", "-\n") for kind in colours]
    right.set_xticks(range(len(kinds)), kinds)
    right.set(ylabel="test accuracy (%)", xlim=(-0.5, len(kinds) - 0.5), title="In the end")
    return picture


def _draw_manifolds(axes: Axes, smoothness: float) -> None:
    shown = draw_randman(1, 3, 1000, 3, 1, smoothness)
    for label, colour in enumerate((INK, ORANGE, BLUE)):
        times = shown.times[shown.labels == label, :2].T
        axes.plot(*times, ".", color=colour, markersize=2, label=f"class {label}")
    legend(axes, below=True, ncols=3, markerscale=3)
    axes.set(xlabel="time of channel 0", ylabel="time of channel 1", title="Three manifolds")
