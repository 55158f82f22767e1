"""Where parts of a picture lie, and whether they cover each other."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure


def legends_of(picture: Figure) -> list[Any]:
    """Where legends lie, in pixels."""
    found = [*picture.legends, *(axes.get_legend() for axes in picture.axes)]
    return [legend.get_window_extent() for legend in found if legend is not None]


def numbers_of(axis: Any) -> list[Any]:
    """Where the numbers or names at the ticks of an axis lie, in pixels."""
    low, high = sorted(axis.get_view_interval())
    shown = [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [
        label.get_window_extent() for label in shown if label.get_visible() and label.get_text()
    ]


def overlap(one: Any, other: Any) -> bool:
    """Do two boxes share more than an edge of half a pixel?"""
    wide = min(one.x1, other.x1) - max(one.x0, other.x0)
    high = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(wide > 0.5 and high > 0.5)
