"""Axons and neurons of a chip as packets name them: by core.

Everywhere on the host they are numbered through the chip, core by core: axon a of the core with
index c (its number less that of the first core) is c * axons + a, and so are neurons.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.host.device import Array
from axonloop.host.packing import Words
from axonloop.models.chip import ChipConfig
from axonloop.models.packets import Kind, header


class Addresses:
    """Tables from numbers on the chip to packets, and the way back."""

    def __init__(self, chip: ChipConfig) -> None:
        geometry, self.cores = chip.geometry, [core.core for core in chip.cores]
        # NumPy takes its own scalars at once, and others only after a search.
        self.first = np.uint32(header(Kind.SPIKE, chip.first))
        self._neurons = geometry.neurons
        self._spikes = _headers(Kind.SPIKE, self.cores, np.arange(geometry.axons))
        neurons = np.arange(geometry.neurons) << 8
        self._errors = [
            _headers(Kind.ERROR, self.cores, neurons | ungated << 19) for ungated in (0, 1)
        ]

    def spikes(self, axons: NDArray[np.int64]) -> Words:
        """A SPIKE packet for every axon, without delay."""
        return self._spikes.take(axons)

    def errors(self, neurons: NDArray[np.int64], values: NDArray[np.int64], ungated: bool) -> Words:
        """An ERROR packet for every event."""
        words: Words = self._errors[ungated].take(neurons) | (values & 0xFF).astype(np.uint32)
        return words

    def neurons(self, places: Words) -> Array:
        """Neurons from `places`: SPIKE packets ^ `first`, so core index << 20 | neuron."""
        if len(self.cores) == 1:
            return places.astype(np.int32)
        return ((places >> 20) * self._neurons + (places & 0xFFFFF)).astype(np.int32)

    def has(self, places: Words) -> bool:
        """Whether all `places`, ascending, are neurons of the chip."""
        last = places[-1] if places.size else 0
        if len(self.cores) == 1:
            return bool(last < self._neurons)
        good: bool = last >> 20 < len(self.cores)
        return bool(good and (places & 0xFFFFF).max(initial=0) < self._neurons)


def _headers(kind: Kind, cores: list[int], arguments: NDArray[np.int64]) -> Words:
    """Headers for all cores and arguments, core by core."""
    words = [header(kind, core) | arguments for core in cores]
    return np.concatenate(words).astype(np.uint32)
