"""Neurons and synapses of the chip as nodes of NIR.

The chip's step is forward Euler of NIR's equations with a step of dt: the units of a membrane are
its words. A population without a current is LIF, or IF if nothing leaks; one with a current is
CubaLIF, whose membrane sees the current a step late, as NIR's equations have it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from axonloop.host.network import Population, Projection
from axonloop.host.nir.export.package import nir_package
from axonloop.host.nir.export.record import ARRAYS, KEY
from axonloop.host.nir.export.scales import has_current, threshold_of, unit_of
from axonloop.models.config import DECAY_ONE

SLOW = 2.0**-40
"""dt / tau of a current or membrane that does not leak, in a node that must have a tau."""


def neurons_of(population: Population, dt: float) -> Any:
    """The neurons of a population as a node of NIR; a tick is `dt` seconds."""
    nir, own, ones = nir_package(), population.parameters, np.ones(population.size)
    drives = np.array(population.drives or (0,) * population.size, np.float64)
    shared = {
        "v_threshold": threshold_of(population) * ones,
        "v_reset": 0 * ones,
        "metadata": {
            f"{KEY}_{field}": np.array(getattr(population, field), np.int32)
            for field in ARRAYS
            if getattr(population, field)
        },
    }
    leak = 1 - own.alpha_n / DECAY_ONE
    if not has_current(population) and not leak:
        return nir.IF(r=ones / dt, **shared)
    leak = max(leak, SLOW)
    shared |= {"v_leak": drives / leak}
    if not has_current(population):
        return nir.LIF(tau=ones * (dt / leak), r=ones / leak, **shared)
    filtered = max(1 - own.beta_n / DECAY_ONE, SLOW)
    return nir.CubaLIF(
        tau_mem=ones * (dt / leak),
        tau_syn=ones * (dt / filtered),
        r=ones / leak,
        w_in=ones / filtered,
        **shared,
    )


def synapses_of(projection: Projection, target: Population, first: bool) -> Any:
    """A projection's weights in units of the membrane; with the target's biases if `first`."""
    nir, unit = nir_package(), unit_of(target)
    weight = np.where(projection.synapses, projection.weights, 0).T * unit
    metadata = {f"{KEY}_weights": projection.weights.astype(np.int32)}
    bias = np.zeros(target.size)
    if target.first_biases:
        bias += np.array(target.first_biases) * unit
    if target.drives and not has_current(target) and target.parameters.alpha_n == DECAY_ONE:
        bias += target.drives
    if first and bias.any():
        return nir.Affine(weight=weight, bias=bias, metadata=metadata)
    return nir.Linear(weight=weight, metadata=metadata)
