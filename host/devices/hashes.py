"""The two hashes by which runs are compared (docs/contract.md, section 10)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config.core import Geometry


def _words(values: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(values, dtype="<i4").tobytes()


def weight_hash(weights: NDArray[Any], geometry: Geometry) -> str:
    """SHA-256, hexadecimal, of the weights `(axons, neurons)` of all synapses, axon-major."""
    return hashlib.sha256(_words(weights[weights != geometry.no_synapse])).hexdigest()


class TraceHash:
    """SHA-256 over the state of many ticks."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()

    def update(self, arrays: Iterable[NDArray[Any]]) -> None:
        """Add ticks: per tick the arrays of `state_regions`, in that order, or all joined."""
        for array in arrays:
            self._sha.update(_words(array))

    def hexdigest(self) -> str:
        """The hash so far."""
        return self._sha.hexdigest()
