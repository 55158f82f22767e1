"""Networks whose synapses are memristors: their rules see the weights, and move them by pulses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt

from axonloop.host.configuration.settings import NetworkSettings
from axonloop.models.config import NO_TABLES, MemristorTables, ParameterSet
from axonloop.models.memristor import Memristor, find_memristor, is_even, memristor_tables

SPREAD = sqrt((256**2 - 1) / 12) / 128 / 256
"""The standard deviation that a register of variation adds to the pulses, by its value."""


def on_memristors(
    network: NetworkSettings, parameters: Sequence[ParameterSet]
) -> tuple[list[ParameterSet], MemristorTables]:
    """The parameters and tables of a network on the memristor that its settings name, if any.

    The rule of each set, the plain one too, becomes terms that see their weights. Variation from
    write to write and from device to device is uniform, of the standard deviations of the kind.
    Raises ValueError for an unknown memristor and one without such tables.
    """
    if network.memristor is None:
        return list(parameters), NO_TABLES
    kind = find_memristor(network.memristor)
    tables = memristor_tables(kind, network.weight_bits, rule=network.write_rule)
    write = kind.spread.write if network.write_spread is None else network.write_spread
    device = kind.spread.rate if network.device_spread is None else network.device_spread
    return [_on_memristors(each, kind, write, device) for each in parameters], tables


def _on_memristors(
    parameters: ParameterSet, kind: Memristor, write: float, device: float
) -> ParameterSet:
    pulsed = not is_even(kind)
    terms = tuple(replace(term, weighted=True, pulsed=pulsed) for term in parameters.rule)
    if not pulsed:
        return replace(parameters, terms=terms)
    return replace(
        parameters,
        terms=terms,
        cycle_to_cycle=_register(write),
        device_to_device=_register(device),
    )


def _register(spread: float) -> int:
    """The register for a standard deviation, relative to the mean."""
    return min(255, round(spread / SPREAD))
