"""Operations to reach an accuracy: event-driven random backpropagation against a plain network.

After Neftci 2018, figure 1 (right). An operation is

* on the chip, a SynOp (a weight read and added for a spike; whole groups of neurons are counted) or
  a visit of learning (a weight read, changed and written back); scoring is not counted;
* in the plain network of the same size, which learns online by backpropagation, a
  multiply-accumulate of the answer, of the errors of hidden layers, or of the change of a weight.

So forward stands against forward, and a changed weight against a changed weight. Where the mean
accuracy over the seeds first reaches a bar, the operations are interpolated between two scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from axonloop.host.console import Progress
from axonloop.host.data import split_digits
from axonloop.host.energy import energy_of
from axonloop.host.experiments.erbp.digits import learn_erbp, scored_of
from axonloop.host.experiments.erbp.float import macs_of, plain_network
from axonloop.host.experiments.erbp.ways import WAYS, CheaperWay
from axonloop.host.experiments.rows import ResultRow
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import GREY, Picture, legend, shades, styled

EPOCHS, FULL_EPOCHS = 1, 3
BARS = (0.8, 0.9, 0.95, 0.97)
SCORED = (50, 100, 200, 300, 400, 600, 800, 1000)
PAPER = "drawn (MNIST), prints none"
NEVER = "not reached"


def measure(order: Order, progress: Progress) -> Metrics:
    """All ways, and a plain network of the size of each, with all seeds."""
    epochs = FULL_EPOCHS if order.full else EPOCHS
    ways = {way.name: _compared(way, order, epochs, progress) for way in WAYS}
    return {"bars": BARS, "ways": ways, "rows": _rows(ways)}


def _compared(way: CheaperWay, order: Order, epochs: int, progress: Progress) -> dict[str, Any]:
    digits = split_digits()
    every = [way.settings(seed, epochs, order.limit) for seed in order.seeds]
    chip = learn_erbp(str(order.device), every, digits, progress, way.teaching, SCORED)
    scored = scored_of(every[0], digits, SCORED)
    plain = [plain_network(settings, digits, scored) for settings in every]
    return {
        "chip": [asdict(run) for run in chip],
        "plain": [[asdict(point) for point in points] for _, points in plain],
        "macs": dict(zip(("answer", "learn"), macs_of(every[0]), strict=True)),
        "changes": macs_of(every[0])[0],
        "active": float(np.mean([share for share, _ in plain])),
        "neuron_ticks": every[0].task.ticks * sum(every[0].network.layers),
    }


def reached(points: Sequence[Sequence[dict[str, Any]]], bar: float) -> dict[str, float] | None:
    """Samples, SynOps (or MACs) and visits where the mean over runs reaches `bar`; None: never."""
    accuracy = np.mean([[point["accuracy"] for point in run] for run in points], 0)
    over = np.flatnonzero(accuracy >= bar)
    if not len(over):
        return None
    last = int(over[0])
    before = accuracy[last - 1] if last else 0.0
    share = (bar - before) / (accuracy[last] - before)
    found = {}
    for name in ("samples", "synops", "visits"):
        way = np.mean([[point[name] for point in run] for run in points], 0)
        start = way[last - 1] if last else 0.0
        found[name] = float(start + share * (way[last] - start))
    return found


def operations(found: dict[str, float]) -> float:
    """All of them: SynOps and visits, or multiply-accumulates."""
    return found["synops"] + found["visits"]


def _rows(ways: dict[str, Any]) -> list[ResultRow]:
    return [row for name, own in ways.items() for row in (*_to_bars(name, own), _sample(name, own))]


def _to_bars(name: str, own: dict[str, Any]) -> list[ResultRow]:
    """A row for each bar: operations of both, their ratio, and energy by published costs."""
    rows = []
    for bar in BARS:
        plain, chip = (
            reached(points, bar)
            for points in (own["plain"], [run["points"] for run in own["chip"]])
        )
        macs, synops = NEVER, NEVER
        if plain is not None:
            changes = plain["samples"] * own["changes"]
            energy = energy_of({"macs": plain["synops"] - changes, "updates_by_mac": changes})
            macs = f"{operations(plain) / 1e6:.1f} M MACs, {energy}"
        if chip is not None:
            energy = energy_of(
                {
                    "synops": chip["synops"],
                    "visits": chip["visits"],
                    "neuron_updates": chip["samples"] * own["neuron_ticks"],
                }
            )
            synops = f"{operations(chip) / 1e6:.1f} M, {energy}"
            if plain is not None:
                synops += f"; ratio {operations(chip) / operations(plain):.1f}"
        rows.append(ResultRow(f"{name}: to {100 * bar:.0f} %", PAPER, macs, synops))
    return rows


def _sample(name: str, own: dict[str, Any]) -> ResultRow:
    """Operations of one sample of learning, and how accurate both get."""
    ends = [run["points"][-1] for run in own["chip"]]
    synops, visits = (np.mean([e[n] / e["samples"] for e in ends]) for n in ("synops", "visits"))
    best = [100 * _mean_of(points)[-1] for points in (own["plain"], _points(own))]
    return ResultRow(
        f"{name}: per sample; accuracy at the end",
        "",
        f"{own['macs']['learn']:,} MACs ({own['active']:,.0f} of the "
        f"{own['macs']['answer']:,} of an answer are not by 0); {best[0]:.1f} %",
        f"{synops:,.0f} SynOps + {visits:,.0f} visits; {best[1]:.1f} %",
    )


def _points(own: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return [run["points"] for run in own["chip"]]


def _mean_of(points: Sequence[Sequence[dict[str, Any]]]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.mean(
        [[point["accuracy"] for point in run] for run in points], 0
    )
    return found


@styled
def draw(metrics: Metrics) -> Picture:
    """Accuracy against operations of learning, one panel for each size of the plain network."""
    ways = metrics["ways"]
    sizes = list(dict.fromkeys(own["macs"]["learn"] for own in ways.values()))
    picture = Picture(11.5, 4.2)
    panels = picture.subplots(1, len(sizes), sharey=True)
    colours = dict(zip(ways, shades(len(ways)), strict=True))
    for axes, size in zip(panels, sizes, strict=True):
        alike = {name: own for name, own in ways.items() if own["macs"]["learn"] == size}
        (plain, *_) = (own["plain"] for own in alike.values())
        _draw(axes, plain, GREY, "plain network, MACs")
        for name, own in alike.items():
            _draw(axes, _points(own), colours[name], name.removeprefix("the same, "))
        for bar in metrics["bars"]:
            axes.axhline(100 * bar, color=GREY, linestyle=":", linewidth=0.7)
        axes.set(xscale="log", xlabel="operations of learning", ylim=(5, 101))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_title(f"{size:,} MACs per sample")
        legend(axes, below=True)
    panels[0].set_ylabel("test accuracy (%)")
    return picture


def _draw(axes: Any, points: Sequence[Sequence[dict[str, Any]]], colour: Any, label: str) -> None:
    """Mean over the seeds, and their range."""
    amount = np.mean([[operations(point) for point in run] for run in points], 0)
    accuracy = 100 * np.array([[point["accuracy"] for point in run] for run in points])
    axes.fill_between(amount, accuracy.min(0), accuracy.max(0), color=colour, alpha=0.15, lw=0)
    axes.plot(amount, accuracy.mean(0), "o-", color=colour, markersize=3, label=label)
