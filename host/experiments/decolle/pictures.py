"""Pictures of experiments."""

from __future__ import annotations

from typing import Any

from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, legend, mark

_COLOURS = {"dense": INK, "threshold": ORANGE, "sigma-delta": BLUE}
_HEIGHTS = (-12, 5, -26, 5)
"""Where names stand beside points that lie close together, from left to right, in pixels."""


def draw_updates(axes: Any, points: list[dict[str, Any]], dense: dict[str, Any]) -> None:
    """Accuracy against synapses visited by learning; `dense` is the point to compare with."""
    for errors, colour in _COLOURS.items():
        chosen = sorted((p for p in points if p["errors"] == errors), key=lambda p: p["visits"])
        centre = [100 * p["accuracy"] for p in chosen]
        below = [c - 100 * min(p["accuracies"]) for c, p in zip(centre, chosen, strict=True)]
        above = [100 * max(p["accuracies"]) - c for c, p in zip(centre, chosen, strict=True)]
        visits = [p["visits"] for p in chosen]
        axes.plot(visits, centre, color=colour, alpha=0.3)
        axes.errorbar(
            visits, centre, [below, above], fmt="o", color=colour, capsize=3, label=errors
        )
        for rank, (point, height) in enumerate(zip(chosen, centre, strict=True)):
            note = point["name"].removeprefix(errors).strip(", ")
            left = errors == "dense" and point is chosen[0]  # dense points lie close together
            offset = (-6, 5) if left else (6, _HEIGHTS[rank % len(_HEIGHTS)])
            place: dict[str, Any] = {"xytext": offset}
            place["ha"] = "right" if left else "left"
            axes.annotate(note, (point["visits"], height), textcoords="offset points", **place)
    axes.set_xscale("log")
    floor = 100 * dense["accuracy"] - 0.7
    mark(axes, floor, "dense - 0.7")
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
