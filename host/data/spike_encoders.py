"""Images into spike trains: one list of axons per tick.

An encoder draws only from the generator it is given, so a sample's spikes depend on the seed, the
epoch and the sample, and never on the device.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require, require_range

TRAINING = 0
"""What a stream of random numbers is for, the second word of its seed: spikes of training."""
SCORING = 1
"""The same: spikes of scoring."""
SHUFFLING = 2
"""The same: the order of samples."""
BUILDING = 3
"""The same: first weights and readouts."""
DROPPING = 4
"""The same: what a readout leaves out."""
MAX_PHASES = 16
"""Most bits that a phase code gives a value."""


class Encoding(StrEnum):
    """Names of the encoders."""

    RATE = "rate"
    REGULAR = "regular"
    LATENCY = "latency"
    RANK = "rank"
    PHASE = "phase"


def generator(seed: int, purpose: int, *index: int) -> np.random.Generator:
    """The random numbers of one purpose and one index (epoch, sample), from 64-bit PCG."""
    return np.random.default_rng([seed, purpose, *index])


@dataclass(frozen=True)
class SpikeEncoder(ABC):
    """Encodes images with values in 0..`white` into `ticks` ticks; pixel k is axon k.

    Raises ValueError for images with other values.
    """

    ticks: int
    white: int
    rank: ClassVar[int] = 1

    def __post_init__(self) -> None:
        require_range("ticks", self.ticks, 2, 1_000_000)

    def encode(self, image: NDArray[Any], random: np.random.Generator) -> list[Int32Array]:
        """`ticks` sorted lists of axons, int32, for an image `(pixels,)`."""
        tick, axon = np.nonzero(self.raster(image, random))
        ends = [0, *np.searchsorted(tick, np.arange(1, self.ticks)).tolist(), len(tick)]
        axons = axon.astype(np.int32)
        return [axons[start:end] for start, end in pairwise(ends)]

    def raster(self, image: NDArray[Any], random: np.random.Generator) -> NDArray[np.bool_]:
        """The spikes, bool `(ticks, pixels)`, of an image `(pixels,)` of any numeric dtype.

        Raises ValueError for anything but finite numbers in 0..white.
        """
        good = image.ndim == self.rank and image.size > 0 and image.dtype.kind in "iuf"
        good = good and bool(np.isfinite(image).all())
        found = f"{image.dtype} of shape {image.shape}"
        shape = "one row" if self.rank == 1 else "a table (ticks, channels)"
        require(good, "image", f"{shape} of finite numbers", found)
        wide = image.astype(np.float64 if image.dtype.kind == "f" else np.int64)
        low, high = wide.min(), wide.max()
        require(low >= 0 and high <= self.white, "pixels", f"in 0..{self.white}", (low, high))
        return self._raster(wide, random)

    @abstractmethod
    def _raster(self, image: NDArray[Any], random: np.random.Generator) -> NDArray[np.bool_]:
        """The raster of an image of int64 or float64 that was checked."""


@dataclass(frozen=True)
class RateEncoder(SpikeEncoder):
    """A pixel spikes at each tick with probability `peak` x value / white."""

    peak: float = 0.8

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.peak <= 1, "peak", "above 0 and at most 1", self.peak)

    def _raster(self, image: NDArray[Any], random: np.random.Generator) -> NDArray[np.bool_]:
        """Independent draws for each pixel and tick."""
        drawn: NDArray[np.bool_] = random.random((self.ticks, len(image))) < (
            image * (self.peak / self.white)
        )
        return drawn


@dataclass(frozen=True)
class RegularEncoder(RateEncoder):
    """The rates of `RateEncoder` in even steps: only the phase of each pixel is random.

    A pixel's spikes in n ticks differ from n times its rate by less than one.
    """

    def _raster(self, image: NDArray[Any], random: np.random.Generator) -> NDArray[np.bool_]:
        """A spike at each tick in which phase + rate x tick passes a whole number."""
        time = np.arange(self.ticks + 1)[:, None]
        passed = np.floor(time * (image * (self.peak / self.white)) + random.random(len(image)))
        raster: NDArray[np.bool_] = np.diff(passed, axis=0) > 0
        return raster


@dataclass(frozen=True)
class LatencyEncoder(SpikeEncoder):
    """A pixel spikes once, the earlier the brighter; black pixels (0) do not spike.

    A white pixel spikes at tick 0, the faintest ones at the last tick. Nothing is random.
    """

    def _raster(self, image: NDArray[Any], random: np.random.Generator) -> NDArray[np.bool_]:
        """One spike per pixel that is not black."""
        darkness = self.white - image
        when = darkness * (self.ticks - 1) // max(1, self.white - 1)
        raster: NDArray[np.bool_] = (np.arange(self.ticks)[:, None] == when) & (image > 0)
        return raster


@dataclass(frozen=True)
class RankEncoder(SpikeEncoder):
    """A pixel spikes once, in the order of brightness (Thorpe & Gautrais 1998); black ones do not.

    Ranks alone tell: the brightest spikes at tick 0, the faintest at the last tick, and those in
    between at even distances. Of two alike the one of lower number is first. Nothing is random.
    """

    def _raster(self, image: NDArray[Any], random: np.random.Generator) -> NDArray[np.bool_]:
        """One spike per pixel that is not black."""
        (seen,) = np.nonzero(image)
        raster = np.zeros((self.ticks, len(image)), dtype=bool)
        order = seen[np.argsort(-image[seen], kind="stable")]
        when = np.arange(len(order)) * (self.ticks - 1) // max(1, len(order) - 1)
        raster[when, order] = True
        return raster


@dataclass(frozen=True)
class PhaseEncoder(SpikeEncoder):
    """A pixel's value in binary, bit by bit, again and again (Kim et al. 2018, weighted spikes).

    A period has K = `phases` ticks, and the value v in 0..white becomes the whole number
    b = floor(v (2^K - 1) / white + 1/2) in 0..2^K - 1. The pixel spikes at tick t if bit
    K - 1 - (t mod K) of b is 1: the spike of the first phase is worth half of the range, the next
    a quarter. Channels: the pixels. Values that are no whole numbers are rounded down first.
    """

    phases: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("phases", self.phases, 1, min(MAX_PHASES, self.ticks))

    def _raster(self, image: NDArray[Any], random: np.random.Generator) -> NDArray[np.bool_]:
        """The bits of every pixel, the highest first."""
        whole = np.floor(image).astype(np.int64)
        most = (1 << self.phases) - 1
        bits = (2 * whole * most + self.white) // (2 * self.white)
        shifts = self.phases - 1 - np.arange(self.ticks) % self.phases
        raster: NDArray[np.bool_] = (bits >> shifts[:, None]) & 1 == 1
        return raster


def spike_encoder(name: str, ticks: int, white: int, peak: float) -> SpikeEncoder:
    """The encoder called `name`; ValueError for an unknown one."""
    names = [entry.value for entry in Encoding]
    require(name in names, "encoding", f"one of {', '.join(names)}", name)
    if name == Encoding.LATENCY:
        return LatencyEncoder(ticks, white)
    if name == Encoding.RANK:
        return RankEncoder(ticks, white)
    if name == Encoding.PHASE:
        return PhaseEncoder(ticks, white)
    return (RateEncoder if name == Encoding.RATE else RegularEncoder)(ticks, white, peak)
