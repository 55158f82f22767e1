"""How far the run is: the learning curve, the time of a tick, the chip's counters."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, HoverTool, Range1d
from bokeh.models.widgets import Div

from axonloop.host.live.glimpse import Glimpse
from axonloop.host.pictures import BLUE, GREY, ORANGE
from axonloop.host.report import CYCLE, axes_of, legend_below

WIDE = 440
NUMBER = "text-align: right; padding: 0 1.5em 0 .7em"
SPENDERS = ("device", "loss", "host")


class ProgressPanel:
    """`measure` is the name of the score; `layers` have one each; `epochs` are to be trained."""

    def __init__(self, measure: str, layers: int, epochs: int) -> None:
        self._unit = 100 if measure == "accuracy" else 1
        self._plural = "accuracies" if measure == "accuracy" else "mses"
        title, label = ("Accuracy", "%") if self._unit > 1 else ("Mean squared error", "")
        title += " on the validation part"
        ends = Range1d(start=0, end=epochs)
        more = {"x_range": ends} | ({"y_range": Range1d(start=0, end=101)} if label else {})
        self._curve = axes_of(title, "epochs", label, WIDE, 250, **more)
        self._layers = []
        for layer in range(layers):
            source = ColumnDataSource({"x": [np.nan], "y": [np.nan]})
            look = {"color": CYCLE[layer % len(CYCLE)], "source": source}
            look["legend_label"] = f"layer {layer + 1}"
            dots = self._curve.scatter("x", "y", size=7, **look)
            self._curve.line("x", "y", **look)
            tips = [("epoch", "@x"), (title, "@y{0.0[000]}")]
            self._curve.add_tools(HoverTool(renderers=[dots], tooltips=tips))
            self._layers.append(source)
        legend_below(self._curve)
        self._seen = ColumnDataSource({"x": [], "y": []})
        seen = axes_of("Error events of a sample", "epochs", "", WIDE, 170, x_range=ends)
        seen.line("x", "y", source=self._seen, color=ORANGE)
        seen.y_range.start = 0
        self._times = axes_of("A training tick", "us", "", WIDE, 150, y_range=list(SPENDERS)[::-1])
        self._spent = ColumnDataSource(
            {"who": SPENDERS, "us": [0.0] * 3, "colour": [BLUE, ORANGE, GREY]}
        )
        self._times.hbar("who", 0.7, "us", source=self._spent, color="colour")
        self._times.x_range.start = 0
        self._times.add_tools(HoverTool(tooltips=[("@who", "@us{0.0} us")]))
        self._counters = Div(width=WIDE)
        self.view = column(self._curve, seen, self._times, self._counters)

    def show(self, glimpse: Glimpse) -> None:
        """Show how far a run is."""
        if glimpse.errors:
            self._seen.data = dict(zip("xy", np.array(glimpse.errors).T, strict=True))
        epochs = np.arange(1, len(glimpse.history) + 1)
        for layer, source in enumerate(self._layers if glimpse.history else ()):
            values = [entry[f"layer_{self._plural}"][layer] for entry in glimpse.history]
            source.data = {"x": epochs, "y": self._unit * np.array(values)}
        if glimpse.spent:
            spent = [glimpse.spent[who] for who in SPENDERS]
            self._spent.patch({"us": list(enumerate(spent))})
            self._times.title.text = f"A training tick: {sum(spent):,.0f} us"
        if glimpse.counters:
            self._counters.text = table_of(glimpse.counters, glimpse.read_at)


def table_of(counters: Mapping[str, int], read_at: str) -> str:
    """Counters as a table in HTML, two beside each other; those at 0 are left out."""
    cells = [
        f"<td>{escape(name)}</td><td style='{NUMBER}'>{value:,}</td>"
        for name, value in counters.items()
        if value
    ]
    rows = "".join(f"<tr>{''.join(cells[k : k + 2])}</tr>" for k in range(0, len(cells), 2))
    return f"<b>Counters</b> {escape(read_at)}<table>{rows}</table>"
