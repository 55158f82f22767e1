"""Digits from local errors: accuracy against synaptic updates, and against the rate of events.

One layer learns from its own fixed random readout (Kaiser, Mostafa & Neftci 2020), with every way
to send errors (see `updates`), and with a controller that holds the rate of error events (see
`rates`; Payvand et al. 2020). Beside them stands local learning in float, with exact errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress
from axonloop.host.data import Digits, split_digits
from axonloop.host.experiments.decolle import variants as updates
from axonloop.host.experiments.decolle.pictures import draw_updates
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import Picture, styled
from axonloop.host.studies import draw_rate_curve, rates
from axonloop.host.training import LocalTrainer, learn_in_loop

EPOCHS, FULL_EPOCHS = 2, 8
RATE_EPOCHS, FULL_RATE_EPOCHS = 1, 3
LOCAL_EPOCHS, LOCAL_RATE = 20, 2.0
SHORT = ("dense, annealed", "sigma-delta 16, annealed")
PAPERS = {
    "dense": "99.0 % (N-MNIST), 95.5 % (DVS gestures), convolutions",
    "sigma-delta 16, annealed": "a hundredth of the updates",
}
"""What the papers reach, on other data."""
"""The variants of a run that is not full."""


def measure(order: Order, progress: Progress) -> Metrics:
    """Variants and rates on the chip, local learning in float."""
    digits, device = split_digits(), str(order.device)
    chosen = [v for v in updates.VARIANTS if order.full or v.name in SHORT]
    epochs = FULL_EPOCHS if order.full else EPOCHS
    points = []
    for variant in chosen:
        every = [variant.settings(seed, epochs, order.limit) for seed in order.seeds]
        runs = learn_in_loop(device, every, None, digits, progress)
        points.append(updates.summarise(variant, runs) | {"runs": [vars(run) for run in runs]})
    local = [
        _local(chosen[0].settings(seed, epochs, order.limit), digits, progress)
        for seed in order.seeds
    ]
    curve = rate_curve(device, order, digits, progress)
    return {
        "epochs": epochs,
        "points": points,
        "curve": curve,
        "local": local,
        "rows": [*_rows(points, local), *_rate_rows(curve)],
    }


def _local(settings: Settings, digits: Digits, progress: Progress) -> float:
    """The accuracy of local learning in float, in 0..1."""
    trainer = LocalTrainer(settings, digits, LOCAL_RATE)
    trainer.run(LOCAL_EPOCHS, progress)
    return trainer.accuracy(trainer.test)


def rate_curve(
    device: str, order: Order, digits: Digits, progress: Progress
) -> list[dict[str, Any]]:
    """A point for every rate that the controller holds; all seeds and rates learn at once."""
    epochs, seeds = FULL_RATE_EPOCHS if order.full else RATE_EPOCHS, order.seeds
    every = [
        rates.settings_of(rate, seed, epochs, order.limit) for rate in rates.RATES for seed in seeds
    ]
    runs = learn_in_loop(device, every, None, digits, progress)
    groups = [runs[k * len(seeds) : (k + 1) * len(seeds)] for k in range(len(rates.RATES))]
    return [
        {
            "rate": rate,
            "accuracies": [run.after for run in group],
            "accuracy": mean(run.after for run in group),
            "visits": mean(run.counters["visits"] for run in group),
            "runs": [vars(run) for run in group],
        }
        for rate, group in zip(rates.RATES, groups, strict=True)
    ]


def _rows(points: Sequence[dict[str, Any]], local: Sequence[float]) -> list[ResultRow]:
    dense, rows = updates.yardstick(list(points)), []
    for point in points:
        share = dense["visits"] / max(1, point["visits"])
        visits = f"{point['visits']:,.0f} synapses visited"
        chip = f"{percent(point['accuracies'])}, {visits}, 1/{share:.0f}"
        paper = PAPERS.get(point["name"], "")
        exact = percent(local) if point is dense else ""
        rows.append(ResultRow(point["name"], paper, exact, chip))
    return rows


def _rate_rows(curve: Sequence[dict[str, Any]]) -> list[ResultRow]:
    return [
        ResultRow(
            f"events held at {100 * point['rate']:g} % of neurons per tick",
            "",
            "",
            f"{percent(point['accuracies'])}, {point['visits']:,.0f} synapses visited",
        )
        for point in curve
    ]


@styled
def draw(metrics: Metrics) -> Picture:
    """Accuracy against synapses visited, and against the rate of error events."""
    picture = Picture(13, 4.8)
    left, right = picture.subplots(1, 2, width_ratios=(1.6, 1))
    draw_updates(left, metrics["points"], updates.yardstick(metrics["points"]))
    draw_rate_curve(right, metrics["curve"])
    right.set_title("Error events held at a rate: a dot is a chip")
    return picture
