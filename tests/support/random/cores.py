"""Random configurations, weights and traffic for small cores, from a seeded generator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from axonloop.models.config import (
    AxonFactor,
    CoreConfig,
    Destination,
    Geometry,
    Group,
    MemristorTables,
    NeuronFactor,
    ParameterSet,
    Row,
    Term,
    ThirdFactor,
    parameter_max,
)


def random_geometry(rng: np.random.Generator) -> Geometry:
    """A core of at most 24 x 24 with random widths and options."""
    lanes = int(2 ** rng.integers(0, 4))
    geometry = Geometry(
        axons=lanes * int(rng.integers(1, 24 // lanes + 1)),
        neurons=lanes * int(rng.integers(1, 24 // lanes + 1)),
        lanes=lanes,
        update_lanes=1,
        trace_lanes=1,
        multipliers=1,
        weight_bits=int(rng.integers(2, 17)),
        state_bits=int(rng.integers(8, 25)),
        trace_bits=int(rng.integers(4, 17)),
        error_bits=int(rng.integers(2, 9)),
        pq_bits=int(rng.integers(1, 9)),
        delay_slots=int(2 ** rng.integers(1, 5)),
        parameter_sets=int(rng.integers(1, 5)),
        entries=64,
        terms=int(rng.choice([0, 0, 1, 2, 3, 4])),
        blank_out=int(rng.integers(0, 2)),
    )
    return with_options(rng, geometry)


def with_options(rng: np.random.Generator, geometry: Geometry) -> Geometry:
    """The geometry with all that version 4 added at random; memristors where they can be."""
    possible = geometry.terms > 0 and geometry.weight_bits >= 8
    return replace(
        geometry,
        memristor=int(rng.integers(0, 3)) if possible else 0,
        mask=int(rng.integers(0, 2)),
        threshold_noise=int(rng.integers(0, 2)),
    )


def random_term(rng: np.random.Generator, geometry: Geometry) -> Term:
    """Any term that the build can have; the shift leans to where weights move."""
    return Term(
        axon=AxonFactor(rng.integers(0, len(AxonFactor))),
        neuron=NeuronFactor(rng.integers(0, len(NeuronFactor))),
        third=ThirdFactor(rng.integers(0, len(ThirdFactor))),
        sign=int(rng.choice([-1, 1])),
        scale=int(rng.integers(0, 8)) if rng.random() < 0.5 else 0,
        shift=int(rng.integers(0, 21 if rng.random() < 0.2 else 8)),
        weighted=geometry.memristor > 0 and rng.random() < 0.5,
        pulsed=geometry.memristor > 1 and rng.random() < 0.5,
    )


def random_terms(rng: np.random.Generator, geometry: Geometry) -> tuple[Term, ...]:
    """Up to as many terms as the build has; now and then none, now and then only some that are."""
    count = int(rng.integers(0, geometry.terms + 1)) if rng.random() < 0.5 else geometry.terms
    return tuple(random_term(rng, geometry) for _ in range(count))


def random_parameters(rng: np.random.Generator, geometry: Geometry) -> ParameterSet:
    """Any register anywhere in its range, leaning to where neurons spike and weights move."""
    values: dict[str, Any] = {
        name: int(rng.integers(0, high + 1))
        for name, high in parameter_max(geometry).items()
        if not name.startswith("term_")
    }
    values["theta"] >>= int(rng.integers(0, geometry.state_bits))
    values["rho"] >>= int(rng.integers(0, geometry.state_bits))
    values["refractory"] >>= int(rng.integers(0, 7))
    values["pq_shift"] >>= int(rng.integers(0, 4))
    values["p_shift"] >>= int(rng.integers(0, 4))
    values["i_shift"] >>= int(rng.integers(0, 4))
    if rng.random() < 0.8:
        values["eta_shift"] = int(rng.integers(0, 10))
    if geometry.terms:
        values["qq_shift"] >>= int(rng.integers(0, 4))
        values["z_shift"] >>= int(rng.integers(0, 4))
        values["terms"] = random_terms(rng, geometry)
    if geometry.blank_out and rng.random() < 0.5:
        values["blank"] = int(rng.choice([0, 1, 65535]))
    if geometry.threshold_noise:
        values["temperature"] >>= int(rng.integers(0, geometry.state_bits))
    for name in ("alpha_n", "beta_n", "gamma", "alpha_p", "beta_p", "zeta"):
        if name in values and rng.random() < 0.3:
            values[name] = int(rng.choice([0, 1, 4095, 4096]))
    return ParameterSet(**values)


def random_row(rng: np.random.Generator, geometry: Geometry, sets: int) -> Row:
    """Any row; three in four are plastic, one in eight is always on."""
    first = int(rng.integers(0, geometry.groups))
    return Row(
        first_group=first,
        groups=int(rng.integers(0, geometry.groups - first + 1)),
        plastic=bool(rng.random() < 0.75),
        parameter_set=int(rng.integers(0, sets)),
        always_on=bool(rng.random() < 0.125),
    )


def random_config(rng: np.random.Generator, geometry: Geometry | None = None) -> CoreConfig:
    """A configuration in which everything is random."""
    geometry = geometry or random_geometry(rng)
    sets = int(rng.integers(1, geometry.parameter_sets + 1))
    core, bias = int(rng.integers(0, 255)), geometry.state_max >> 4

    def table() -> tuple[Destination, ...]:
        found = {
            Destination(
                int(rng.integers(0, geometry.axons)),
                int(rng.integers(0, geometry.max_delay + 1)),
                core,
            )
            for _ in range(rng.integers(0, 3))
        }
        return tuple(sorted(found, key=lambda entry: (entry.axon, entry.delay)))

    return CoreConfig(
        geometry=geometry,
        parameter_sets=tuple(random_parameters(rng, geometry) for _ in range(sets)),
        rows=tuple(random_row(rng, geometry, sets) for _ in range(geometry.axons)),
        groups=tuple(
            Group(int(rng.integers(0, sets)), bool(rng.random() < 0.7))
            for _ in range(geometry.groups)
        ),
        bias=tuple(int(b) for b in rng.integers(-bias, bias + 1, geometry.neurons)),
        fanout=tuple(table() for _ in range(geometry.neurons)),
        seed=int(rng.integers(0, 2**32)),
        core=core,
        **random_tables_and_losses(rng, geometry),
    )


def random_tables_and_losses(rng: np.random.Generator, geometry: Geometry) -> dict[str, Any]:
    """Tables of memristors and losses of rows and columns, as far as a core has them."""
    found: dict[str, Any] = {}
    if geometry.memristor:
        found["memristor"] = random_tables(rng, geometry.memristor == 2)
    if geometry.mask:
        found["row_loss"] = random_losses(rng, geometry.axons)
        found["column_loss"] = random_losses(rng, geometry.neurons)
    return found


def random_tables(rng: np.random.Generator, pulsed: bool) -> MemristorTables:
    """Any words, or such that fall with the headroom and rise with the parts of a pulse."""
    shifts = rng.integers(0, 12, 2).tolist()
    names = ["up_gain", "down_gain", *(["up_share", "down_share"] if pulsed else [])]
    words = {}
    for name in names:
        high = (16 << shifts["down" in name]) if "gain" in name else 1 << 12
        drawn = rng.integers(0, min(high, 1 << 16), 256)
        if rng.random() < 0.7:
            drawn = np.sort(drawn)[:: -1 if "gain" in name else 1]
        words[name] = tuple(drawn.tolist())
    return MemristorTables(**words, up_gain_shift=shifts[0], down_gain_shift=shifts[1])


def random_losses(rng: np.random.Generator, count: int) -> tuple[int, ...]:
    """None, a few, or any."""
    most = int(rng.choice([0, 20, 255]))
    return tuple(rng.integers(0, most + 1, count).tolist())


def random_weights(rng: np.random.Generator, config: CoreConfig) -> np.ndarray:
    """Weights over the whole range, a tenth of them absent, none outside a row's groups."""
    geometry = config.geometry
    shape = (geometry.axons, geometry.neurons)
    weights = rng.integers(-geometry.weight_max, geometry.weight_max + 1, shape)
    weights[rng.random(shape) < 0.1] = geometry.no_synapse
    for axon, row in enumerate(config.rows):
        weights[axon, : row.first_group * geometry.lanes] = geometry.no_synapse
        weights[axon, (row.first_group + row.groups) * geometry.lanes :] = geometry.no_synapse
    return weights
