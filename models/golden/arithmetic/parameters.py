"""Registers of the parameter sets, spread over the neurons or axons that name the set."""

from __future__ import annotations

import numpy as np

from axonloop.models.config import CoreConfig
from axonloop.models.golden.arithmetic.fixedpoint import Int64Array


def per_neuron(config: CoreConfig, name: str) -> Int64Array:
    """Register `name` of every neuron: int64 `(neurons,)`."""
    values = [int(getattr(config.parameter_sets[g.parameter_set], name)) for g in config.groups]
    return np.repeat(np.array(values, dtype=np.int64), config.geometry.lanes)


def per_axon(config: CoreConfig, name: str) -> Int64Array:
    """Register `name` of every axon: int64 `(axons,)`."""
    values = [int(getattr(config.parameter_sets[r.parameter_set], name)) for r in config.rows]
    return np.array(values, dtype=np.int64)
