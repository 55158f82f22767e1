"""Draws that random chips are made of."""

from __future__ import annotations

import math

import numpy as np

Rng = np.random.Generator


def chance(rng: Rng, probability: float) -> bool:
    """True with a probability."""
    return bool(rng.random() < probability)


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """A number whose logarithm is uniform between those of `low` and `high`."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))
