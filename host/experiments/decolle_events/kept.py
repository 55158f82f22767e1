"""Samples that every epoch sees alike, read once and kept: a bit for each tick and channel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data import Data, DataPart, Inputs, Raster


class KeptInputs(Inputs):
    """Inputs of which each raster is read once; `own` must draw nothing at random."""

    def __init__(self, own: Inputs) -> None:
        self._own = own
        self.count, self.channels, self.ticks = own.count, own.channels, own.ticks
        self.chunks_kept, self.image, self.shape = own.chunks_kept, own.image, own.shape
        self._bits: dict[int, NDArray[np.uint8]] = {}

    def raster(self, number: int, random: np.random.Generator) -> Raster:
        """The spikes of a sample, bool `(ticks, channels)`."""
        if number not in self._bits:
            self._bits[number] = np.packbits(self._own.raster(number, random), axis=1)
        found = np.unpackbits(self._bits[number], axis=1, count=self.channels)
        return found.astype(bool)

    def check(self, number: int) -> None:
        """Read a sample; ValueError says what is wrong with it."""
        self._own.check(number)

    def chunks(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The chunk of the file that each of the samples lies in."""
        return self._own.chunks(numbers)


def kept(data: Data) -> Data:
    """The same data with its rasters kept; as it is where slices are drawn at random."""
    bins = data.description.events
    if bins is None or bins.random_slice:
        return data
    return replace(
        data,
        train=_kept(data.train),
        validation=_kept(data.validation),
        test=_kept(data.test),
    )


def _kept(part: DataPart) -> DataPart:
    return replace(part, inputs=KeptInputs(part.inputs))
