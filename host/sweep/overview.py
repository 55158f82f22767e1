"""The overview of a sweep: one self-contained page with what was chosen, figures and the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bokeh.layouts import gridplot
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, NumeralTickFormatter
from bokeh.plotting import figure

from axonloop.host.console import Row, percent, shown
from axonloop.host.pictures import BLUE, ORANGE, PALE
from axonloop.host.report import write_page
from axonloop.host.sweep.picture import height_of, label_of, places_of, scored_rows
from axonloop.host.sweep.table import columns_of
from axonloop.host.sweep.trials import SEARCH, short_name

WIDE, HIGH = 300, 260
JITTER = 0.12
"""Trials at one place of an axis stand this far apart at most, in ticks."""


def write_overview(
    path: Path, title: str, rows: Sequence[Row], results: dict[str, Any], varied: Sequence[str]
) -> Path:
    """Write the page; it loads nothing, and links to the run folders beside it."""
    measure = results["measure"]
    done = scored_rows(rows, measure)
    names = list(varied) or ["run.seed"]
    panels = [
        *(_over(done, name, names, results) for name in names),
        _over_cost(done, results),
    ]
    plots = {"figures": gridplot(panels, ncols=3, toolbar_options={"logo": None})}
    combinations = sorted(results["combinations"], key=lambda each: _order(each, measure))
    hidden = ("spike_hash", "part", "status", "combination")
    heads = [name for name in columns_of(rows) if name not in hidden]
    return write_page(
        path,
        "sweep.html",
        plots,
        title=title,
        facts=_facts(rows, results),
        failed=results["failed"],
        retired={board: why for board, why in results["boards"].items() if why},
        names=[short_name(name, names) for name in varied],
        combinations=[_combination(each, varied, measure) for each in combinations],
        chosen=results["chosen"]["combination"],
        what=_told_measure(measure),
        heads=[short_name(name, heads) for name in heads],
        trials=[
            (row["trial"], row["status"] == "done", [_cell(row.get(name), name) for name in heads])
            for row in rows
        ],
    )


def _order(combination: Mapping[str, Any], measure: str) -> tuple[bool, float]:
    """Combinations with the best mean first, those without one last."""
    mean = combination["mean"]
    if mean is None:
        return True, 0.0
    return False, -mean if measure.endswith("accuracy") else mean


def _facts(rows: Sequence[Row], results: dict[str, Any]) -> dict[str, str]:
    """The figures that come first."""
    chosen = results["chosen"]
    test = next(name for name in chosen if name.startswith("test_"))
    return {
        f"{_told_measure(test)} of the chosen": _score(chosen[test], test),
        f"{_told_measure(results['measure'])} of it": _score(
            chosen[results["measure"]], results["measure"]
        ),
        "combinations": str(len(results["combinations"])),
        "trials": str(sum(row["part"] == SEARCH for row in rows)),
        "failed": str(len(results["failed"])),
    }


def _told_measure(measure: str) -> str:
    part, _, what = measure.partition("_")
    return f"{part} {'accuracy' if what == 'accuracy' else 'error'}"


def _score(value: float, measure: str) -> str:
    return percent(value) if measure.endswith("accuracy") else f"{value:.4g}"


def _combination(each: Mapping[str, Any], varied: Sequence[str], measure: str) -> dict[str, Any]:
    scores = [_score(score, measure) for score in each["scores"]]
    return {
        "number": each["combination"],
        "values": [_cell(each["values"].get(name), name) for name in varied],
        "mean": "" if each["mean"] is None else _score(each["mean"], measure),
        "spread": f"{scores and min(scores)} to {max(scores)}" if len(scores) > 1 else "",
        "done": f"{each['done']} of {each['trials']}",
    }


def _cell(value: Any, name: str) -> str:
    """A value as the page shows it."""
    if name.endswith("_hash"):
        return str(value or "")[:12]
    if name.endswith("_accuracy") and value is not None:
        return percent(value)
    if isinstance(value, (list, dict)):
        return str(value)
    return str(value).lower() if isinstance(value, bool) else shown(value)


def _axes(x: str, y: str) -> Any:
    """An empty figure."""
    axes = figure(
        width=WIDE,
        height=HIGH,
        x_axis_label=x,
        y_axis_label=y,
        tools="pan,box_zoom,wheel_zoom,reset,save",
        active_scroll=None,
    )
    axes.grid.grid_line_color = PALE
    axes.outline_line_color = None
    return axes


def _over(done: Sequence[Row], name: str, names: Sequence[str], results: dict[str, Any]) -> Any:
    """Scores over the values of a setting."""
    ticks, where = places_of([row[name] for row in done])
    axes = _axes(short_name(name, names), label_of(results["measure"]))
    if ticks is not None:
        axes.xaxis.ticker = FixedTicker(ticks=list(range(len(ticks))))
        axes.xaxis.major_label_overrides = dict(enumerate(ticks))
        apart = np.random.default_rng(0).uniform(-JITTER, JITTER, len(where))
        where = (np.array(where) + apart).tolist()
    _dots(axes, where, done, results)
    return axes


def _over_cost(done: Sequence[Row], results: dict[str, Any]) -> Any:
    """Scores over what learning cost."""
    axes = _axes("synapses visited by learning", label_of(results["measure"]))
    axes.xaxis.ticker.desired_num_ticks = 4
    axes.xaxis.formatter = NumeralTickFormatter(format="0.[00]a")
    _dots(axes, [float(row["visits"]) for row in done], done, results)
    return axes


def _dots(axes: Any, where: list[float], done: Sequence[Row], results: dict[str, Any]) -> None:
    """A dot for each trial, which tells its name; those of the chosen combination are orange."""
    chosen = results["chosen"]["combination"]
    source = ColumnDataSource(
        {
            "x": where,
            "y": [height_of(row, results["measure"]) for row in done],
            "trial": [row["trial"] for row in done],
            "colour": [ORANGE if row["combination"] == chosen else BLUE for row in done],
        }
    )
    drawn = axes.scatter("x", "y", source=source, color="colour", size=7, alpha=0.75)
    axes.add_tools(HoverTool(renderers=[drawn], tooltips=[("", "@trial"), ("", "@y{0.00}")]))
