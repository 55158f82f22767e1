"""What the training loop costs over a link, sample by sample: bytes, round trips, time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from axonloop.host.devices import LinkUse


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
