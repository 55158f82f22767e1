"""The two hashes by which runs are compared (docs/contract.md, section 10)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import Geometry


def _words(values: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(values, dtype="<i4").tobytes()


def weight_hash(weights: NDArray[Any], geometry: Geometry) -> str:
    """SHA-256, hexadecimal, of the weights `(axons, neurons)` of all synapses, axon-major."""
    return hashlib.sha256(_words(weights[weights != geometry.no_synapse])).hexdigest()


class TraceHash:
    """SHA-256 over the state of many ticks: the trace_hash of a run.

    A tick adds the arrays of `state_regions`, one region after the other. On a chip of several
    cores the array of a region is the chip's, that of core 0, then of core 1 and so on: so
    CURRENT of all cores is hashed before MEMBRANE of the first. Learning changes none of them.
    """

    def __init__(self) -> None:
        self._sha = hashlib.sha256()

    def update(self, arrays: Iterable[NDArray[Any]]) -> None:
        """Add ticks: each the arrays of `state_regions`, `(n,)`, in this order, or all joined."""
        for array in arrays:
            self._sha.update(_words(array))

    def hexdigest(self) -> str:
        """The hash so far."""
        return self._sha.hexdigest()


class SpikeChain:
    """SHA-256 chained over samples: link n + 1 = SHA-256(link n, the sample's ticks).

    A tick is the number of reported spikes and then their neurons, ascending, each a
    little-endian int32. Link 0 is 32 zero bytes. The last link is the run's spike_hash.
    """

    def __init__(self, link: str = "00" * 32) -> None:
        self._link = bytes.fromhex(link)

    def add(self, raster: NDArray[np.bool_]) -> None:
        """Add a sample: the neurons that were reported, `(ticks, neurons)`."""
        ticks, neurons = raster.nonzero()
        counts = np.bincount(ticks, minlength=len(raster))
        words = np.insert(neurons, np.cumsum(counts) - counts, counts)
        self._link = hashlib.sha256(self._link + words.astype("<i4").tobytes()).digest()

    def hexdigest(self) -> str:
        """The last link."""
        return self._link.hex()
