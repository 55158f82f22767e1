"""Random tables of memristors, and losses of rows and columns."""

from __future__ import annotations

import numpy as np

from axonloop.models.config import (
    GAIN_MAX,
    LOSS_MAX,
    MAX_ETA_SHIFT,
    ROUNDED_SHIFT_MAX,
    SHARE_MAX,
    TABLE_WORDS,
    MemristorTables,
)
from axonloop.sim.stimulus.draws import Rng, chance, log_uniform

Words = tuple[int, ...]


def random_tables(rng: Rng, pulsed: bool) -> MemristorTables:
    """Tables of a core; shares only if it is `pulsed`. Now and then words take any value."""
    up, down = rng.integers(0, ROUNDED_SHIFT_MAX - MAX_ETA_SHIFT + 1, 2).tolist()
    gains = _gain(rng, up), _gain(rng, down)
    if not pulsed:
        return MemristorTables(*gains, up, down)
    return MemristorTables(*gains, up, down, _share(rng), _share(rng))


def _gain(rng: Rng, shift: int) -> Words:
    """Gains around 1 that rise or fall with the headroom."""
    if chance(rng, 0.2):
        return tuple(rng.integers(0, GAIN_MAX + 1, TABLE_WORDS).tolist())
    slope = (np.arange(TABLE_WORDS) + 1) / TABLE_WORDS
    curve = 2**shift * log_uniform(rng, 0.2, 4) * slope ** rng.uniform(-1, 2)
    return tuple(np.clip(np.rint(curve), 0, GAIN_MAX).astype(int).tolist())


def _share(rng: Rng) -> Words:
    """Shares that rise with the parts of a pulse."""
    if chance(rng, 0.2):
        return tuple(rng.integers(0, SHARE_MAX + 1, TABLE_WORDS).tolist())
    share = -np.expm1(-np.arange(TABLE_WORDS) * log_uniform(rng, 1e-4, 0.1))
    return tuple(np.minimum(np.rint(share * 2**12), SHARE_MAX).astype(int).tolist())


def random_losses(rng: Rng, count: int) -> Words:
    """Losses of rows or columns: none, slight ones, or any."""
    most = int(rng.choice((0, 40, LOSS_MAX)))
    return tuple(rng.integers(0, most + 1, count).tolist())
