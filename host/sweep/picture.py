"""The picture of a sweep: what the trials reached, over the values of each setting."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from axonloop.host.console import Row
from axonloop.host.pictures import BLUE, GREY, ORANGE, Picture, styled
from axonloop.host.sweep.trials import SEARCH, short_name

ACROSS = 3
"""Panels side by side."""


@styled
def draw_sweep(rows: Sequence[Row], results: dict[str, Any], varied: Sequence[str]) -> Picture:
    """A panel for each setting, with a dot for each trial; the chosen combination is orange."""
    names = list(varied) or ["run.seed"]
    down = -(-len(names) // ACROSS)
    across = min(ACROSS, len(names))
    picture = Picture(0.6 + 2.6 * across, 0.7 + 2.3 * down)
    panels = picture.subplots(down, across, squeeze=False, sharey=True).ravel().tolist()
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    done = scored_rows(rows, results["measure"])
    for place, (axes, name) in enumerate(zip(panels, names, strict=False)):
        ticks, where = places_of([row[name] for row in done])
        for chosen, colour, label in ((False, BLUE, "trial"), (True, ORANGE, "chosen")):
            own = [
                (x, height_of(row, results["measure"]))
                for x, row in zip(where, done, strict=True)
                if (row["combination"] == results["chosen"]["combination"]) == chosen
            ]
            axes.plot(*zip(*own, strict=True), "o", ms=4, alpha=0.7, color=colour, label=label)
        axes.set_xlabel(short_name(name, names))
        if ticks is not None:
            axes.set_xticks(range(len(ticks)), ticks)
            axes.margins(x=0.15)
        if place % across == 0:
            axes.set_ylabel(label_of(results["measure"]))
        axes.grid(axis="y")
        axes.spines[["left", "bottom"]].set_color(GREY)
    picture.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return picture


def scored_rows(rows: Sequence[Row], measure: str) -> list[Row]:
    """The trials of the search that are done."""
    return [row for row in rows if row["part"] == SEARCH and row.get(measure) is not None]


def height_of(row: Row, measure: str) -> float:
    """What a trial reached: accuracy in percent, or the mean squared error."""
    value = float(row[measure])
    return 100 * value if measure.endswith("accuracy") else value


def label_of(measure: str) -> str:
    """The label of an axis of scores."""
    return "validation accuracy (%)" if measure.endswith("accuracy") else "validation error (mse)"


def places_of(values: Sequence[Any]) -> tuple[list[str] | None, list[float]]:
    """Where values stand on an axis: numbers where they are, others by their ticks, in order."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        if len(set(values)) > 8:
            return None, [float(value) for value in values]
        kinds = sorted(set(values))
        return [f"{kind:g}" for kind in kinds], [float(kinds.index(value)) for value in values]
    texts = [value if isinstance(value, str) else json.dumps(value) for value in values]
    ticks = list(dict.fromkeys(texts))
    return ticks, [float(ticks.index(text)) for text in texts]
