"""The picture of a learning channel: which variables live where, and what crosses the wall.

After Neftci 2018, figure 5: nodes N and their errors dN on the chip, readouts G and losses in the
processing core, and a domain wall that spikes and error events cross.
"""

from __future__ import annotations

from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

from axonloop.host.network.channel import Edge, LearningChannel, Strategy
from axonloop.host.network.network import Network, Projection
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, SMALL, Picture, styled

# All lengths in inches: text keeps its size whatever the network.
_ACROSS = 2.3
_NODE, _ERROR = 0.3, 0.2
_CHIP, _SUM, _WALL, _READOUT, _LOSS = 0.0, 0.85, 1.35, 1.95, 2.85
_ASIDE = 0.52
"""From a population to what its errors come along."""
_LOW, _HIGH = -1.0, 3.3
_LETTERS = 14
_FAR = {
    Strategy.DIRECT: ("G$_0$", "random, fixed"),
    Strategy.SYMMETRIC: ("W$^T$", "as on the chip"),
}
"""The matrix that errors come through where a population is not heard, and what is said of it."""


@styled
def draw_channel(network: Network, channel: LearningChannel, loss: str = "loss") -> Picture:
    """A network's learning channel, with events per tick at all edges that cross the wall.

    `channel` is that of `network`; `loss` names what the readouts are compared by.
    """
    sizes = {source.name: source.size for source in network.sources}
    sizes |= {population.name: population.size for population in network.populations}
    place = {name: _ACROSS * k for k, name in enumerate(sizes)}
    left, right = -0.65, _ACROSS * (len(sizes) - 1) + 1.25
    picture = Picture(max(right - left, 6.0), _HIGH - _LOW + 0.6)
    axes = picture.subplots()
    axes.set(xlim=(left, right), ylim=(_LOW, _HIGH), aspect="equal")
    axes.axis("off")
    _draw_domains(axes, left, right)
    for name, x in place.items():
        _node(axes, x, _CHIP, _NODE, BLUE, f"{sizes[name]}")
        axes.text(x, _CHIP - 0.4, _cut(name), ha="center", va="top")
    for projection in network.projections:
        _draw_projection(axes, projection, place)
    crossing = {(edge.variable.symbol, edge.variable.owner): edge for edge in channel.edges}
    for (symbol, owner), edge in crossing.items():
        if symbol == "S":
            _draw_readout(axes, place[owner], edge, loss)
        else:
            heard_here = ("S", owner) in crossing
            matrix = "G$^T$" if heard_here else _FAR[channel.strategy][0]
            _draw_errors(axes, place[owner], edge, matrix)
    heard = [owner for symbol, owner in crossing if symbol == "S"]
    far = [owner for symbol, owner in crossing if symbol == "E" and owner not in heard]
    for owner in far:
        _draw_feedback(axes, place[owner], place[heard[-1]], channel.strategy)
    picture.suptitle(
        f"Learning channel, {channel.strategy} feedback: {channel.bytes_per_tick:.1f} bytes per "
        "tick through the wall"
    )
    _draw_legend(picture)
    return picture


def _cut(name: str) -> str:
    return name if len(name) <= _LETTERS else name[: _LETTERS - 1] + "…"


def _draw_domains(axes: Any, left: float, right: float) -> None:
    for low, high, face, name, at in (
        (_LOW, _WALL, "#eef4fa", "neuromorphic core", _LOW + 0.14),
        (_WALL, _HIGH, "#fbf3ee", "processing core", _HIGH - 0.14),
    ):
        shape = Rectangle((left, low), right - left, high - low, facecolor=face, edgecolor="none")
        axes.add_patch(shape)
        axes.text(left + 0.1, at, name, va="center", color="#6a6a6a", style="italic")
    axes.plot([left, right], [_WALL, _WALL], color=INK, linewidth=1.6, linestyle=(0, (5, 3)))


def _node(axes: Any, x: float, y: float, radius: float, colour: str, text: str) -> None:
    face = {"facecolor": "white", "edgecolor": colour, "linewidth": 1.6, "zorder": 3}
    axes.add_patch(Circle((x, y), radius, **face))
    axes.text(x, y, text, ha="center", va="center_baseline", fontsize=SMALL + 1, zorder=4)


def _box(axes: Any, x: float, y: float, text: str) -> None:
    """A matrix in the processing core."""
    shape = "round,pad=0.03,rounding_size=0.06"
    corner = (x - 0.2, y - 0.15)
    face: dict[str, Any] = {"facecolor": "white", "edgecolor": GREY, "lw": 1.4, "zorder": 3}
    axes.add_patch(FancyBboxPatch(corner, 0.4, 0.3, boxstyle=shape, **face))
    axes.text(x, y, text, ha="center", va="center_baseline", zorder=4)


