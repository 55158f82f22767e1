"""Networks that go on learning: a few shots after a change, and what a new task makes them forget.

    few shots     digits are learned, then the sensor breaks: some of its pixels stay white. The
                  chip learns on in its loop from 1 to 20 such digits of each class. Beside it
                  learns a chip from random weights
    forgetting    digits 0 to 4 are learned, then 5 to 9: how well are 0 to 4 read afterwards,
                  without and with `REPLAYED` old digits among the new ones? Beside it, all at once

However few the digits with the broken sensor are, they are shown many times. Learning rates were
chosen on the validation part with seeds 11 and 12; the test part is scored in the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
)
from axonloop.host.console import Progress
from axonloop.host.data import (
    BUILDING,
    CLASSES,
    PIXELS,
    WHITE,
    Digits,
    Part,
    generator,
    split_digits,
)
from axonloop.host.devices import weight_hash
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, ORANGE, Picture, dots, legend, styled
from axonloop.host.training import (
    EncodedPart,
    TaskParts,
    Trainer,
    Weights,
    chip_config,
    encoder_of,
    groups_of,
    open_copies,
    telling,
)

SHOTS = (1, 2, 5, 10, 20)
SHOWN = 200
"""Digits that a chip is shown after the sensor broke, at least."""
PASSES = 3
"""How often it is shown each of them, at least."""
STUCK = 20
"""Pixels of 64 that stay white then."""
TUNING = 6
"""`eta_shift` of the chips that see few digits, whatever they start from."""
EPOCHS, FULL_EPOCHS = 2, 3
"""Passes over the digits before a change, and over 5 to 9."""
REPLAYED = 100
"""Old digits that are shown again among the new ones."""
Scores = dict[str, float]


@dataclass(frozen=True)
class Taught:
    """What a chip has become: weights, accuracies in 0..1 by name, and their hash."""

    weights: Weights
    scores: Scores
    weight_hash: str


def settings_of(seed: int, epochs: int, eta_shift: int = 4) -> Settings:
    """One layer of 128 neurons; the learning rate is halved after each third of the epochs."""
    base = Settings(
        network=NetworkSettings(layers=(128,), weight_span=16),
        objective=ObjectiveSettings(threshold=12.0),
        run=RunSettings(seed=seed, epochs=epochs, anneal=-(-epochs // 3)),
    )
    return base.changed({"network": {"parameters": {"eta_shift": eta_shift}}})


def learn(
    device: str,
    every: Sequence[Settings],
    weights: Sequence[Weights | None],
    train: Part,
    scored: Mapping[str, Part],
    progress: Progress,
) -> list[Taught]:
    """Learn a part with a chip for each of `every` settings, from weights or, None, random ones."""
    found: list[Taught] = []
    for group in groups_of(device, len(every)):
        own, first = [every[k] for k in group], [weights[k] for k in group]
        encoder = encoder_of(own[0])
        parts = {name: EncodedPart(part, encoder, CLASSES) for name, part in scored.items()}
        last = next(reversed(parts.values()))
        brief = EncodedPart(train.first(1), encoder, CLASSES)
        task = TaskParts(EncodedPart(train, encoder, CLASSES), brief, last)
        with open_copies(device, chip_config(own[0]), [each.run.seed for each in own]) as copies:
            trainer = Trainer(copies, own, task)
            loaded = copies.weights()
            pairs = zip(loaded, first, strict=True)
            copies.load_weights(np.stack([old if given is None else given for old, given in pairs]))
            trainer.run(telling(trainer, progress))
            scores = {name: trainer.scores(part) for name, part in parts.items()}
            after = copies.weights()
        found += [
            Taught(
                after[b],
                {name: own[b].value for name, own in scores.items()},
                weight_hash(after[b], trainer.program.geometry),
            )
            for b in range(len(own))
        ]
    return found


def broken(part: Part) -> Part:
    """The digits as a sensor sees them some of whose pixels stay white, the same for every seed."""
    stuck = generator(0, BUILDING).choice(PIXELS, STUCK, replace=False)
    images = part.images.copy()
    images[:, stuck] = WHITE
    return Part(images, part.labels, part.indices)


def of_classes(part: Part, first: int, end: int) -> Part:
    """The pictures of the classes first..end - 1."""
    return part.at(np.flatnonzero((part.labels >= first) & (part.labels < end)))


def some(part: Part, shots: int) -> Part:
    """The first pictures of each class, so many."""
    chosen = [np.flatnonzero(part.labels == label)[:shots] for label in range(CLASSES)]
    return part.at(np.sort(np.concatenate(chosen)))


def few_shots(
    device: str, seeds: Sequence[int], digits: Digits, epochs: int, progress: Progress
) -> dict[str, list[Taught]]:
    """The chips by way, one for each seed, scored by the test part of the broken sensor.

    "deployed" are those that have seen nothing of it yet, and are scored "before" as well.
    """
    test = {"after": broken(digits.test)}
    every = [settings_of(seed, epochs) for seed in seeds]
    none: list[Weights | None] = [None] * len(every)
    known = digits.train.join(digits.validation)
    found = {
        "deployed": learn(device, every, none, known, {"before": digits.test, **test}, progress)
    }
    trained = [each.weights for each in found["deployed"]]
    for shots in SHOTS:
        part = some(broken(digits.train), shots)
        count = max(PASSES, -(-SHOWN // len(part)))
        passes = [settings_of(seed, count, TUNING) for seed in seeds]
        after = learn(device, passes * 2, [*trained, *none], part, test, progress)
        found[f"tuned, {shots}"] = after[: len(seeds)]
        found[f"random weights, {shots}"] = after[len(seeds) :]
    return found


def forgetting(
    device: str, seeds: Sequence[int], digits: Digits, epochs: int, progress: Progress
) -> dict[str, list[Taught]]:
    """The chips by way, one for each seed, scored by the test digits 0 to 4 and 5 to 9."""
    train, half = digits.train.join(digits.validation), CLASSES // 2
    old, new = of_classes(train, 0, half), of_classes(train, half, CLASSES)
    scored = {
        "old": of_classes(digits.test, 0, half),
        "new": of_classes(digits.test, half, CLASSES),
    }
    every = [settings_of(seed, epochs) for seed in seeds]
    none: list[Weights | None] = [None] * len(every)
    first = learn(device, every, none, old, scored, progress)
    starts = [each.weights for each in first]
    replayed = new.join(some(old, REPLAYED // half))
    return {
        "0 to 4": first,
        "then 5 to 9": learn(device, every, starts, new, scored, progress),
        "then 5 to 9, some replayed": learn(device, every, starts, replayed, scored, progress),
        "all at once": learn(device, every, none, train, scored, progress),
    }


def measure(order: Order, progress: Progress) -> Metrics:
    """Both changes with all seeds."""
    whole, device = split_digits(), str(order.device)
    cut = (part.first(order.limit) for part in (whole.train, whole.validation, whole.test))
    digits, epochs = Digits(*cut), FULL_EPOCHS if order.full else EPOCHS
    shots = few_shots(device, order.seeds, digits, epochs, progress)
    tasks = forgetting(device, order.seeds, digits, epochs, progress)
    return {
        "epochs": epochs,
        "few_shots": _told(shots),
        "forgetting": _told(tasks),
        "rows": [*_shot_rows(shots), *_task_rows(tasks)],
    }


def _told(ways: Mapping[str, Sequence[Taught]]) -> dict[str, list[dict[str, float | str]]]:
    return {
        way: [{**each.scores, "weight_hash": each.weight_hash} for each in taught]
        for way, taught in ways.items()
    }


def _shares(taught: Sequence[Taught], name: str) -> str:
    return percent([each.scores[name] for each in taught])


def _shot_rows(ways: Mapping[str, Sequence[Taught]]) -> list[ResultRow]:
    deployed = ways["deployed"]
    return [
        ResultRow("digits, test part", "", "", _shares(deployed, "before")),
        ResultRow(f"the same with {STUCK} pixels stuck", "", "", _shares(deployed, "after")),
        *(
            ResultRow(
                f"tuned with {shots} of each class; from random weights",
                "",
                "",
                f"{_shares(ways[f'tuned, {shots}'], 'after')}; "
                f"{_shares(ways[f'random weights, {shots}'], 'after')}",
            )
            for shots in SHOTS
        ),
    ]


def _task_rows(ways: Mapping[str, Sequence[Taught]]) -> list[ResultRow]:
    return [
        ResultRow(
            f"digits 0 to 4, and 5 to 9, when learned: {way}",
            "",
            "",
            f"{_shares(taught, 'old')}, and {_shares(taught, 'new')}",
        )
        for way, taught in ways.items()
    ]


@styled
def draw(metrics: Metrics) -> Picture:
    """Accuracy against digits of a class after the sensor broke; old and new digits by way."""
    picture = Picture(10, 4)
    left, right = picture.subplots(1, 2)
    shots = metrics["few_shots"]
    for way, colour, side in (("tuned", BLUE, -0.1), ("random weights", GREY, 0.1)):
        for place, count in enumerate(SHOTS):
            values = [run["after"] for run in shots[f"{way}, {count}"]]
            dots(left, place + 1 + side, values, colour, way if place == 0 else None)
    dots(left, 0, [run["after"] for run in shots["deployed"]], ORANGE, "before tuning")
    left.set_xticks(range(len(SHOTS) + 1), ["0", *(str(count) for count in SHOTS)])
    left.set(xlabel="digits of each class", ylabel="test accuracy (%)", ylim=(0, 100))
    left.set_title(f"{STUCK} of {PIXELS} pixels stuck")
    for place, taught in enumerate(metrics["forgetting"].values()):
        for name, colour, side in (("old", BLUE, -0.1), ("new", ORANGE, 0.1)):
            label = {"old": "0 to 4", "new": "5 to 9"}[name] if place == 0 else None
            dots(right, place + side, [run[name] for run in taught], colour, label)
    names = ["0 to 4", "then\n5 to 9", "some\nreplayed", "all at\nonce"]
    right.set_xticks(range(len(names)), names)
    right.set(ylabel="test accuracy (%)", ylim=(-3, 103), title="One half after the other")
    for axes in (left, right):
        legend(axes, below=True, ncols=3)
    return picture
