"""Networks whose synapses are memristors: their rules see the weights, and move them by pulses."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

from axonloop.host.network.network import Network
from axonloop.models.checks import require, require_number
from axonloop.models.config import NO_TABLES, ParameterSet
from axonloop.models.memristor import Memristor, find_memristor, is_even, memristor_tables

MOST_SPREAD = 0.57
"""The largest standard deviation of pulses, over their mean, that registers hold."""
_SPREAD = sqrt((256**2 - 1) / 12) / 128 / 256
"""The standard deviation that a register of variation adds to the pulses, by its value."""


def on_memristors(
    network: Network,
    kind: str | Memristor,
    weight_bits: int = 8,
    write_rule: str = "compensation",
    write_spread: float | None = None,
    device_spread: float | None = None,
) -> Network:
    """A network whose synapses are memristors of a kind, given by name, file or itself.

    The rule of each population, the plain one too, becomes terms that see the weights, of cores of
    `weight_bits`. `write_rule` says what becomes of a wanted change: compensation, gain or same
    (docs/memristors.md). Pulses vary from write to write and from device to device, uniformly, by
    these standard deviations over their mean, 0..0.57; None: those of the kind, at most 0.57.
    Raises ValueError for an unknown kind, one without such tables, values out of range, and a
    network that has tables of its own.
    """
    own = network.memristor == NO_TABLES
    require(own, "memristor of the network", "none, where it goes on memristors", "tables")
    found = find_memristor(kind) if isinstance(kind, str) else kind
    tables = memristor_tables(found, weight_bits, rule=write_rule)
    write = _register("write_spread", write_spread, found.spread.write)
    device = _register("device_spread", device_spread, found.spread.rate)
    pulsed = not is_even(found)
    populations = [
        replace(each, parameters=_seeing(each.parameters, pulsed, write, device))
        for each in network.populations
    ]
    return replace(network, populations=tuple(populations), memristor=tables)


def _seeing(parameters: ParameterSet, pulsed: bool, write: int, device: int) -> ParameterSet:
    terms = tuple(replace(term, weighted=True, pulsed=pulsed) for term in parameters.rule)
    if not pulsed:
        return replace(parameters, terms=terms)
    return replace(parameters, terms=terms, cycle_to_cycle=write, device_to_device=device)


def _register(name: str, given: float | None, usual: float) -> int:
    """The register for a standard deviation over the mean; `usual` is the kind's."""
    if given is None:
        return min(255, round(usual / _SPREAD))
    require_number(name, given)
    require(0 <= given <= MOST_SPREAD, name, f"in 0..{MOST_SPREAD}", given)
    return round(given / _SPREAD)
