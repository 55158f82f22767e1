"""Channels of sources as spikes on the axons of a chip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from axonloop.host.configuration import Settings
from axonloop.host.data import Digits, Part, SpikeEncoder, generator
from axonloop.host.network import Program
from axonloop.host.processing import Flags
from axonloop.host.training.from_settings import INPUT
from axonloop.models.checks import require


def wire(program: Program, sources: Sequence[str], raster: Flags, found: Flags) -> None:
    """Set in `found`, `(ticks, axons of the chip)`, the axons that the channels of sources feed.

    `raster`: bool `(ticks, channels of all sources)`. A projection's delay moves its spikes later;
    what would arrive behind the last tick is lost, as with the sample's end.
    """
    first = 0
    for source in sources:
        table = program.axons[source]
        program.feed(source, raster[:, first : first + len(table)], found)
        first += len(table)
    require(raster.shape[1] == first, "channels of a sample", str(first), raster.shape[1])


def rasters(program: Program, encoder: SpikeEncoder, part: Part, seed: int, *purpose: int) -> Flags:
    """The input spikes of all of a part, each sample with random numbers of its own.

    These depend on the seed, the purpose, and the sample's number. Bool `(ticks, samples, axons)`.
    """
    found = np.zeros((encoder.ticks, len(part), program.config.axons), dtype=bool)
    for place, (image, index) in enumerate(zip(part.images, part.indices, strict=True)):
        random = generator(seed, *purpose, int(index))
        wire(program, [INPUT], encoder.raster(image, random), found[:, place])
    return found


def parts_of(settings: Settings, digits: Digits) -> tuple[Part, Part]:
    """What to train on, and what to score in the end; ValueError unless `inputs` fit them."""
    inputs = digits.train.images.shape[1]
    task = settings.task
    require(task.inputs == inputs, "task.inputs", f"{inputs}, as the data has", task.inputs)
    every = (digits.train, digits.validation, digits.test)
    labels = max((int(part.labels.max()) for part in every if len(part)), default=0)
    most = f"at least {labels + 1}, as the data has"
    require(task.classes > labels, "task.classes", most, task.classes)
    white = max((part.images.max() for part in every if part.images.size), default=0)
    require(task.white >= white, "task.white", f"at least {white}, as in the data", task.white)
    if task.tune:
        parts = digits.train, digits.validation
    else:
        parts = digits.train.join(digits.validation), digits.test
    parts = parts[0].first(task.limit), parts[1].first(task.limit)
    for name, part in zip(("train on", "score"), parts, strict=True):
        require(len(part) > 0, f"samples to {name}", "at least 1", 0)
    return parts
