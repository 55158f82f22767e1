"""Weights into a layer: those of its neurons as an image, and how all of them are spread."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.layouts import row
from bokeh.models import ColumnDataSource, HoverTool, LinearColorMapper
from numpy.typing import NDArray

from axonloop.host.live.pages.choice import Choice
from axonloop.host.network import Program, Projection, kernel_rows
from axonloop.host.pictures import BLUE, GREY, sheet_of
from axonloop.host.report import axes_of, diverging, legend_below
from axonloop.models.arrays import Int32Array

PIXELS = 60_000
"""Weights that the image shows at most."""
BINS = 64
"""Bars of the spread on either side of 0, at most."""


class WeightsPanel:
    """The first projection into the chosen layer.

    Where its source is the network's and samples are images of so many rows and columns, every
    neuron has an image of its own; else all are a table.
    """

    def __init__(self, program: Program, image: tuple[int, int] | None) -> None:
        self._program, self._image = program, image
        self._colours = LinearColorMapper(palette=diverging(), nan_color="white")
        self._sheet = axes_of("Weights", "", "", 640, 340)
        self._source = ColumnDataSource({"image": [], "wide": [], "high": []})
        self._sheet.image(
            "image", 0, 0, "wide", "high", source=self._source, color_mapper=self._colours
        )
        self._sheet.grid.visible = False
        self._sheet.add_tools(HoverTool(tooltips=[("weight", "@image")]))
        self._spread = axes_of(
            "All of them", "weight (LSB)", "synapses", 540, 340, y_axis_type="log"
        )
        self._counts = [self._steps(GREY, "first"), self._steps(BLUE, "now")]
        legend_below(self._spread)
        self.view = row(self._sheet, self._spread)
        self._shown: Int32Array | None = None
        self._layer = ""

    def _steps(self, colour: str, label: str) -> ColumnDataSource:
        source = ColumnDataSource({"weight": [], "synapses": []})
        self._spread.step(
            "weight", "synapses", source=source, mode="center", color=colour, legend_label=label
        )
        return source

    def show(self, weights: Int32Array | None, read_at: str, choice: Choice) -> None:
        """Show weights as of `Device.read_weights`, unless they are those that are shown."""
        if weights is None or (weights is self._shown and choice.layer == self._layer):
            return
        self._shown, self._layer = weights, choice.layer
        projection = self._projection(choice.layer)
        own = self._of(projection, weights)
        self._show_sheet(projection, own, read_at)
        for source, values in zip(
            self._counts, (self._of(projection, self._program.weights), own), strict=True
        ):
            source.data = _spread(values, self._program.geometry.weight_max)

    def _projection(self, layer: str) -> Projection:
        """The first projection into a layer."""
        every = self._program.plan.network.projections
        return next(each for each in every if each.target == layer)

    def _of(self, projection: Projection, weights: Int32Array) -> NDArray[np.float64]:
        """Weights of a projection, `(inputs, neurons)`, NaN where there is no synapse.

        Those of a convolution are its kernel rows and channels.
        """
        found = kernel_rows(self._program.weights_of(projection, weights)).astype(np.float64)
        found[found == self._program.geometry.no_synapse] = np.nan
        return found

    def _show_sheet(
        self, projection: Projection, weights: NDArray[np.float64], read_at: str
    ) -> None:
        most = max(1, PIXELS // len(weights))
        some = weights[:, :most]
        pictures = self._image is not None and self._is_first(projection)
        sheet = sheet_of(some, *self._image, aspect=1.8) if pictures and self._image else some
        bright = max(1, int(np.nanquantile(np.abs(some), 0.995)))
        self._colours.update(low=-bright, high=bright)
        high, wide = sheet.shape
        self._source.data = {"image": [sheet[::-1]], "wide": [wide], "high": [high]}
        self._sheet.xaxis.visible = self._sheet.yaxis.visible = not pictures
        self._sheet.xaxis.axis_label, self._sheet.yaxis.axis_label = "neuron", "input"
        count = f" of neurons 0..{most - 1}" if some.shape != weights.shape else ""
        self._sheet.title.text = (
            f"Weights{count}, {projection.source} to {projection.target}, {read_at}"
        )

    def _is_first(self, projection: Projection) -> bool:
        return projection.source == self._program.plan.network.sources[0].name


def _spread(weights: NDArray[np.float64], top: int) -> dict[str, Any]:
    """How many synapses have which weight."""
    edges = np.arange(-top - 1.5, top + 1, max(1, top // BINS))
    counts, edges = np.histogram(weights[~np.isnan(weights)], edges)
    return {
        "weight": ((edges[:-1] + edges[1:]) / 2)[counts > 0],
        "synapses": counts[counts > 0],
    }
