"""The picture of a program on its mesh: how full every core is, what every link carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib import colormaps
from matplotlib.patches import FancyArrowPatch, Rectangle

from axonloop.host.network.placement import LinkRates, Use, links, use_of
from axonloop.host.network.program import Program
from axonloop.host.pictures import BLUE, GREY, INK, SMALL, Picture, styled
from axonloop.models.checks import require
from axonloop.models.config import Mesh, Port

# All lengths in inches: text keeps its size whatever the mesh.
_WIDE, _HIGH = 1.6, 1.35
_GAP_ACROSS, _GAP_DOWN = 0.85, 0.6
_ASIDE = 0.09
_LINES, _LETTERS = 3, 24


@styled
def draw_mesh(program: Program, traffic: Mapping[str, LinkRates]) -> Picture:
    """One panel for each entry of `traffic`, all on one scale: cores, their use, and links.

    Numbers at links, and at the top right of a core for what enters it: spikes per tick.
    """
    require(len(traffic) > 0, "traffic", "at least one table", 0)
    mesh = program.config.mesh
    across, down = (_WIDE + _GAP_ACROSS) * mesh.columns, (_HIGH + _GAP_DOWN) * mesh.rows
    picture = Picture(len(traffic) * max(across, 3.6), down + 0.5)
    panels = picture.subplots(1, len(traffic), squeeze=False)
    most = max(float(table[:, : Port.LOCAL].max()) for table in traffic.values())
    for axes, (name, table) in zip(panels[0], traffic.items(), strict=True):
        total = table[:, : Port.LOCAL].sum()
        axes.set_title(f"{name}: {_number(total)} spikes per tick over all links")
        axes.set(xlim=(-_GAP_ACROSS / 2, across - _GAP_ACROSS / 2), aspect="equal")
        axes.set_ylim(down - _GAP_DOWN / 2, -_GAP_DOWN / 2)
        axes.axis("off")
        for core in range(mesh.cores):
            _draw_core(axes, program, core, table[core, Port.LOCAL])
        for core, port, neighbour in links(mesh):
            _draw_link(axes, mesh, core, port, neighbour, table[core, port], most)
    return picture


def _corner(mesh: Mesh, core: int) -> tuple[float, float]:
    """The upper left corner of a core's box."""
    column, row = mesh.position(core)
    return column * (_WIDE + _GAP_ACROSS), row * (_HIGH + _GAP_DOWN)


def _number(value: float) -> str:
    """About three digits that count, without an exponent."""
    if value == 0 or value >= 100:
        return f"{value:.0f}"
    if value < 0.0005:
        return "<0.001"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def _draw_core(axes: Any, program: Program, core: int, entering: float) -> None:
    left, top = _corner(program.config.mesh, core)
    use = use_of(program, core)
    face = "#f4f8fc" if use.groups else "#fafafa"
    axes.add_patch(Rectangle((left, top), _WIDE, _HIGH, facecolor=face, edgecolor=INK))
    axes.text(left + 0.07, top + 0.15, f"core {core}", weight="bold", va="center")
    if entering:
        text = f"in {_number(entering)}"
        axes.text(left + _WIDE - 0.07, top + 0.15, text, fontsize=SMALL, ha="right", va="center")
    for line, text in enumerate(_population_lines(use)):
        axes.text(
            left + 0.07, top + 0.34 + 0.14 * line, text, fontsize=SMALL, va="center", color=INK
        )
    geometry = program.geometry
    bars = (
        ("groups", use.groups, geometry.groups),
        ("axons", use.axons, geometry.axons),
        ("entries", use.entries, geometry.entries),
        ("sets", use.parameter_sets, geometry.parameter_sets),
    )
    for line, (name, taken, all_there) in enumerate(bars):
        _draw_bar(axes, left + 0.07, top + 0.84 + 0.13 * line, name, taken, all_there)


def _population_lines(use: Use) -> list[str]:
    """Populations with their neurons, cut to what a box holds."""
    found = []
    for name, first, last in use.populations:
        neurons = f" {first}..{last}" if first < last else f" {first}"
        room = _LETTERS - len(neurons)
        found.append((name if len(name) <= room else name[: room - 1] + "…") + neurons)
    if len(found) > _LINES:
        rest = len(found) - _LINES + 1
        found[_LINES - 1 :] = [f"and {rest} more"]
    return found or ["no neurons"]


def _draw_bar(axes: Any, left: float, middle: float, name: str, taken: int, there: int) -> None:
    start, width = left + 0.38, 0.48
    axes.text(left, middle, name, fontsize=SMALL - 1, va="center", color=INK)
    box = (start, middle - 0.035)
    axes.add_patch(Rectangle(box, width, 0.07, facecolor="#dfe6ec", edgecolor="none"))
    axes.add_patch(Rectangle(box, width * taken / there, 0.07, facecolor=BLUE, edgecolor="none"))
    axes.text(
        start + width + 0.05, middle, f"{taken}/{there}", fontsize=SMALL - 1, va="center", color=INK
    )


def _draw_link(
    axes: Any, mesh: Mesh, core: int, port: Port, neighbour: int, value: float, most: float
) -> None:
    """An arrow, each way on its own side, as wide and dark as there is traffic; the number."""
    (left, top), (far_left, far_top) = _corner(mesh, core), _corner(mesh, neighbour)
    if port in (Port.EAST, Port.WEST):
        above = port == Port.EAST
        y = top + _HIGH / 2 + (-_ASIDE if above else _ASIDE)
        ends = (left + _WIDE, y), (far_left, y)
        ends = ends if above else ((left, y), (far_left + _WIDE, y))
        label = (ends[0][0] + ends[1][0]) / 2, y + (-0.1 if above else 0.1)
        sides = {"ha": "center", "va": "bottom" if above else "top"}
    else:
        right = port == Port.NORTH
        x = left + _WIDE / 2 + (_ASIDE if right else -_ASIDE)
        ends = ((x, top), (x, far_top + _HIGH)) if right else ((x, top + _HIGH), (x, far_top))
        label = x + (0.1 if right else -0.1), (ends[0][1] + ends[1][1]) / 2
        sides = {"ha": "left" if right else "right", "va": "center"}
    share = value / most if value else 0.0
    colour = colormaps["YlOrRd"](0.35 + 0.6 * share) if value else GREY
    width = 1.2 + 3.3 * share if value else 0.5
    style = f"-|>,head_length={2 + width * 0.9},head_width={1 + width * 0.6}"
    arrow = FancyArrowPatch(
        *ends, arrowstyle=style, shrinkA=1, shrinkB=1, linewidth=width, color=colour
    )
    axes.add_patch(arrow)
    if value:
        axes.text(*label, _number(value), fontsize=SMALL, color=INK, **sides)
