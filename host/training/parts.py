"""What a run trains on and is scored with: digits, or a user's data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from axonloop.host.configuration import Settings
from axonloop.host.data import (
    SCORING,
    Data,
    DataPart,
    Digits,
    Part,
    TargetKind,
    generator,
)
from axonloop.host.network import Network
from axonloop.host.processing import Goal, Loss
from axonloop.host.training.from_settings import encoder_of
from axonloop.host.training.inputs import parts_of
from axonloop.host.training.task import EncodedPart, Order, Samples
from axonloop.models.checks import require


@dataclass(frozen=True)
class TaskParts:
    """Samples to train on, to score after each epoch, and to score in the end.

    `order` draws the samples of an epoch, as in a `Task`. `held_out`: validation is not trained on.
    `fingerprint` says which data they are, where these are a user's. Targets are classes, or else
    numbers, with `per_tick` for each tick. `channels_of` are the sources of the samples, where
    there are several.
    """

    train: Samples
    validation: Samples
    final: Samples
    order: Order | None = None
    held_out: bool = True
    fingerprint: dict[str, Any] | None = None
    of_classes: bool = True
    per_tick: bool = False
    channels_of: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(len(self.validation) > 0, "samples for validation", "at least 1", 0)

    def sources(self, network: Network) -> tuple[str, ...]:
        """The sources of a network that hear the channels of a sample, in order."""
        sizes = {each.name: each.size for each in network.sources}
        if len(sizes) == 1:
            return tuple(sizes)
        own = dict(self.channels_of)
        require(sizes == own, "sizes of the sources", f"{own}, as the data", sizes)
        return tuple(own)

    def goal(self, settings: Settings, loss: Loss | None = None) -> Goal:
        """What readouts are to reach: by a `loss` of the user's own, or that of the settings."""
        named = settings.objective.loss
        good = loss is None or named is None
        require(good, "objective.loss", "left out beside a loss of your own", named)
        settings.require_loss(self.of_classes)
        return Goal.of(self.of_classes, loss or named, self.per_tick)


def task_parts(settings: Settings, data: Digits | Data) -> TaskParts:
    """The parts of data for a run of `settings`, which must fit them; else ValueError.

    Digits are trained on with their validation part, unless `tune` keeps it, and the test part,
    apart. Of a user's data the validation part is never trained on.
    """
    if isinstance(data, Data):
        return _of_data(settings, data)
    train, final = parts_of(settings, data)
    validation = data.validation.first(settings.task.limit)
    encoder, classes = encoder_of(settings), settings.task.classes

    def encoded(part: Part) -> EncodedPart:
        return EncodedPart(part, encoder, classes)

    held_out = settings.task.tune
    return TaskParts(encoded(train), encoded(validation), encoded(final), held_out=held_out)


def _of_data(settings: Settings, data: Data) -> TaskParts:
    require(settings.fitted(data) == settings, "settings", "fitted to the data", settings.task)
    final, name = (data.validation, "validation") if settings.task.tune else (data.test, "test")
    for each, part in (("validation", data.validation), (name, final)):
        wanted = f"of at least 1 sample, which a run scores (data.split.{each})"
        require(len(part) > 0, f"{each} part of the data", wanted, 0)
    of_classes, per_tick = data.target == TargetKind.CLASS, data.train.targets.ticks is not None
    return TaskParts(
        data.train,
        data.validation,
        final,
        data.train.order,
        True,
        fingerprint(data),
        of_classes,
        per_tick,
        data.channels_of,
    )


def fingerprint(data: Data) -> dict[str, Any]:
    """Which data these are: sizes, and a hash of all classes and of each part's ends.

    The ends are the first and last sample, as spikes, and targets that are no classes; so of large
    data little is read.
    """
    parts = (data.train, data.validation, data.test)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.numbers.astype("<i8").tobytes())
        digest.update(_labels_of(part))
        for place in sorted({0, len(part) - 1}) if len(part) else ():
            random = generator(0, SCORING, part.number(place))
            digest.update(np.packbits(part.raster(place, random)).tobytes())
            if data.target == TargetKind.NUMBERS:
                digest.update(part.target(place).astype("<f8").tobytes())
    return {
        "samples": [len(part) for part in parts],
        "ticks": data.ticks,
        "channels": data.channels,
        "classes" if data.target == TargetKind.CLASS else "outputs": data.outputs,
        "sha256": digest.hexdigest(),
    }


def _labels_of(part: DataPart) -> bytes:
    labels = part.targets.labels
    return b"" if labels is None else labels[part.numbers].astype("<i8").tobytes()
