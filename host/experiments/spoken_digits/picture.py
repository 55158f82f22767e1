"""The picture of `spoken-digits`: a word and what is heard of it, networks in float, the chip."""

from __future__ import annotations

from matplotlib.axes import Axes

from axonloop.host.order import Metrics
from axonloop.host.pictures import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALE,
    Picture,
    dots,
    legend,
    mark,
    styled,
)

COLOURS = {"feed-forward": GREY, "detached": ORANGE, "full": BLUE, "recurrent": BLUE}


@styled
def draw(metrics: Metrics) -> Picture:
    """A word's spikes, then test accuracies in float and on the chip, a dot per seed."""
    picture = Picture(12, 4)
    word, left, right = picture.subplots(1, 3, width_ratios=(1, 1.4, 1.4))
    _draw_word(word, metrics)
    _draw_float(left, metrics)
    _draw_chip(right, metrics)
    return picture


def _draw_word(axes: Axes, metrics: Metrics) -> None:
    """The spikes of a word, and the ticks that the readout hears."""
    ticks, channels = metrics["shown"].T
    axes.axvspan(metrics["ticks"] - metrics["last"] - 0.5, metrics["ticks"] - 0.5, color=PALE)
    axes.plot(ticks, channels, ".", color=INK, markersize=2)
    axes.set(xlabel="tick", ylabel="channel", title="A word; grey: what the readout hears")
    axes.set_xlim(-0.5, metrics["ticks"] - 0.5)


def _draw_float(axes: Axes, metrics: Metrics) -> None:
    for place, own in enumerate(metrics["float"].values()):
        for k, (kind, values) in enumerate(own.items()):
            dots(axes, place + 0.25 * (k - 1), values, COLOURS[kind], kind if place == 0 else None)
    names = {"last": f"last {metrics['last']} ticks", "sum": "sum", "max": "maximum"}
    axes.set_xticks(range(len(names)), [names[readout] for readout in metrics["float"]])
    axes.set(ylabel="test accuracy (%)", ylim=(0, 100), title="In float")
    mark(axes, 100 * metrics["control"]["last"], "last ticks\nof the input")
    legend(axes, below=True, ncols=3)


def _draw_chip(axes: Axes, metrics: Metrics) -> None:
    """Learned in the loop, and what became of the float twin's weights."""
    for k, (kind, own) in enumerate(metrics["chip"].items()):
        stages = (
            [run["after"] for run in own["loop"]],
            own["twin"],
            [run["before"] for run in own["tuned"]],
            [run["after"] for run in own["tuned"]],
            [run["after"] for run in own["at_end"]],
        )
        for place, values in enumerate(stages):
            at = place + 0.25 * (k - 0.5)
            dots(axes, at, values, COLOURS[kind], kind if place == 0 else None)
    names = ["in the\nloop", "float\ntwin", "deployed", "tuned in\nthe loop", "at the\nword's end"]
    axes.set_xticks(range(len(names)), names)
    axes.set(ylabel="test accuracy (%)", ylim=(0, 100), title="On the chip, last ticks")
    mark(axes, 100 / metrics["classes"], "chance")
    legend(axes, below=True, ncols=2)
