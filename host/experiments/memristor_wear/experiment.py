"""Digits on memristors until they wear out: accuracy against writes, and what time leaves of it.

Dense and error-triggered learning are compared by the writes that a memristor takes, and by what
they reach before memristors of a small endurance are stuck. Then the trained chips are left alone
at 85 degrees for up to a year, on two kinds of device, against a reference that stays and against
one that ages alike (Fouda et al. 2019, endurance and retention; Payvand et al. 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

import numpy as np

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress
from axonloop.host.data import Digits, split_digits
from axonloop.host.experiments.memristor_wear.picture import draw as draw
from axonloop.host.experiments.memristor_wear.ways import (
    CHOSEN,
    NEURONS,
    OTHERS,
    WIDE,
    YARDSTICK,
    Way,
)
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.training import Trainer, chip_config, groups_of, open_copies, task_parts, telling
from axonloop.host.wear import aged_weights
from axonloop.models.arrays import Int32Array

EPOCHS = 1
"""Of every way, where not all is asked for."""
ENDURANCES: dict[Way, tuple[int, ...]] = {YARDSTICK: (100, 1000, 10_000), CHOSEN: (10, 100)}
"""Writes after which memristors are stuck, tried with each way."""
BAR, MOST_LOST = 50, 0.7
"""How many times fewer writes events should take than dense learning, and the points to lose."""
NOTE = (
    "Ways and their settings were chosen without the test part, by cross-validation, those with a "
    "fixed readout by the validation part ([memristors](memristors.md#wear-and-age)). The share of "
    "writes and the points lost are against the dense way of 128 neurons. A memristor that is "
    "stuck still gets pulses."
)
HOT, KINDS = 85.0, ("hfox", "pcm")
SECONDS = (0.0, 1e2, 1e3, 1e4, 1e5, 1e6, 3e7)


def measure(order: Order, progress: Progress) -> Metrics:
    """Writes of every way, then wear, then age."""
    digits = split_digits()
    ways = (YARDSTICK, CHOSEN, *OTHERS)
    points = [_learn(way, None, order, digits, progress) for way in ways]
    worn = [
        _learn(way, endurance, order, digits, progress)
        for way, tried in ENDURANCES.items()
        for endurance in tried
    ]
    aged = _age(CHOSEN, points[1]["ends"], order, digits)
    for point in (*points, *worn):
        del point["ends"]
    rows = [*_write_rows(points), *_wear_rows(points, worn), *_age_rows(aged)]
    return {"points": points, "worn": worn, "aged": aged, "note": NOTE, "rows": rows}


def _every(way: Way, endurance: float | None, order: Order) -> list[Settings]:
    epochs = way.epochs if order.full else EPOCHS
    return [
        way.settings(seed, order.memristor, epochs, order.limit, endurance) for seed in order.seeds
    ]


def _learn(
    way: Way, endurance: float | None, order: Order, digits: Digits, progress: Progress
) -> dict[str, Any]:
    """Train a chip for each seed; test accuracy and writes per memristor after every epoch."""
    every = _every(way, endurance, order)
    scores: list[list[float]] = [[] for _ in every]
    writes: list[list[float]] = [[] for _ in every]
    found: dict[str, list[Any]] = {"most": [], "worn": [], "weight_hashes": [], "ends": []}
    for group in groups_of(str(order.device), len(every)):
        own = [every[place] for place in group]
        seeds = [each.run.seed for each in own]
        with open_copies(str(order.device), chip_config(own[0]), seeds) as copies:
            trainer = Trainer(copies, own, task_parts(own[0], digits))

            def note(scored: dict[str, Any], trainer: Trainer = trainer, g: Any = group) -> None:
                accounts = trainer.write_accounts()
                for k, score, own in zip(g, trainer.final_scores(), accounts, strict=True):
                    scores[k].append(score)
                    writes[k].append(own.total / own.memristors)

            trainer.run(telling(trainer, progress), after_epoch=note)
            for account in trainer.write_accounts():
                every_one = account.populations or {}
                tops = [int(counts.max()) for counts in every_one.values()]
                found["most"].append(max(tops, default=None))
                found["worn"].append(account.worn / account.memristors)
            found["weight_hashes"] += trainer.weight_hashes()
            found["ends"].append((copies.weights(), trainer.layers.state()))
    accuracies = [each[-1] for each in scores]
    named = {"name": way.name, "neurons": way.neurons, "dense": way.dense, "endurance": endurance}
    return named | {"accuracies": accuracies, "scores": scores, "writes": writes} | found


def _age(
    way: Way, ends: Sequence[tuple[Int32Array, dict[str, Any]]], order: Order, digits: Digits
) -> list[dict[str, Any]]:
    """Score the trained chips after each time, by kind and reference.

    `ends`: of every group of copies the weights, and the state of readouts and encoders.
    """
    every = _every(way, None, order)
    cases = [(kind, ages) for kind in KINDS for ages in (False, True)]
    found: list[dict[str, Any]] = []
    for kind, ages in cases:
        accuracies: list[list[float]] = [[] for _ in every]
        case: dict[str, Any] = {"kind": kind, "reference_ages": ages, "seconds": SECONDS}
        found.append(case | {"accuracies": accuracies})
    groups = groups_of(str(order.device), len(every))
    for group, (weights, state) in zip(groups, ends, strict=True):
        own = [every[place] for place in group]
        seeds = [each.run.seed for each in own]
        with open_copies(str(order.device), chip_config(own[0]), seeds) as copies:
            trainer = Trainer(copies, own, task_parts(own[0], digits))
            trainer.layers.restore(state)
            geometry = copies.config.geometry
            for (kind, ages), case in zip(cases, found, strict=True):
                for seconds in SECONDS:
                    aged = [
                        aged_weights(
                            trained, geometry, kind, seconds, HOT,
                            seed=seed, reference_ages=ages,
                        )
                        for trained, seed in zip(weights, seeds, strict=True)
                    ]  # fmt: skip
                    copies.load_weights(np.stack(aged))
                    for k, score in zip(group, trainer.final_scores(), strict=True):
                        case["accuracies"][k].append(score)
    return found


def last(point: dict[str, Any]) -> float:
    """The writes per memristor in the end, over the seeds."""
    return float(mean(own[-1] for own in point["writes"]))


def _write_rows(points: Sequence[dict[str, Any]]) -> list[ResultRow]:
    yardstick, chosen = points[:2]
    rows = []
    for point in points:
        share = f", 1/{last(yardstick) / last(point):.2g}" if last(point) > 0 else ""
        less = f"{share}; {_lost(yardstick, point)}"
        most = max(top or 0 for top in point["most"])
        chip = f"{percent(point['accuracies'])}, {last(point):,.0f} writes, at most {most:,}"
        paper = "about 1e4 writes for MNIST, up to 1e8" if point is yardstick else "prints none"
        told = chip + ("" if point is yardstick else less)
        rows.append(ResultRow(f"writes per memristor: {point['name']}", paper, "", told))
    rows.append(_bar_row(f"{NEURONS} neurons", yardstick, chosen))
    wide = [point for point in points if point["neurons"] == WIDE]
    return [*rows, _bar_row(f"{WIDE} neurons", *wide)] if wide else rows


def _bar_row(what: str, dense: dict[str, Any], events: dict[str, Any]) -> ResultRow:
    ratio = last(dense) / last(events)
    lost = 100 * (mean(dense["accuracies"]) - mean(events["accuracies"]))
    met = "met" if ratio >= BAR and lost <= MOST_LOST else "missed"
    wanted = f"at most 1/{BAR} of the writes, {MOST_LOST} points lost (ours)"
    told = f"1/{ratio:.0f}, {lost:.1f} points lost: {met}"
    return ResultRow(f"events against dense learning, {what}", wanted, "", told)


def _lost(yardstick: dict[str, Any], point: dict[str, Any]) -> str:
    lost = 100 * (mean(yardstick["accuracies"]) - mean(point["accuracies"]))
    return f"{lost:.1f} points lost"


def _wear_rows(points: Sequence[dict[str, Any]], worn: Sequence[dict[str, Any]]) -> list[ResultRow]:
    rows = []
    for point in worn:
        free = next(each for each in points if each["name"] == point["name"])
        share = f"{100 * mean(point['worn']):.0f} % stuck; {_lost(free, point)}"
        what = f"stuck after {point['endurance']:,} writes: {point['name']}"
        told = f"{percent(point['accuracies'])}, {share}"
        rows.append(ResultRow(what, "prints none", "", told))
    return rows


def _age_rows(aged: Sequence[dict[str, Any]]) -> list[ResultRow]:
    rows = []
    for case in aged:
        scores = np.array(case["accuracies"]).mean(0)
        later = [f"{100 * scores[SECONDS.index(t)]:.1f}" for t in (0, 1e3, 1e4, 1e6)]
        reference = "that ages too" if case["reference_ages"] else "that stays"
        what = f"aged as {case['kind']} at {HOT:.0f} C, with a reference {reference}"
        told = f"{', '.join(later)} % after 0, 1e3, 1e4, 1e6 s"
        rows.append(ResultRow(what, "retention wanted: 1e6 s", "", told))
    return rows
