"""What is to be learned: samples of spikes, each with a target of any kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data import SHUFFLING, Part, SpikeEncoder, generator
from axonloop.host.processing import Flags
from axonloop.models.checks import require

Order = Callable[[int, int], NDArray[np.int64]]
"""Seed and epoch into the places of the samples to train on, one after the other."""


class Samples(Protocol):
    """Some samples: spikes in, targets beside."""

    def __len__(self) -> int: ...

    def raster(self, place: int, random: np.random.Generator) -> Flags:
        """The input spikes of a sample, bool `(ticks, channels)`; channels of all sources."""

    def target(self, place: int) -> Any:
        """What the objective is told when the sample begins: a class, a series, wanted spikes."""

    def number(self, place: int) -> int:
        """The sample's number in its data set, on which its random numbers depend."""


@dataclass(frozen=True)
class EncodedPart:
    """Images or vectors with class labels, made into spikes by an encoder.

    `rest` ticks of silence follow each. Raises ValueError where a label is not one of `classes`
    classes, or does not belong to an image.
    """

    part: Part
    encoder: SpikeEncoder
    classes: int
    rest: int = 0

    def __post_init__(self) -> None:
        labels = np.asarray(self.part.labels)
        whole = labels.dtype.kind in "iu"
        require(whole, "labels", "whole numbers of an integer dtype", labels.dtype)
        count = len(self.part.images)
        require(labels.shape == (count,), "labels", f"one for each of {count}", labels.shape)
        good = bool(((labels >= 0) & (labels < self.classes)).all())
        require(good, "labels", f"in 0..{self.classes - 1}", [*sorted(set(labels.tolist()))][-1:])

    def __len__(self) -> int:
        return len(self.part)

    def raster(self, place: int, random: np.random.Generator) -> Flags:
        """The input spikes of a sample, bool `(ticks + rest, channels)`."""
        raster = self.encoder.raster(self.part.images[place], random)
        return np.pad(raster, ((0, self.rest), (0, 0))) if self.rest else raster

    def target(self, place: int) -> int:
        """The label."""
        return int(self.part.labels[place])

    def number(self, place: int) -> int:
        """The sample's number in its data set."""
        return int(self.part.indices[place])


@dataclass(frozen=True)
class Task:
    """Samples to train on, and the sources of the network that hear their channels, in order.

    `fresh`: every sample begins with a chip that is cleared. `order` draws the samples of an epoch;
    None: all of them, shuffled.
    """

    train: Samples
    sources: tuple[str, ...]
    fresh: bool = True
    order: Order | None = None

    def places(self, seed: int, epoch: int) -> NDArray[np.int64]:
        """The samples of an epoch, one after the other."""
        if self.order is not None:
            return self.order(seed, epoch)
        return shuffled(len(self.train), seed, epoch)


def shuffled(samples: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The places of all samples in an order of the epoch's own."""
    return generator(seed, SHUFFLING, epoch).permutation(samples)
