"""What the training loop costs over a link, sample by sample: bytes, round trips, time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices import LinkUse

POINTS = 150
"""Most points of a curve; of more samples, several are averaged."""


@dataclass(frozen=True)
class SampleCost:
    """What a training sample of `ticks` ticks cost; seconds of wall clock.

    `host` and `loss` worked; for `waited` the host waited for the board. The bytes' time on the
    line is taken for `link`, as far as the host waited; the rest of the waiting is `chip`. That
    holds all that is neither: adapter and operating system, and for a co-simulated board the
    simulation.
    """

    ticks: int
    host: float
    loss: float
    waited: float
    use: LinkUse

    @property
    def link(self) -> float:
        """Seconds of waiting for bytes."""
        return min(self.waited, self.use.line_seconds)

    @property
    def chip(self) -> float:
        """Seconds of waiting for all else."""
        return self.waited - self.link


COUNTED = ("bytes_down", "bytes_up", "predicted_down", "predicted_up", "round_trips")
SPENT = ("host", "loss", "link", "chip")


def link_metrics(costs: Sequence[SampleCost], whole: LinkUse) -> dict[str, Any]:
    """What metrics.json holds: sums of the whole run, and means over training samples."""
    ticks = max(1, sum(cost.ticks for cost in costs))
    return {
        "baud": whole.baud,
        **{name: getattr(whole, name) for name in (*COUNTED, "repaired")},
        "training_samples": len(costs),
        "per_training_tick": {
            name: sum(getattr(cost.use, name) for cost in costs) / ticks for name in COUNTED
        },
        "seconds_per_training_sample": {
            name: fmean([getattr(cost, name) for cost in costs] or [0.0]) for name in SPENT
        },
    }


def draw_link(path: Path, costs: Sequence[SampleCost]) -> None:
    """Bytes each way beside the prediction, and who spent the time, of every training sample."""
    import matplotlib.pyplot as plt  # slow to load

    from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, bare, save

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
    sample = _means(np.arange(1, len(costs) + 1))
    for way, colour in (("down", BLUE), ("up", ORANGE)):
        measured = _means([getattr(cost.use, f"bytes_{way}") / cost.ticks for cost in costs])
        predicted = _means([getattr(cost.use, f"predicted_{way}") / cost.ticks for cost in costs])
        left.plot(sample, measured, color=colour, linewidth=2.4, label=f"{way}, measured")
        left.plot(sample, predicted, ":", color=INK, linewidth=1.2, label=f"{way}, predicted")
    trips = sum(cost.use.round_trips for cost in costs) / sum(cost.ticks for cost in costs)
    left.set(ylabel="bytes per tick", title=f"Bytes; {trips:.3g} round trips per tick")
    left.set_ylim(0, 1.3 * left.get_ylim()[1])
    left.legend(frameon=False, ncols=2, loc="upper left")
    spent = [_means([1e3 * getattr(cost, who) for cost in costs]) for who in SPENT]
    colours = (GREY, "#d9d9d9", BLUE, ORANGE)
    right.stackplot(sample, spent, labels=SPENT, colors=colours, step="mid")
    right.set(ylabel="ms per sample", title="What the host did or waited for")
    right.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1), reverse=True)
    for axes in (left, right):
        axes.set(xlabel="training sample")
        bare(axes)
    save(figure, path)


def _means(values: Sequence[float] | NDArray[Any]) -> NDArray[np.float64]:
    """Means of as many neighbours as it takes to have at most `POINTS`."""
    array = np.asarray(values, np.float64)
    return np.array([part.mean() for part in np.array_split(array, min(POINTS, len(array)))])