def _arrow(
    axes: Any, start: tuple[float, float], end: tuple[float, float], colour: str, bent: float = 0
) -> None:
    style = "-|>,head_length=5,head_width=2.6"
    line: dict[str, Any] = {"color": colour, "lw": 1.5, "shrinkA": 0, "shrinkB": 0, "zorder": 2}
    curve = f"arc3,rad={bent}"
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle=style, connectionstyle=curve, **line))


def _draw_projection(axes: Any, projection: Projection, place: dict[str, float]) -> None:
    """A spike edge on the chip: straight to the neighbour, below others, a loop to itself."""
    start, end = place[projection.source], place[projection.target]
    colour = BLUE if projection.plastic else GREY
    text = "W, P" if projection.plastic else "W fixed"
    if start == end:
        _arrow(axes, (start - 0.1, _CHIP - 0.28), (start - 0.28, _CHIP - 0.1), colour, -2.4)
        axes.text(start - 0.62, _CHIP - 0.42, text, fontsize=SMALL, va="center", ha="center")
    elif end - start == _ACROSS:
        _arrow(axes, (start + _NODE, _CHIP), (end - _NODE, _CHIP), colour)
        middle = (start + end) / 2
        axes.text(middle, _CHIP + 0.07, text, fontsize=SMALL, ha="center", va="bottom")
    else:
        side = 1 if end > start else -1
        _arrow(
            axes,
            (start + 0.2 * side, _CHIP - 0.22),
            (end - 0.2 * side, _CHIP - 0.22),
            colour,
            0.22 * side,
        )


def _events(axes: Any, x: float, edge: Edge) -> None:
    """What crosses the wall, beside its edge."""
    text = f"{edge.variable.symbol} {edge.events:.2g}"
    about = {"facecolor": "white", "edgecolor": "none", "pad": 1.2, "alpha": 0.9}
    axes.text(x, _WALL, text, fontsize=SMALL, ha="center", va="center", bbox=about, zorder=5)


def _draw_readout(axes: Any, x: float, edge: Edge, loss: str) -> None:
    """Spikes through the wall, a readout, and the loss that its numbers are compared by."""
    _arrow(axes, (x, _CHIP + _NODE), (x, _READOUT - 0.18), BLUE)
    _events(axes, x, edge)
    _box(axes, x, _READOUT, "G")
    _arrow(axes, (x, _READOUT + 0.18), (x, _LOSS - 0.24), GREY)
    _node(axes, x, _LOSS, 0.24, GREY, "L")
    axes.text(x + 0.3, _LOSS + 0.12, loss, fontsize=SMALL, va="bottom", color="#6a6a6a")
    side = x + _ASIDE
    _arrow(axes, (x + 0.24, _LOSS), (side - 0.05, _READOUT + 0.2), GREY, -0.35)


def _draw_errors(axes: Any, x: float, edge: Edge, matrix: str) -> None:
    """Error events through the wall to the sum of errors, which meets box and trace."""
    side = x + _ASIDE
    _box(axes, side, _READOUT, matrix)
    _arrow(axes, (side, _READOUT - 0.18), (side, _SUM + _ERROR), ORANGE)
    _events(axes, side, edge)
    _node(axes, side, _SUM, _ERROR, ORANGE, "dN")
    _arrow(axes, (side - 0.1, _SUM - 0.17), (x + 0.2, _CHIP + 0.23), ORANGE)
    axes.text(side + 0.26, _SUM, "E, B", fontsize=SMALL, va="center")


def _draw_feedback(axes: Any, x: float, last: float, strategy: Strategy) -> None:
    """The way back from the last population's loss to another's errors."""
    side = x + _ASIDE
    start = (last - 0.24, _LOSS)
    _arrow(axes, start, (side, _READOUT + 0.18), GREY, 0.12)
    axes.text(side - 0.28, _READOUT, _FAR[strategy][1], fontsize=SMALL, ha="right", va="center")


def _draw_legend(picture: Picture) -> None:
    lines: tuple[tuple[str, Any, str], ...] = (
        (BLUE, "-", "spikes; plastic on the chip"),
        (ORANGE, "-", "error events"),
        (GREY, "-", "numbers, or fixed synapses"),
        (INK, (0, (5, 3)), "domain wall, with events per tick"),
    )
    handles = [Line2D([], [], color=c, linestyle=s, label=name) for c, s, name in lines]
    picture.legend(handles=handles, loc="outside lower center", ncols=2)
