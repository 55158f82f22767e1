"""One style for all pictures: fonts, colours, bare axes, legends beside the axes.

A drawing function returns a `Picture`, which no global state knows of, and `save` writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from io import BytesIO
from pathlib import Path
from string import ascii_lowercase
from typing import Any, ParamSpec

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from axonloop.host.files import write_whole

INK, BLUE, ORANGE, GREY, PALE = "#222222", "#1f6fb2", "#d1602c", "#9a9a9a", "#e2e2e2"
SMALL = 7
"""Size of numbers beside what they count, in points; everything else is larger."""
STYLE: dict[str, Any] = {
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.titlesize": 10,
    "font.size": 8,
    "grid.color": PALE,
    "legend.fontsize": 8,
    "legend.frameon": False,
}
_BELOW = 0.48
"""From the axes down to a legend below its ticks and label, in inches."""
_P = ParamSpec("_P")


class Picture(Figure):
    """A figure of `wide` x `high` inches that a notebook shows."""

    def __init__(self, wide: float, high: float, **more: Any) -> None:
        super().__init__(figsize=(wide, high), layout="constrained", **more)

    def _repr_png_(self) -> bytes:
        data = BytesIO()
        self.savefig(data, format="png", dpi=100)
        return data.getvalue()


def styled(draw: Callable[_P, Picture]) -> Callable[_P, Picture]:
    """A drawing function whose picture has the style; settings of matplotlib stay as they are."""

    @wraps(draw)
    def inside(*args: _P.args, **kwargs: _P.kwargs) -> Picture:
        with rc_context(STYLE):  # type: ignore[arg-type]  # its keys are literals there
            return draw(*args, **kwargs)

    return inside


def save(picture: Picture, path: Path) -> None:
    """Write a picture as PNG, whole or not at all."""
    write_whole(path, lambda file: picture.savefig(file, format="png", dpi=130))


def legend(axes: Any, below: bool = False, **more: Any) -> None:
    """The legend of axes, to their right or `below` their label: never over the data."""
    if below:
        down = ScaledTranslation(0, -_BELOW, axes.figure.dpi_scale_trans)
        where = {"loc": "upper center", "bbox_to_anchor": (0.5, 0)}
        axes.legend(**where, bbox_transform=axes.transAxes + down, borderaxespad=0, **more)
    else:
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), **more)


def shades(count: int) -> list[Any]:
    """Colours of `count` things in an order, from dark to light; a lone one is blue."""
    return (
        [BLUE]
        if count == 1
        else [colormaps["viridis"](0.85 * k / (count - 1)) for k in range(count)]
    )


def sheet_of(
    weights: NDArray[Any], rows: int, columns: int, aspect: float = 2
) -> NDArray[np.float64]:
    """Weights `(rows * columns, neurons)` as an image of each neuron, side by side, NaN between.

    The sheet is about `aspect` times as wide as high.
    """
    neurons = weights.shape[1]
    wide = max(1, int(np.ceil(np.sqrt(aspect * neurons * rows / columns))))
    high = -(-neurons // wide)
    sheet = np.full((high * (rows + 1) - 1, wide * (columns + 1) - 1), np.nan)
    for neuron in range(neurons):
        row, column = (rows + 1) * (neuron // wide), (columns + 1) * (neuron % wide)
        own = weights[:, neuron].reshape(rows, columns)
        sheet[row : row + rows, column : column + columns] = own
    return sheet


def dots(
    axes: Any, where: float, shares: Sequence[float], colour: str, label: str | None = None
) -> None:
    """A dot for each of `shares`, in 0..1, drawn in percent at `where`, and a bar at their mean."""
    values = [100 * share for share in shares]
    axes.plot([where] * len(values), values, "o", color=colour, alpha=0.6, label=label)
    axes.hlines(sum(values) / len(values), where - 0.1, where + 0.1, color=colour, linewidth=2)


def lettered(
    axes: Any, points: Sequence[tuple[float, float]], names: Sequence[str], colours: Sequence[str]
) -> None:
    """Dots with letters, which the legend explains: names cannot lie on each other."""
    for letter, point, name, colour in zip(ascii_lowercase, points, names, colours, strict=False):
        shape = {"color": colour, "markersize": 9, "markeredgecolor": "white", "mew": 0.4}
        axes.plot(*point, "o", **shape, label=f"{letter}  {name}", zorder=3)
        middle = {"ha": "center", "va": "center_baseline"}
        axes.annotate(letter, point, color="white", fontsize=SMALL, zorder=4, **middle)


def mark(axes: Any, height: float, name: str) -> None:
    """A dashed line at `height` with its `name` to the right of the axes."""
    axes.axhline(height, color=GREY, linestyle="--", linewidth=0.9)
    axes.annotate(
        name,
        (1, height),
        (4, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        color="#6a6a6a",
        va="center",
    )
