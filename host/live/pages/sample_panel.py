"""The sample that the chip is shown: spikes, error events, membranes of chosen neurons."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, HoverTool, Range1d

from axonloop.host.live.glimpse import SampleGlimpse
from axonloop.host.live.pages.choice import Choice
from axonloop.host.pictures import BLUE, GREY, ORANGE
from axonloop.host.report import CYCLE, axes_of, legend_below
from axonloop.models.arrays import Int32Array

WIDE = 740
ERRORS = (
    (1, ORANGE, "inverted_triangle", "error > 0: spike less"),
    (-1, BLUE, "triangle", "error < 0: spike more"),
)
LOWEST = -16.0
"""U that is shown, in thresholds, at the lowest."""


class SamplePanel:
    """Two figures over the same ticks; `unread` says when membranes are not read."""

    def __init__(self, ticks: int, unread: str) -> None:
        self._unread = unread
        self._ticks = Range1d(start=-0.5, end=ticks - 0.5)
        self._neurons = Range1d(start=-0.5, end=0.5)
        ranges = {"x_range": self._ticks}
        self._raster = axes_of("", "", "neuron", WIDE, 330, y_range=self._neurons, **ranges)
        self._spikes = _marks(self._raster, GREY, "dash", 4, "spike", angle=np.pi / 2)
        self._errors = [
            _marks(self._raster, colour, shape, 6, label) for _, colour, shape, label in ERRORS
        ]
        legend_below(self._raster)
        self._levels = Range1d(start=-1.5, end=1.5)
        self._membranes = axes_of("", "tick", "U", WIDE, 300, y_range=self._levels, **ranges)
        self._curves = ColumnDataSource({"x": [], "y": [], "colour": [], "name": []})
        lines = self._membranes.multi_line(
            "x", "y", color="colour", legend_field="name", source=self._curves, line_width=1.5
        )
        self._membranes.line(
            [-0.5, ticks - 0.5], [1, 1], color=GREY, line_dash="dashed", legend_label="threshold"
        )
        self._membranes.add_tools(HoverTool(renderers=[lines], tooltips="@name"))
        legend_below(self._membranes)
        self.view = column(self._raster, self._membranes)

    def show(self, sample: SampleGlimpse, choice: Choice) -> None:
        """Show a sample, of the layer that was chosen."""
        self._raster.title.text = sample.told
        self._neurons.end = choice.size - 0.5
        self._ticks.end = sample.ticks - 0.5
        _put(self._spikes, choice.of_layer(sample.spikes))
        errors = choice.of_layer(sample.errors)
        for (sign, *_), source in zip(ERRORS, self._errors, strict=True):
            _put(source, errors[np.sign(errors[:, 2]) == sign])
        self._show_membranes(sample, choice)

    def _show_membranes(self, sample: SampleGlimpse, choice: Choice) -> None:
        potential = sample.potential
        title = self._membranes.title
        if potential is None:
            title.text = f"Membranes {self._unread}"
            self._curves.data = dict.fromkeys(self._curves.data, [])
            return
        title.text = "Membranes: U = V - R after each tick, in thresholds"
        curves = potential[:, choice.on_chip].T
        count, low = len(curves), float(np.nanmin(curves))
        self._levels.start = max(LOWEST, min(-1.5, low - 0.1))
        self._curves.data = {
            "x": [np.arange(len(potential))] * count,
            "y": list(curves),
            "colour": [CYCLE[place % len(CYCLE)] for place in range(count)],
            "name": [f"neuron {neuron}" for neuron in choice.neurons],
        }


def _marks(
    axes: Any, colour: str, shape: str, size: int, label: str, **more: Any
) -> ColumnDataSource:
    """Marks at pairs of tick and neuron: their source."""
    source = ColumnDataSource({"tick": [], "neuron": []})
    look = {"color": colour, "marker": shape, "size": size, "legend_label": label} | more
    drawn = axes.scatter("tick", "neuron", source=source, **look)
    tips = [("", label), ("tick", "@tick"), ("neuron", "@neuron")]
    axes.add_tools(HoverTool(renderers=[drawn], tooltips=tips))
    return source


def _put(source: ColumnDataSource, pairs: Int32Array) -> None:
    """Set the marks; the first one is nowhere, for the legend draws the first."""
    shown = np.vstack([[np.nan] * 2, pairs[:, :2]]).astype(np.float32)
    source.data = {"tick": shown[:, 0], "neuron": shown[:, 1]}
