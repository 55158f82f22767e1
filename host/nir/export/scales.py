"""A population's words as NIR's float numbers: thresholds, and what a weight adds."""

from __future__ import annotations

from axonloop.host.network import Population

BELOW = 2.0**-6
"""NIR's neurons spike above their threshold, the chip's at it: the float one lies lower by this."""


def has_current(population: Population) -> bool:
    """The population has a current that outlasts its tick."""
    return population.parameters.beta_n > 0


def threshold_of(population: Population) -> float:
    """The threshold of the float neurons, in units of the membrane."""
    return population.parameters.theta - BELOW


def unit_of(population: Population) -> float:
    """What a weight of 1 adds to the membrane."""
    return float(2.0 ** (population.parameters.w_exp - population.parameters.i_shift))
