"""Digits on memristors: what their pulses cost a rule, what repairs it, how often they are written.

The layer of `train digits` learns on synapses that move by pulses, which take a share of what is
left of a device's range (Fouda et al. 2019, equations 13 to 17), with variation from write to write
and from device to device. A gain by headroom compensates; a gain by polarity alone, and none, stand
beside it: with weights near the middle of the range, and with weights that fill it. Then dense and
error-triggered learning are compared by the writes that a device takes until its endurance ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import mean
from typing import Any

from axonloop.host.configuration import (
    PARAMETERS,
    NetworkSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.console import Progress
from axonloop.host.data import Digits, split_digits
from axonloop.host.experiments.decolle import variants as updates
from axonloop.host.experiments.memristor.digits_picture import draw as draw
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.training import (
    Trainer,
    chip_config,
    groups_of,
    open_copies,
    task_parts,
    telling,
)

EPOCHS, FULL_EPOCHS = 2, 3
WRITE_EPOCHS, FULL_WRITE_EPOCHS = 2, 8
MIDDLE, FILLED = 0, 3
"""How often the weights are doubled, and their effect halved: then they fill their range."""
PLAIN = "plain weights"
DENSE, TRIGGERED = "dense, annealed", "sigma-delta 16, annealed"


@dataclass(frozen=True)
class Synapses:
    """A kind of synapse: the settings of the network that make it."""

    name: str
    changes: dict[str, Any] = field(default_factory=dict)


def kinds_of(memristor: str) -> tuple[Synapses, ...]:
    """The kinds that are compared, of a memristor."""
    even = {"memristor": memristor, "write_spread": 0.0, "device_spread": 0.0}
    return (
        Synapses(PLAIN),
        Synapses("compensated, no variation", even),
        Synapses("compensated, writes vary", {"memristor": memristor, "device_spread": 0.0}),
        Synapses("compensated, writes and devices vary", {"memristor": memristor}),
        Synapses("one gain up, one down", {"memristor": memristor, "write_rule": "gain"}),
        Synapses("the same pulses up and down", {"memristor": memristor, "write_rule": "same"}),
    )


def settings_of(
    kind: Synapses, doubled: int, seed: int, epochs: int, limit: int | None
) -> Settings:
    """The settings of a run whose weights are `doubled` so often at the same effect."""
    parameters = replace(
        PARAMETERS,
        w_exp=PARAMETERS.w_exp - doubled,
        eta_shift=PARAMETERS.eta_shift - doubled,
    )
    span = NetworkSettings().weight_span << doubled
    return Settings(
        NetworkSettings(weight_span=span, parameters=parameters, **kind.changes),
        TaskSettings(limit=limit),
        run=RunSettings(seed=seed, epochs=epochs),
    )


@dataclass(frozen=True)
class LearnedChips:
    """How the chips of several seeds did; `history` is the first one's."""

    accuracies: list[float]
    weight_hashes: list[str]
    counters: list[dict[str, int]]
    history: list[dict[str, Any]]


def measure(order: Order, progress: Progress) -> Metrics:
    """Every kind of synapse in both ranges, then dense and error-triggered writes."""
    digits = split_digits()
    epochs = FULL_EPOCHS if order.full else EPOCHS
    points = []
    for doubled in (MIDDLE, FILLED):
        for kind in kinds_of(order.memristor):
            every = [settings_of(kind, doubled, s, epochs, order.limit) for s in order.seeds]
            found = _learn(str(order.device), every, digits, progress)
            points.append({"name": kind.name, "doubled": doubled} | vars(found))
    written = [_written(name, order, digits, progress) for name in (DENSE, TRIGGERED)]
    return {"points": points, "written": written, "rows": [*_rows(points), *_write_rows(written)]}


def _written(name: str, order: Order, digits: Digits, progress: Progress) -> dict[str, Any]:
    """A way to send errors, on memristors: accuracies, and the writes per device."""
    variant = next(each for each in updates.VARIANTS if each.name == name)
    epochs = FULL_WRITE_EPOCHS if order.full else WRITE_EPOCHS
    every = [
        variant.settings(seed, epochs, order.limit).changed(
            {"network": {"memristor": order.memristor}}
        )
        for seed in order.seeds
    ]
    plain = [variant.settings(seed, epochs, order.limit) for seed in order.seeds]
    found = _learn(str(order.device), every, digits, progress)
    beside = _learn(str(order.device), plain, digits, progress)
    synapses = digits.train.images.shape[1] * sum(every[0].network.layers)
    writes = [each["writes"] / synapses for each in found.counters]
    beside_it = {"plain": beside.accuracies, "synapses": synapses, "writes": writes}
    return {"name": name} | beside_it | vars(found)


def _learn(
    device: str, every: Sequence[Settings], digits: Digits, progress: Progress
) -> LearnedChips:
    """Train a chip for each of the settings; the test part is scored in the end."""
    found = LearnedChips([], [], [], [])
    for group in groups_of(device, len(every)):
        own = [every[place] for place in group]
        with open_copies(device, chip_config(own[0]), [each.run.seed for each in own]) as copies:
            trainer = Trainer(copies, own, task_parts(own[0], digits))
            trainer.run(telling(trainer, progress))
            counted = copies.counters()
            found.accuracies.extend(trainer.final_scores())
            found.weight_hashes.extend(trainer.weight_hashes())
            found.counters.extend(counted)
            found.history.extend([] if found.history else trainer.position.history)
    return found


def _rows(points: Sequence[dict[str, Any]]) -> list[ResultRow]:
    places = {MIDDLE: "weights in the middle of their range", FILLED: "weights that fill it"}
    rows = []
    for point in points:
        plain = next(p for p in points if p["doubled"] == point["doubled"] and p["name"] == PLAIN)
        lost = 100 * (mean(plain["accuracies"]) - mean(point["accuracies"]))
        loss = "" if point is plain else f", {lost:.1f} points lost"
        what = f"{places[point['doubled']]}: {point['name']}"
        rows.append(ResultRow(what, "prints none", "", f"{percent(point['accuracies'])}{loss}"))
    return rows


def _write_rows(written: Sequence[dict[str, Any]]) -> list[ResultRow]:
    dense = mean(written[0]["writes"])
    rows = []
    for each in written:
        own = mean(each["writes"])
        lost = 100 * (mean(written[0]["accuracies"]) - mean(each["accuracies"]))
        less = "" if each is written[0] else f", 1/{dense / own:.0f}; {lost:.1f} points lost"
        chip = f"{percent(each['accuracies'])}, {own:,.0f} writes per device{less}"
        paper = "about 1e4 writes per device for MNIST" if each is written[0] else "prints none"
        rows.append(ResultRow(f"writes until learned: {each['name']}", paper, "", chip))
    return rows
