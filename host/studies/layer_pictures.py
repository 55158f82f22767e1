"""Accuracy of each layer as a picture."""

from __future__ import annotations

from axonloop.host.order import Metrics
from axonloop.host.pictures import BLUE, Picture, dots, mark, styled


@styled
def draw_layers(metrics: Metrics) -> Picture:
    """Accuracy of every layer: a dot per seed, a bar at the mean."""
    points = metrics["rows"]
    picture = Picture(6.6, 3.8)
    axes = picture.subplots()
    for number, point in enumerate(points):
        dots(axes, number, point["accuracies"], BLUE)
    mark(axes, 100 * points[0]["accuracy"] - 0.5, "single\nlayer - 0.5")
    names = [f"{point['network']}\nlayer {point['layer']}" for point in points]
    axes.set_xticks(range(len(points)), names)
    axes.set(ylabel="test accuracy (%)", title="Deep local learning: every layer's readout")
    axes.margins(x=0.2, y=0.2)
    return picture
