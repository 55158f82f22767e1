"""Time that passes between ticks: the weights of a chip on memristors, read, aged and loaded."""

from __future__ import annotations

import numpy as np

from axonloop.host.devices import Device
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require_range
from axonloop.models.config import Geometry
from axonloop.models.memristor import Memristor, find_memristor

ONE = 1 << 16
"""A weight step, in the parts that aged weights are rounded from."""


def age(
    device: Device,
    kind: str | Memristor,
    seconds: float,
    celsius: float = 25.0,
    *,
    seed: int = 0,
    reference_ages: bool = False,
) -> None:
    """Let time pass for the synapses of a chip: read its weights, age them, load them.

    The integers are those of `aged_weights`, the same on every device; all other state stays.
    `kind` is a memristor, by name, file or itself. Raises ValueError for an unknown kind, and for
    time, temperature or seed out of range.
    """
    weights, geometry = device.read_weights(), device.config.geometry
    found = aged_weights(
        weights, geometry, kind, seconds, celsius, seed=seed, reference_ages=reference_ages
    )
    device.load_weights(found)


def aged_weights(
    weights: Int32Array,
    geometry: Geometry,
    kind: str | Memristor,
    seconds: float,
    celsius: float = 25.0,
    *,
    seed: int = 0,
    reference_ages: bool = False,
) -> Int32Array:
    """Weights, int32 of any shape, after `seconds` at `celsius` without a write.

    The conductance of a weight, W + Wmax of 2 Wmax of the range, goes the way that the kind's
    retention and drift say; weights are read against a reference in the middle of the range, which
    stays, or, with `reference_ages`, is a memristor of the kind as well. What lies between two
    weights is rounded to one of them by chance, from `seed`, so that the mean stays. Synapses that
    are absent stay so. Raises ValueError as `age` does.
    """
    require_range("seed of ageing", seed, 0, 2**32 - 1)
    found = find_memristor(kind) if isinstance(kind, str) else kind
    top = geometry.weight_max
    steps = found.range / (2 * top)
    conductance = found.low + np.arange(2 * top + 1) * steps
    later = found.aged(conductance, seconds, celsius)
    middle = float(later[top]) if reference_ages else found.low + top * steps
    exact = np.clip((later - middle) / steps, -top, top)
    table = np.rint(exact * ONE).astype(np.int64)
    there = weights != geometry.no_synapse
    chance = np.random.default_rng(seed).integers(0, ONE, weights.shape, dtype=np.int64)
    aged = (table[np.where(there, weights, 0) + top] + chance) >> 16
    return np.where(there, aged, weights).astype(np.int32)
