"""Digits by event-driven random backpropagation: accuracy against operations.

After Neftci 2018, figure 1, and Neftci et al. 2017. The chip's synaptic operations, of integration
and of learning, are its own counters (those of integration count whole groups of neurons); beside
them stand the multiply-accumulates of a plain network of the same size. Settings were chosen on
the validation part with seeds 11 and 12.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from statistics import mean
from typing import Any

import numpy as np

from axonloop.host.configuration import (
    DEEP,
    PARAMETERS,
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.console import Progress
from axonloop.host.data import Digits, split_digits
from axonloop.host.experiments.erbp.chip import Point, Trained, train_erbp
from axonloop.host.experiments.erbp.float import (
    backpropagated,
    macs_of,
    paper_accuracy,
    plain_points,
)
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, Picture, legend, styled
from axonloop.host.processing import Teaching
from axonloop.host.training import chip_config, groups_of, open_copies, parts_of

EPOCHS, FULL_EPOCHS = 4, 12
HIDDEN = 100
TEACHING = Teaching(rate=0.8, threshold=2.0)
SCORED = (50, 100, 200, 400, 800)
"""Samples after which the way is scored; then after every epoch."""


def settings_of(seed: int, epochs: int, limit: int | None = None) -> Settings:
    """The network and how the chip learns."""
    return Settings(
        network=NetworkSettings(
            layers=(HIDDEN, 10),
            lanes=4,
            weight_span=32,
            deep_span=16,
            parameters=PARAMETERS,
            deep=replace(DEEP, w_exp=1, box=6000, eta_shift=5),
        ),
        task=TaskSettings(limit=limit, ticks=20),
        objective=ObjectiveSettings(strategy="direct", burn_in=5),
        run=RunSettings(seed=seed, epochs=epochs, anneal=max(1, epochs // 3)),
    )


def measure(order: Order, progress: Progress) -> Metrics:
    """The chip, backpropagation in its float twin, and the plain network, with all seeds."""
    epochs = FULL_EPOCHS if order.full else EPOCHS
    every, digits = [settings_of(seed, epochs, order.limit) for seed in order.seeds], split_digits()
    chip = learn_erbp(str(order.device), every, digits, progress)
    scored = scored_of(every[0], digits)
    plain = [plain_points(settings, digits, scored) for settings in every]
    twin = [backpropagated(settings, digits, progress) for settings in every]
    rule = [paper_accuracy(settings, digits, TEACHING, progress) for settings in every]
    answer, learn = macs_of(every[0])
    return {
        "chip": [asdict(run) for run in chip],
        "plain": [[asdict(point) for point in points] for points in plain],
        "twin": twin,
        "rule": rule,
        "macs": {"answer": answer, "learn": learn},
        "rows": _rows(chip, plain, twin, rule, (answer, learn)),
    }


def scored_of(settings: Settings, digits: Digits, early: Sequence[int] = SCORED) -> list[int]:
    """Numbers of samples after which to score: `early` ones, then after every epoch."""
    samples = len(parts_of(settings, digits)[0])
    epochs = [samples * (epoch + 1) for epoch in range(settings.run.epochs)]
    return [*(count for count in early if count < samples), *epochs]


def learn_erbp(
    device: str,
    every: Sequence[Settings],
    digits: Digits,
    progress: Progress,
    teaching: Teaching = TEACHING,
    early: Sequence[int] = SCORED,
) -> list[Trained]:
    """Train and score a chip for each of `every` settings, which differ in their seeds only."""
    found: list[Trained] = []
    for group in groups_of(device, len(every)):
        own = [every[place] for place in group]
        seeds = [settings.run.seed for settings in own]
        with open_copies(device, chip_config(own[0]), seeds) as copies:
            scored = scored_of(own[0], digits, early)
            found += train_erbp(copies, own, digits, teaching, scored, progress)
    return found


def _rows(
    chip: Sequence[Trained],
    plain: Sequence[Sequence[Point]],
    twin: Sequence[float],
    rule: Sequence[float],
    macs: tuple[int, int],
) -> list[ResultRow]:
    ends = [run.points[-1] for run in chip]
    synops, visits = (mean(getattr(end, name) / end.samples for end in ends) for name in _WORK)
    return [
        ResultRow(
            "eRBP; on the chip the readout is learned there too",
            "about 98 % (MNIST, 784-200-200-10; Fouda et al. 2019)",
            percent(rule),
            percent([end.accuracy for end in ends]),
        ),
        ResultRow("backpropagation through time, same network", "", percent(twin)),
        ResultRow(
            "backpropagation, plain network of the same size",
            "98.1 % (MNIST, 784-200-200-10; Fouda et al. 2019)",
            percent([points[-1].accuracy for points in plain]),
        ),
        ResultRow(
            "operations to answer a sample", "", f"{macs[0]:,} MACs", f"{synops:,.0f} SynOps"
        ),
        ResultRow(
            "operations to learn a sample, its answer included",
            "",
            f"{macs[1]:,} MACs",
            f"{synops:,.0f} SynOps + {visits:,.0f} synapses visited",
        ),
    ]


_WORK = ("synops", "visits")


@styled
def draw(metrics: Metrics) -> Picture:
    """Accuracy against samples, and against operations of learning."""
    picture = Picture(11, 4.4)
    left, right = picture.subplots(1, 2, sharey=True)
    chip = [run["points"] for run in metrics["chip"]]
    for axes, work in ((left, _samples), (right, _operations)):
        for runs, colour, label in (
            (chip, BLUE, "eRBP on the chip"),
            (metrics["plain"], ORANGE, "plain network, backpropagation"),
        ):
            _draw_way(axes, runs, work, colour, label)
        axes.axhline(91, color=GREY, linestyle=":", linewidth=0.9, label="to be reached: 91 %")
        axes.set_xscale("log")
        axes.grid(axis="y")
    twin = "backpropagation through time, same network"
    left.axhline(100 * mean(metrics["twin"]), color=INK, linestyle="--", linewidth=0.9, label=twin)
    left.set(xlabel="samples learned", ylabel="test accuracy (%)", title="Digits, 64-100-10")
    right.set(xlabel="operations of learning", title="SynOps + visits (chip), MACs (plain)")
    legend(left, below=True, ncols=2)
    legend(right, below=True, ncols=2)
    return picture


def _samples(point: dict[str, Any]) -> float:
    return float(point["samples"])


def _operations(point: dict[str, Any]) -> float:
    return float(point["synops"] + point["visits"])


def _draw_way(axes: Any, runs: Any, work: Any, colour: str, label: str) -> None:
    """Means over the seeds, and their range."""
    amount = np.mean([[work(point) for point in points] for points in runs], 0)
    accuracy = 100 * np.array([[point["accuracy"] for point in points] for points in runs])
    axes.fill_between(amount, accuracy.min(0), accuracy.max(0), color=colour, alpha=0.2, lw=0)
    axes.plot(amount, accuracy.mean(0), "o-", color=colour, markersize=3, label=label)
