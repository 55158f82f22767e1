"""A figure of matplotlib as a text: all that it says, in data and not in pixels."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, NullLocator

from tests.support.outlines.numbers import told


def outline(figure: Figure) -> str:
    """The whole figure, which was not drawn yet, an artist a line."""
    return "\n".join(_figure(figure)) + "\n"


def _figure(figure: Figure) -> Iterator[str]:
    yield f"figure {told(figure.get_size_inches())} {figure.get_suptitle()!r}".rstrip()
    for text in figure.texts:
        yield f"  {_text(text)}"
    for legend in figure.legends:
        yield f"  {_legend(legend, figure.transSubfigure)}"
    for number, axes in enumerate(figure.axes):
        yield f"axes {number}, {_place(axes)}"
        yield from (f"  {line}" for line in _axes(axes, figure.axes))


def _place(axes: Axes) -> str:
    spec = axes.get_subplotspec()
    if spec is None:
        return "free"
    grid = spec.get_gridspec()
    ratios = [grid.get_width_ratios(), grid.get_height_ratios()]
    sides = [told(own) if len(set(own)) > 1 else "even" for own in ratios]
    rows, columns = spec.rowspan, spec.colspan
    where = f"rows {rows.start}-{rows.stop} of {grid.nrows}, "
    where += f"columns {columns.start}-{columns.stop} of {grid.ncols}"
    place = [getattr(grid, side, None) for side in ("left", "right", "bottom", "top")]
    fixed = [] if None in place else [f"within {told(place)}"]
    return ", ".join([where, *(f"{side}" for side in sides if side != "even"), *fixed])


def _axes(axes: Axes, every: list[Axes]) -> Iterator[str]:
    if not axes.get_visible():
        yield "unseen"
    for where in ("left", "center", "right"):
        if title := axes.get_title(where):
            yield f"title {where} {title!r}"
    yield from (f"{name} {_axis(axes, name, every)}" for name in ("x", "y"))
    if axes.get_aspect() != "auto":
        yield f"aspect {axes.get_aspect()}"
    spines = [
        f"{name} {_colour(own.get_edgecolor())}"
        for name, own in axes.spines.items()
        if own.get_visible()
    ]
    yield f"spines {', '.join(spines)}, on {axes.axison}"
    for line in axes.lines:
        yield _line(line)
    for collection in axes.collections:
        yield _collection(collection)
    for style, own in groupby(axes.patches, _style):
        patches = list(own)
        yield f"patch {style} {len(patches)} at {_places(patches)}"
    for image in axes.images:
        ends, extent = told(image.get_clim()), told(image.get_extent())
        what = f"{image.get_cmap().name} {ends} over {extent} {image.get_interpolation()}"
        yield f"image {what} of {told(image.get_array())}"
    for text in axes.texts:
        yield _text(text)
    legend = axes.get_legend()
    if legend is not None:
        yield _legend(legend, axes.transAxes)


def _axis(axes: Axes, name: str, every: list[Axes]) -> str:
    axis = axes.xaxis if name == "x" else axes.yaxis
    ends = told(axes.get_xlim() if name == "x" else axes.get_ylim())
    words = [repr(axis.get_label_text()), axis.get_scale(), ends]
    locator, formatter = axis.get_major_locator(), axis.get_major_formatter()
    if isinstance(locator, FixedLocator):
        words.append(f"ticks {told(locator.locs)}")
    if isinstance(formatter, (FixedFormatter, FuncFormatter)):
        words.append(f"named {[label.get_text() for label in axis.get_ticklabels()]}")
    if isinstance(axis.get_minor_locator(), NullLocator) and axis.get_scale() == "log":
        words.append("no minor ticks")
    looks = axis.get_tick_params()
    words += [f"{key}={looks[key]}" for key in sorted(looks) if not _usual(key, looks[key])]
    grouper = axes.get_shared_x_axes() if name == "x" else axes.get_shared_y_axes()
    shared = [k for k, other in enumerate(every) if other in grouper.get_siblings(axes)]
    return " ".join(words + ([f"shared {shared}"] if len(shared) > 1 else []))


USUAL: dict[str, Any] = dict.fromkeys(("left", "bottom", "labelleft", "labelbottom"), True)
USUAL |= dict.fromkeys(("right", "top", "labelright", "labeltop", "gridOn"), False)


def _usual(key: str, value: Any) -> bool:
    return key in USUAL and USUAL[key] == value


def _line(line: Any) -> str:
    x, y = line.get_data(orig=False)
    dots = ""
    if line.get_marker() not in ("None", None, "", " "):
        colours = (line.get_markerfacecolor(), line.get_markeredgecolor())
        size = f"{line.get_markersize():g} {line.get_markeredgewidth():g}"
        dots = f"{line.get_marker()} {size} {' '.join(map(_colour, colours))} "
    look = f"{line.get_linestyle()} {line.get_linewidth():g} {_colour(line.get_color())} {dots}"
    return f"line {_label(line)}{look}{_opacity(line)}x {told(x)} y {told(y)}"


def _collection(collection: Any) -> str:
    corners = [path.vertices for path in collection.get_paths()]
    words = [f"{type(collection).__name__} {_label(collection)}{_opacity(collection)}".rstrip()]
    words += [
        f"{what} {_colours(own)}"
        for what, own in (
            ("inside", collection.get_facecolor()),
            ("edges", collection.get_edgecolor()),
        )
        if len(own)
    ]
    words.append(f"widths {told(collection.get_linewidth())}")
    dashes = [pattern for _, pattern in collection.get_linestyle() if pattern]
    words += [f"dashes {told(np.concatenate(dashes))}"] if dashes else []
    if collection.get_array() is not None:
        ends = told(collection.get_clim())
        words.append(f"{collection.get_cmap().name} {ends} of {told(collection.get_array())}")
    words += [f"paths {len(corners)} {told(np.concatenate(corners))}"] if corners else []
    offsets = np.ma.filled(collection.get_offsets(), np.nan)
    words += [f"offsets {told(offsets)}"] if np.asarray(offsets).any() else []
    return " ".join(words)


def _style(patch: Any) -> str:
    colours = [_colour(patch.get_facecolor()), _colour(patch.get_edgecolor())]
    look = f"{patch.get_linestyle()} {patch.get_linewidth():g} {patch.get_hatch() or ''}".rstrip()
    return f"{type(patch).__name__} {_label(patch)}{_opacity(patch)}{' '.join(colours)} {look}"


def _places(patches: list[Any]) -> str:
    """Left and lower sides, widths and heights of rectangles; corners of other shapes."""
    if all(isinstance(own, Rectangle) for own in patches):
        sides = zip(
            *((own.get_x(), own.get_y(), own.get_width(), own.get_height()) for own in patches),
            strict=True,
        )
        return ", ".join(told(own) for own in sides)
    corners = [own.get_patch_transform().transform(own.get_path().vertices) for own in patches]
    return told(np.concatenate(corners))


def _text(text: Any) -> str:
    look = f"{text.get_ha()} {text.get_va()} {text.get_fontsize():g} {_colour(text.get_color())}"
    where = told(text.get_position())
    if isinstance(text, Annotation):
        where = f"{text.xycoords} {told(text.xy)} {text.anncoords} {told(text.xyann)}"
        where += " arrow" if text.arrow_patch is not None else ""
    elif text.axes is not None and text.get_transform() is not text.axes.transData:
        where += " not in data"
    return f"text {text.get_text()!r} {look} at {where}"


def _legend(legend: Legend, around: Any) -> str:
    texts = [text.get_text() for text in legend.get_texts()]
    anchor = legend.get_bbox_to_anchor().transformed(around.inverted())
    where = f"loc {legend._loc} of {told(anchor.bounds)} pad {legend.borderaxespad:g}"
    title = legend.get_title().get_text()
    sizes = sorted({text.get_fontsize() for text in legend.get_texts()})
    look = f"{legend._ncols} columns, {told(sizes)}, markers {legend.markerscale:g}"
    return f"legend {title}{texts} {look} {where}"


def _label(artist: Any) -> str:
    label = str(artist.get_label())
    return "" if label.startswith("_") or not label else f"{label!r} "


def _opacity(artist: Any) -> str:
    seen = "" if artist.get_visible() else "unseen "
    return seen + ("" if artist.get_alpha() is None else f"alpha {artist.get_alpha():g} ")


def _colour(colour: Any) -> str:
    return to_hex(colour, keep_alpha=False)


def _colours(colours: Any) -> str:
    """The colours of many, each with how often it comes in a row."""
    rows = [(colour, len(list(own))) for colour, own in groupby(map(_colour, colours))]
    if len(rows) <= 8:
        return " ".join(colour + (f"*{count}" if count > 1 else "") for colour, count in rows)
    return f"{len(rows)} of {told(np.asarray(colours)[:, :3])}"
