"""Axons and neurons of a chip as packets name them: by core.

Everywhere on the host they are numbered through the chip, core by core: axon a of the core with
index c (its number less that of the first core) is c * axons + a, and so are neurons.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.host.devices import validation
from axonloop.host.devices.packets.packing import Words
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import NEAR_NEURONS, Kind, header


class Addresses:
    """Tables from numbers on the chip to packets, and the way back."""

    def __init__(self, chip: ChipConfig) -> None:
        geometry, self.cores = chip.geometry, [core.core for core in chip.cores]
        # NumPy takes its own scalars at once, and others only after a search.
        self._first = np.uint32(header(Kind.SPIKE, chip.first))
        self._chip, self._neurons, self._most = chip, geometry.neurons, geometry.error_max
        self._numbers = np.arange(geometry.neurons, dtype=np.int32)
        self._spikes = _headers(Kind.SPIKE, self.cores, np.arange(geometry.axons))
        far, near = np.divmod(np.arange(geometry.neurons), NEAR_NEURONS)
        moved = near << 8 | far * (Kind.FAR_ERROR - Kind.ERROR) << 28
        self._errors = [
            _headers(Kind.ERROR, self.cores, moved + (ungated << 19)) for ungated in (0, 1)
        ]
        self._values = (np.arange(-self._most, self._most + 1) & 0xFF).astype(np.uint32)

    def spikes(self, axons: ArrayLike) -> Words:
        """A SPIKE packet for every axon, without delay; ValueError unless all are axons."""
        if _plain(axons):
            with suppress(IndexError):  # the slow way finds out which
                return self._spikes.take(axons.view(np.uint32))
        return self._spikes.take(validation.check_axons(self._chip, axons))

    def errors(self, neurons: ArrayLike, values: ArrayLike, ungated: bool) -> Words:
        """An ERROR packet for every event; ValueError unless all are in range."""
        heads = self._errors[ungated]
        if _plain(neurons) and _plain(values) and neurons.shape == values.shape:
            with suppress(IndexError):  # the slow way finds out which
                steps = (values + self._most).view(np.uint32)
                return heads.take(neurons.view(np.uint32)) | self._values.take(steps)
        checked, errors = validation.check_events(self._chip, neurons, values)
        return heads.take(checked) | self._values.take(errors + self._most)

    def neurons(self, packets: Words) -> Int32Array:
        """The neurons of SPIKE packets, int32; IndexError if some are none, or other packets."""
        numbers = packets ^ self._first
        if len(self.cores) == 1:
            return self._numbers.take(numbers)
        cores, neurons = numbers >> 20, numbers & 0xFFFFF
        if numbers.size and (cores.max() >= len(self.cores) or neurons.max() >= self._neurons):
            raise IndexError
        return (cores * self._neurons + neurons).astype(np.int32)


def _plain(values: ArrayLike) -> TypeGuard[Int32Array]:
    """Say whether `values` are a list of int32: then one search checks and packs them.

    Seen without a sign, a negative number is beyond the end of any table.
    """
    return isinstance(values, np.ndarray) and values.dtype is _INT32 and values.ndim == 1


_INT32 = np.dtype(np.int32)


def _headers(kind: Kind, cores: list[int], arguments: NDArray[np.int64]) -> Words:
    """Headers for all cores and arguments, core by core."""
    words = [header(kind, core) + arguments for core in cores]
    return np.concatenate(words).astype(np.uint32)
