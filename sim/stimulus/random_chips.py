"""Random configurations and weights for comparing devices: wide ranges, and yet alive.

A uniform draw over all registers gives cores that are silent or saturated. Here thresholds,
leaks and learning rates follow the size of the sums that the weights can make, most of the time;
now and then a register takes any value of its range.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import (
    DECAY_ONE,
    MEMRISTOR_MAX,
    ONE_CORE,
    AxonFactor,
    ChipConfig,
    CoreConfig,
    Destination,
    Geometry,
    Group,
    Mesh,
    NeuronFactor,
    ParameterSet,
    Row,
    Term,
    ThirdFactor,
    parameter_max,
)
from axonloop.models.golden import visited
from axonloop.sim.stimulus.convolutions import random_convolutions, shared_sets
from axonloop.sim.stimulus.draws import chance, log_uniform
from axonloop.sim.stimulus.tables import random_losses, random_tables

Rng = np.random.Generator


def _decay(rng: Rng) -> int:
    """A random decay: 0, 4096, a typical leak, or anything."""
    kind = rng.choice(4, p=(0.1, 0.15, 0.5, 0.25))
    if kind < 2:
        return (0, DECAY_ONE)[kind]
    return int(rng.integers(3 * DECAY_ONE // 4 if kind == 2 else 0, DECAY_ONE + 1))


def random_parameters(rng: Rng, geometry: Geometry) -> ParameterSet:
    """One parameter set; one register in ten takes any value of its range."""
    state = geometry.state_max
    per_tick = geometry.weight_max * math.sqrt(0.1 * geometry.axons + 1)
    fitting = max(0, int(math.log2(max(1.0, state / (4 * per_tick)))))
    w_exp = int(rng.integers(0, min(7, fitting) + 1))
    size = per_tick * 2**w_exp
    i_shift = int(rng.choice((0, 0, 0, 1, 2)))
    theta = min(state, int(size / 2**i_shift * log_uniform(rng, 0.3, 4)))
    values: dict[str, Any] = {
        "alpha_n": _decay(rng),
        "beta_n": _decay(rng),
        "gamma": _decay(rng),
        "rho": int(theta * rng.uniform(0, 0.5)) if chance(rng, 0.5) else 0,
        "theta": theta,
        "box": int(theta * log_uniform(rng, 0.2, 3)),
        "w_exp": w_exp,
        "i_shift": i_shift,
        "reset_mode": int(rng.integers(0, 3)),
        "refractory": int(rng.choice((0, 0, 0, 1, 2, 7))),
        **_trace_parameters(rng, geometry),
        "eta_shift": int(rng.integers(0, min(20, geometry.error_bits + geometry.pq_bits) + 1)),
        "rounding": int(chance(rng, 0.25)),
    }
    if geometry.terms:
        values |= _neuron_trace_parameters(rng, geometry)
    if geometry.blank_out:
        values["blank"] = int(rng.integers(0, 1 << 15)) if chance(rng, 0.5) else 0
    if geometry.threshold_noise:
        values["temperature"] = int(theta * log_uniform(rng, 0.02, 1)) if chance(rng, 0.8) else 0
    if geometry.memristor == 2:
        for name in MEMRISTOR_MAX:
            values[name] = int(rng.integers(0, 128)) if chance(rng, 0.7) else 0
    limits = parameter_max(geometry)
    for name, high in ((name, limits[name]) for name in values):
        anything = int(rng.integers(0, high + 1))
        values[name] = anything if chance(rng, 0.1) else min(values[name], high)
    return ParameterSet(**values, terms=_random_terms(rng, geometry))


def _trace_parameters(rng: Rng, geometry: Geometry) -> dict[str, int]:
    return {
        "alpha_p": _decay(rng),
        "beta_p": _decay(rng),
        "q_inc": max(1, int(geometry.trace_max * log_uniform(rng, 0.02, 1))),
        "p_shift": int(rng.choice((0, 0, 1, 2, 3))),
        "pq_shift": int(rng.integers(0, max(1, geometry.trace_bits - 3))),
        "pq_on": int(rng.integers(0, geometry.pq_max + 1)),
    }


def _neuron_trace_parameters(rng: Rng, geometry: Geometry) -> dict[str, int]:
    return {
        "qq_shift": int(rng.integers(0, max(1, geometry.trace_bits - 3))),
        "zeta": _decay(rng),
        "z_inc": max(1, int(geometry.trace_max * log_uniform(rng, 0.02, 1))),
        "z_shift": int(rng.integers(0, max(1, geometry.trace_bits - 3))),
    }


def _random_terms(rng: Rng, geometry: Geometry) -> tuple[Term, ...]:
    """Random terms, mostly as many as the build has; none is the plain rule. One in five is off."""
    if chance(rng, 0.2):
        return ()
    return tuple(_random_term(rng, geometry) for _ in range(geometry.terms))


def _random_term(rng: Rng, geometry: Geometry) -> Term:
    widest = min(20, geometry.error_bits + geometry.pq_bits)
    return Term(
        axon=AxonFactor(int(rng.choice(len(AxonFactor)))),
        neuron=NeuronFactor(int(rng.choice(len(NeuronFactor)))),
        third=ThirdFactor(int(rng.choice(len(ThirdFactor)))),
        sign=int(rng.choice((-1, 1))),
        scale=int(rng.choice((0, 0, 1, 2, 3, 5, 7))),
        shift=int(rng.integers(0, (20 if chance(rng, 0.1) else widest) + 1)),
        weighted=geometry.memristor > 0 and chance(rng, 0.5),
        pulsed=geometry.memristor > 1 and chance(rng, 0.6),
    )


def _random_row(rng: Rng, geometry: Geometry, sets: int) -> Row:
    first, groups = 0, geometry.groups
    if geometry.convolutions:
        groups = 0
    elif chance(rng, 0.4):
        first = int(rng.integers(0, geometry.groups))
        groups = int(rng.integers(0, geometry.groups - first + 1))
    return Row(
        first_group=first,
        groups=groups,
        plastic=chance(rng, 0.8),
        parameter_set=int(rng.integers(0, sets)),
        always_on=chance(rng, 0.05),
    )


def _random_fanout(
    rng: Rng, geometry: Geometry, cores: range
) -> tuple[tuple[Destination, ...], ...]:
    """Up to four destinations per neuron on `cores`, as far as the entries go round."""
    tables: list[tuple[Destination, ...]] = [()] * geometry.neurons
    left = geometry.entries
    for neuron in rng.permutation(geometry.neurons).tolist():
        count = min(left, int(rng.choice((0, 0, 0, 1, 2, 4))))
        axons = rng.integers(0, geometry.axons, count).tolist()
        delays = rng.integers(0, geometry.max_delay + 1, count).tolist()
        targets = rng.integers(cores.start, cores.stop, count).tolist()
        entries = dict.fromkeys(zip(axons, delays, targets, strict=True))
        tables[neuron] = tuple(Destination(*entry) for entry in entries)
        left -= len(entries)
    return tuple(tables)


def _analogue(rng: Rng, geometry: Geometry) -> dict[str, Any]:
    """Tables and losses, as far as a core has them."""
    found: dict[str, Any] = {}
    if geometry.memristor:
        found["memristor"] = random_tables(rng, pulsed=geometry.memristor == 2)
    if geometry.mask:
        found["row_loss"] = random_losses(rng, geometry.axons)
        found["column_loss"] = random_losses(rng, geometry.neurons)
    return found


def random_config(
    rng: Rng, geometry: Geometry, core: int = 0, cores: range | None = None
) -> CoreConfig:
    """All of a core: parameter sets, rows, groups, biases, fan-out to `cores` (itself), seed."""
    sets = int(rng.integers(1, geometry.parameter_sets + 1))
    parameters = tuple(random_parameters(rng, geometry) for _ in range(sets))
    groups = tuple(
        Group(int(rng.integers(0, sets)), chance(rng, 0.7)) for _ in range(geometry.groups)
    )
    convolutions = random_convolutions(rng, geometry) if geometry.convolutions else ()
    groups = shared_sets(groups, convolutions, geometry.lanes)
    chosen = np.repeat([parameters[group.parameter_set].theta for group in groups], geometry.lanes)
    drive = rng.uniform(-0.5, 0.5, geometry.neurons) * (rng.random(geometry.neurons) < 0.3)
    return CoreConfig(
        geometry=geometry,
        parameter_sets=parameters,
        rows=tuple(_random_row(rng, geometry, sets) for _ in range(geometry.axons)),
        groups=groups,
        bias=tuple((chosen * drive).astype(int).tolist()),
        fanout=_random_fanout(rng, geometry, cores or range(core, core + 1)),
        seed=int(rng.integers(0, 2**32)),
        core=core,
        convolutions=convolutions,
        **_analogue(rng, geometry),
    )


def random_chip(rng: Rng, geometry: Geometry, mesh: Mesh = ONE_CORE, first: int = 0) -> ChipConfig:
    """Cores of `random_config` whose spikes go to all of them."""
    numbers = range(first, first + mesh.cores)
    cores = [random_config(rng, geometry, number, numbers) for number in numbers]
    return ChipConfig(tuple(replace(core, seed=cores[0].seed) for core in cores), mesh)


def random_chip_weights(rng: Rng, chip: ChipConfig) -> NDArray[np.int32]:
    """`random_weights` of all cores, one below the other."""
    return np.concatenate([random_weights(rng, core) for core in chip.cores])


def random_weights(rng: Rng, config: CoreConfig) -> NDArray[np.int32]:
    """Weights of a core, int32: some absent, most excitatory or mixed, rails included."""
    geometry = config.geometry
    shape, limit = (geometry.weight_rows, geometry.weight_columns), geometry.weight_max
    if chance(rng, 0.2):
        weights = rng.integers(-limit, limit + 1, shape)
    else:
        spread = rng.normal(rng.uniform(0, 0.3), 0.4, shape) * limit
        weights = np.clip(np.rint(spread), -limit, limit).astype(np.int64)
    there = visited(config) & (rng.random(shape) < rng.uniform(0.4, 1.1))
    return np.where(there, weights, geometry.no_synapse).astype(np.int32)
