"""The picture of a record: who spiked when, and how near to its threshold a neuron was."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.pictures import (
    GREY,
    INK,
    ORANGE,
    PALE,
    SMALL,
    Picture,
    legend,
    shades,
    styled,
)
from axonloop.host.recorder.state_record import StateRecord
from axonloop.models.checks import require

_LOWEST, _HIGHEST, _STEP = -1.2, 1.3, 2.9
"""The potentials that are drawn, in thresholds, and from one neuron to the next."""


@styled
def draw_record(record: StateRecord, neurons: int = 6) -> Picture:
    """Spikes of all populations, and the potentials of the liveliest neurons with their threshold.

    The record needs `spike` and `membrane`, and `reset` where neurons have one; at most `neurons`
    are drawn. Raises ValueError without them, or for a record without ticks.
    """
    require(len(record.ticks) > 0, "ticks of the record", "at least 1", 0)
    spikes, potential = record["spike"].astype(bool), record.potential
    shown = _liveliest(spikes, potential, neurons)
    picture = Picture(9.5, 5.2 + 0.45 * len(shown))
    high = 1 + 0.25 * len(shown)
    top, bottom = picture.subplots(2, 1, sharex=True, height_ratios=(2.2, high))
    _draw_spikes(top, record, spikes)
    _draw_potentials(bottom, record, spikes, potential, shown)
    bottom.set(xlabel="tick", ylabel=f"V - R in thresholds, cut at {_LOWEST}")
    return picture


def _draw_spikes(axes: Any, record: StateRecord, spikes: NDArray[np.bool_]) -> None:
    """A mark for every spike; populations have colours and their names to the right."""
    for (name, own), colour in zip(
        record.populations.items(), shades(len(record.populations)), strict=True
    ):
        tick, neuron = spikes[:, own].nonzero()
        axes.plot(
            record.ticks[tick], neuron + own.start, "|", color=colour, ms=3, mew=0.9, zorder=3
        )
        axes.axhline(own.stop - 0.5, color=PALE, linewidth=0.7)
        share = spikes[:, own].mean()
        axes.annotate(
            f"{name}\n{100 * share:.1f} % per tick",
            (1, (own.start + own.stop) / 2),
            (4, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            color=colour,
            va="center",
        )
    axes.set(ylabel="neuron", title=f"{int(spikes.sum())} spikes in {len(record.ticks)} ticks")
    axes.set_ylim(-0.5, len(record.neurons) - 0.5)


def _draw_potentials(
    axes: Any,
    record: StateRecord,
    spikes: NDArray[np.bool_],
    potential: NDArray[np.float64],
    shown: list[int],
) -> None:
    """One line for each neuron, the first one on top; the threshold is dashed."""
    for place, neuron in enumerate(shown):
        base = -_STEP * place
        names = [None] * 3 if place else ["threshold", "V - R after the tick", "spike"]
        axes.axhline(base + 1, color=GREY, linestyle="--", linewidth=0.8, label=names[0])
        axes.axhline(base, color=PALE, linewidth=0.6, zorder=0)
        line = base + potential[:, neuron].clip(_LOWEST, _HIGHEST)
        axes.plot(record.ticks, line, color=INK, linewidth=1.0, label=names[1])
        fired = record.ticks[spikes[:, neuron]]
        axes.vlines(fired, base + 1, base + 1.5, color=ORANGE, linewidth=1.2, label=names[2])
    axes.set_yticks([-_STEP * place for place in range(len(shown))])
    axes.set_yticklabels([_name_of(record, neuron) for neuron in shown], fontsize=SMALL + 1)
    legend(axes, below=True, ncols=3)


def _name_of(record: StateRecord, neuron: int) -> str:
    name, own = next(
        (name, own) for name, own in record.populations.items() if own.start <= neuron < own.stop
    )
    return f"{name} {neuron - own.start}"


def _liveliest(spikes: NDArray[np.bool_], potential: NDArray[np.float64], count: int) -> list[int]:
    """The neurons that show most: they spike now and then, and their potential moves."""
    rate = spikes.mean(axis=0)
    moves = potential.clip(_LOWEST, _HIGHEST).std(axis=0)
    score = moves + ((rate > 0) & (rate < 0.5))
    return sorted(np.argsort(-score, kind="stable")[:count].tolist())
