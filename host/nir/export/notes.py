"""What NIR cannot say of a program."""

from __future__ import annotations

from axonloop.host.network import Population
from axonloop.host.nir.export.scales import has_current
from axonloop.models.config import DECAY_ONE, ResetMode


def notes_of(population: Population) -> list[str]:
    """What of a population's neurons is in the metadata alone."""
    notes = []
    own, name = population.parameters, population.name
    if own.reset_mode is not ResetMode.ZERO:  # `reset` of import_nir tells it again
        notes.append(f"{name}: NIR has no reset_mode {own.reset_mode.name.lower()}")
    if own.rho:
        notes.append(f"{name}: NIR has no reset variable R (rho = {own.rho})")
    if own.refractory:
        notes.append(f"{name}: NIR has no refractory time ({own.refractory} ticks)")
    if has_current(population) and DECAY_ONE in (own.alpha_n, own.beta_n):
        notes.append(f"{name}: what does not leak has a tau of 2^40 dt")
    return notes
