"""Pictures of experiments."""

from __future__ import annotations

from typing import Any

from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, legend, lettered, mark

_COLOURS = {"dense": INK, "threshold": ORANGE, "sigma-delta": BLUE}


def draw_updates(axes: Any, points: list[dict[str, Any]], dense: dict[str, Any]) -> None:
    """Accuracy against synapses visited by learning; `dense` is the point to compare with."""
    ordered = sorted(points, key=lambda point: point["visits"])
    for errors, colour in _COLOURS.items():
        chosen = [point for point in ordered if point["errors"] == errors]
        visits = [point["visits"] for point in chosen]
        centre = [100 * point["accuracy"] for point in chosen]
        axes.plot(visits, centre, color=colour, alpha=0.3)
        below = [100 * (point["accuracy"] - min(point["accuracies"])) for point in chosen]
        above = [100 * (max(point["accuracies"]) - point["accuracy"]) for point in chosen]
        axes.errorbar(visits, centre, [below, above], fmt="none", ecolor=colour, capsize=3)
    lettered(
        axes,
        [(point["visits"], 100 * point["accuracy"]) for point in ordered],
        [point["name"] for point in ordered],
        [_COLOURS[point["errors"]] for point in ordered],
    )
    axes.set_xscale("log")
    mark(axes, 100 * dense["accuracy"] - 0.7, "dense - 0.7")
    for share in (50, 100):
        axes.axvline(dense["visits"] / share, color=GREY, linestyle=":", linewidth=0.9)
        axes.annotate(
            f"1/{share}",
            (dense["visits"] / share, 1),
            (3, -10),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=GREY,
        )
    axes.margins(y=0.1)
    axes.set(
        xlabel="synapses visited by learning",
        ylabel="test accuracy (%)",
        title="Accuracy against synaptic updates: mean and range over the seeds",
    )
    legend(axes, below=True, ncols=3)
