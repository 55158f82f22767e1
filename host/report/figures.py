"""The figures of a report, in Bokeh: they zoom and say what is under the pointer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, LinearColorMapper, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, PALE, sheet_of
from axonloop.host.report.kept import Kept, SampleTrace
from axonloop.models.arrays import Int32Array

CYCLE = (BLUE, ORANGE, "#3a8a4d", "#8a5fb0", GREY, "#b8963a", "#4aa3a3", "#c2567a")
"""Colours of several runs."""
WIDE = 900
SHOWN = 6
"""Membranes that are drawn."""
History = Sequence[Mapping[str, Any]]


def axes_of(title: str, x: str, y: str, wide: int, high: int, **more: Any) -> Any:
    """An empty figure that zooms along its x axis with the wheel."""
    axes = figure(
        title=title,
        x_axis_label=x,
        y_axis_label=y,
        width=wide,
        height=high,
        tools="pan,box_zoom,xwheel_zoom,reset,save",
        active_scroll=None,
        **more,
    )
    axes.toolbar.logo = None
    axes.grid.grid_line_color = PALE
    axes.outline_line_color = None
    return axes


def learning_curves(runs: Mapping[str, Mapping[str, Any]]) -> Any:
    """Score on the validation part, and what learning cost, after each epoch of named runs."""
    lone = len(runs) == 1
    classes = "layer_accuracies" in next(iter(runs.values()))["history"][0]
    what, unit = ("Accuracy", "%") if classes else ("Mean squared error", "")
    score = axes_of(f"{what} on the validation part", "epoch", unit, WIDE // 2, 300)
    cost = axes_of("Per epoch", "epoch", "number", WIDE // 2, 300, y_axis_type="log")
    for colour, (name, metrics) in zip(_colours(len(runs)), runs.items(), strict=True):
        history = metrics["history"]
        epochs = np.arange(1, len(history) + 1)
        layers = _layer_scores(history).T
        for layer, values in enumerate(layers):
            shade = CYCLE[layer % len(CYCLE)] if lone else colour
            label = f"layer {layer + 1}" if lone else name
            if lone or layer == len(layers) - 1:
                _curve(score, epochs, values, shade, label)
        kinds = (("errors", "error events", ORANGE), ("updates", "weights changed", BLUE))
        for kind, label, shade in kinds if lone else kinds[:1]:
            steps = np.diff([0, *(entry[kind] for entry in history)])
            told = label if lone else f"{name}: {label}"
            _curve(cost, epochs, np.maximum(steps, 0.5), shade if lone else colour, told)
    for axes in (score, cost):
        axes.xaxis.ticker = FixedTicker(ticks=_ticks(max(_epochs(runs))))
        legend_below(axes)
    return row(score, cost)


def _layer_scores(history: History) -> NDArray[np.float64]:
    """`(epochs, layers)`: accuracy in percent, or mean squared error."""
    if "layer_accuracies" in history[0]:
        return 100 * np.array([entry["layer_accuracies"] for entry in history])
    return np.array([entry["layer_mses"] for entry in history])


def _epochs(runs: Mapping[str, Mapping[str, Any]]) -> list[int]:
    return [len(metrics["history"]) for metrics in runs.values()]


def _ticks(epochs: int) -> list[int]:
    """At most ten whole numbers from 1 to the last epoch."""
    return list(range(1, epochs + 1, max(1, -(-epochs // 10))))


def _colours(count: int) -> list[str]:
    return [CYCLE[place % len(CYCLE)] for place in range(count)]


def _curve(axes: Any, x: Any, y: Any, colour: str, label: str) -> None:
    line = axes.line(x, y, color=colour, legend_label=label, line_width=1.5)
    axes.scatter(x, y, color=colour, legend_label=label, size=6)
    axes.add_tools(HoverTool(renderers=[line], tooltips=[(label, "@y{0,0.[0000]}")], mode="vline"))


def legend_below(axes: Any) -> None:
    """A legend below the axes: never over the data; a click hides its curve."""
    legend = axes.legend[0]
    legend.click_policy = "hide"
    legend.orientation = "horizontal"
    legend.border_line_color = None
    legend.ncols = 3
    axes.add_layout(legend, "below")


def raster(sample: SampleTrace) -> Any:
    """Inputs, spikes with error events, and membranes, over the same ticks: zoom one, zoom all."""
    ticks = len(sample.potential)
    ends = (-0.5, ticks - 0.5)
    shared = {"x_range": Range1d(start=ends[0], end=ends[1], bounds=ends)}
    top = axes_of("Input spikes", "", "axon", WIDE, 200, **shared)
    _dots(top, sample.inputs, INK, "axon")
    middle = axes_of(
        "Spikes, and the errors that training would send", "", "neuron", WIDE, 300, **shared
    )
    _dots(middle, sample.spikes, GREY, "neuron", legend_label="spike")
    for sign, colour, shape, label in (
        (1, ORANGE, "inverted_triangle", "error > 0: spike less"),
        (-1, BLUE, "triangle", "error < 0: spike more"),
    ):
        own = sample.errors[np.sign(sample.errors[:, 2]) == sign]
        _dots(middle, own, colour, "neuron", shape, size=5, legend_label=label)
    legend_below(middle)
    near = Range1d(start=-1.5, end=1.5)
    title = "U = V - R of neurons in error, in thresholds"
    bottom = axes_of(title, "tick", "U", WIDE, 260, y_range=near, **shared)
    for colour, neuron in zip(_colours(SHOWN), chosen_neurons(sample), strict=False):
        _curve_of(bottom, sample.potential[:, neuron], colour, f"neuron {neuron}")
    bottom.line(
        [-0.5, ticks - 0.5], [1, 1], color=GREY, line_dash="dashed", legend_label="threshold"
    )
    legend_below(bottom)
    return column(top, middle, bottom)


def _curve_of(axes: Any, values: NDArray[np.float32], colour: str, label: str) -> None:
    line = axes.line(np.arange(len(values)), values, color=colour, legend_label=label)
    axes.add_tools(HoverTool(renderers=[line], tooltips=[(label, "@y{0.00}"), ("tick", "@x")]))


def _dots(
    axes: Any, pairs: Int32Array, colour: str, what: str, shape: str = "dash", **more: Any
) -> None:
    """A mark at each pair of tick and number; `what` is told under the pointer."""
    source = ColumnDataSource({"tick": pairs[:, 0], "number": pairs[:, 1]})
    look = {"color": colour, "marker": shape, "size": 4} | more
    if shape == "dash":
        look["angle"] = np.pi / 2
    drawn = axes.scatter("tick", "number", source=source, **look)
    axes.add_tools(HoverTool(renderers=[drawn], tooltips=[("tick", "@tick"), (what, "@number")]))


def chosen_neurons(sample: SampleTrace) -> list[int]:
    """Neurons to show: those with most error events, then those that spike most, ascending."""
    neurons = sample.potential.shape[1]
    errors = np.bincount(sample.errors[:, 1], minlength=neurons)
    spikes = np.bincount(sample.spikes[:, 1], minlength=neurons)
    order = np.lexsort((-spikes, -errors))
    return sorted(int(neuron) for neuron in order[:SHOWN])


def weights(kept: Kept) -> Any:
    """Weights of the first projection before and after, and how they are spread."""
    bright = max(1, int(np.quantile(np.abs(np.stack([kept.before, kept.after])), 0.995)))
    sheets = [
        _weight_image(title, values, kept.image, bright)
        for title, values in (("First weights", kept.before), ("Weights after", kept.after))
    ]
    return column(row(*sheets), _spread(kept))


def _weight_image(
    title: str, values: Int32Array, image: tuple[int, int] | None, bright: int
) -> Any:
    """Each neuron's weights as an image of their own, or all of them as a table."""
    mapper = LinearColorMapper(palette=diverging(), low=-bright, high=bright, nan_color="white")
    sheet = values.astype(float) if image is None else sheet_of(values, *image, aspect=1.4)
    high, wide = sheet.shape
    label = ("neuron", "input") if image is None else ("", "")
    axes = axes_of(title, *label, WIDE // 2, 330, match_aspect=image is not None)
    axes.image([sheet[::-1]], x=0, y=0, dw=wide, dh=high, color_mapper=mapper)
    axes.grid.visible = False
    axes.axis.visible = image is None
    axes.add_tools(HoverTool(tooltips=[("weight", "@image")]))
    return axes


def diverging() -> list[str]:
    """Blue over white to red in 101 steps."""
    ends = np.array([[31, 111, 178], [255, 255, 255], [200, 60, 40]], float)
    where = np.linspace(0, 2, 101)
    mixed = np.stack([np.interp(where, [0, 1, 2], ends[:, channel]) for channel in range(3)], 1)
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in mixed.round().astype(int)]


def _spread(kept: Kept) -> Any:
    bins = np.arange(-kept.top - 0.5, kept.top + 1, max(1, kept.top // 64))
    axes = axes_of("All of them", "weight (LSB)", "synapses", WIDE, 240, y_axis_type="log")
    for values, colour, label in ((kept.before, GREY, "before"), (kept.after, BLUE, "after")):
        counts, edges = np.histogram(values, bins)
        some = counts > 0
        axes.step(
            x=(edges[:-1] + edges[1:])[some] / 2,
            y=counts[some],
            mode="center",
            color=colour,
            legend_label=label,
            line_width=1.5,
        )
    legend_below(axes)
    return axes


def times(spent: Mapping[str, float]) -> Any:
    """Microseconds of a training tick by who spent them."""
    names = ["device", "loss", "host"]
    values = [spent.get(f"{name}_us_per_tick", 0.0) for name in names]
    axes = axes_of("A training tick", "us", "", WIDE, 160, y_range=names[::-1])
    axes.hbar(y=names, right=values, height=0.7, color=[BLUE, ORANGE, GREY])
    axes.x_range.start = 0
    axes.add_tools(HoverTool(tooltips=[("@y", "@right{0.0} us")]))
    return axes
