"""What the chip's truncation makes of the membranes of an exported program."""

from __future__ import annotations

import numpy as np

from axonloop.host.network import (
    Network,
    Population,
    QuantisationError,
    decay_sum,
    truncation_of,
)
from axonloop.host.nir.export.scales import BELOW, threshold_of
from axonloop.host.nir.nodes import Floats
from axonloop.models.config import DECAY_ONE, Geometry, ResetMode

TICKS = 1000
"""Ticks for which the bound of an import to the bit holds."""


def error_of(population: Population, network: Network, geometry: Geometry) -> QuantisationError:
    """What the chip's truncation makes of a membrane, with the graph's numbers being its own."""
    own, scale = population.parameters, threshold_of(population)
    keep, hold = (decay_sum(word / DECAY_ONE, TICKS) for word in (own.alpha_n, own.beta_n))
    unit = 2.0**-own.i_shift
    step = truncation_of(own.beta_n) * hold * unit + (own.i_shift > 0) + truncation_of(own.alpha_n)
    step += BELOW if own.reset_mode is ResetMode.SUBTRACT else 0
    each = _inputs(population, network) * 2.0**own.w_exp * hold * unit + np.abs(
        population.drives or 0
    )
    return QuantisationError(
        membrane_decay=0.0,
        current_decay=0.0,
        threshold=BELOW / scale,
        weight_max=0.0,
        weight_rms=0.0,
        weight_max_lsb=0.0,
        weight_rms_lsb=0.0,
        bound=float(step * keep / scale),
        ticks=TICKS,
        reach=float(each.max() * keep / scale),
        room=geometry.state_max / scale,
    )


def _inputs(population: Population, network: Network) -> Floats:
    """The largest sum of weights and bias that each neuron can be given in a tick."""
    weights = [np.where(p.synapses, p.weights, 0) for p in network.projections]
    sums = [
        np.maximum(np.maximum(w, 0).sum(axis=0), np.maximum(-w, 0).sum(axis=0))
        for w, p in zip(weights, network.projections, strict=True)
        if p.target == population.name
    ]
    return np.asarray(np.sum(sums, axis=0) + np.abs(population.first_biases or 0))
