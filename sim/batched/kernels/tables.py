"""Registers and tables of a chip, as compiled code sees them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import (
    MAX_TERMS,
    TERM_FIELDS,
    WEIGHT_FIELDS,
    ChipConfig,
    ParameterSet,
    Row,
    parameter_max,
)
from axonloop.models.protocol import PARAMETER_INDEX, Counter
from axonloop.sim.batched.arrays import NARROW_STATE, weight_dtype
from axonloop.sim.batched.kernels.convolution import kernel_ends, reaches, shapes
from axonloop.sim.batched.kernels.structures import REGISTERS, PqSource
from axonloop.sim.batched.tables import column_parts, gain_shifts, gains, row_parts, shares

_TERM = PARAMETER_INDEX["term_0"]
_TERMS = slice(_TERM, _TERM + MAX_TERMS)
_AXON_FACTOR = (1 << TERM_FIELDS["axon"]) - 1
"""Bits of a term that say what it takes of the axon; 0: it is off."""
_SEES = (1 << len(WEIGHT_FIELDS)) - 1 << sum(TERM_FIELDS.values())
"""Bits of a term of which one is set if it sees the weight."""


def numbers(config: ChipConfig, tables: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    """The numbers of `Chip` in structures.py."""
    geometry = config.geometry
    limits = [f"{name}_max" for name in ("weight", "state", "trace", "pq", "error")]
    names = ("axons", "neurons", "no_synapse", *limits)
    sum_bits = geometry.accumulator_bits + parameter_max(geometry)["w_exp"]
    return {name: getattr(geometry, name) for name in names} | {
        "cores": config.mesh.cores,
        "rows": geometry.weight_rows,
        "columns": geometry.weight_columns,
        "slots": geometry.delay_slots,
        "first": config.first,
        "weight_bytes": weight_dtype(geometry).itemsize,
        "terms": geometry.terms,
        "blank_out": bool(tables["blank"].any()),
        "memristor": geometry.memristor,
        "coarse": geometry.weight_bits - 8,
        "mask": geometry.mask,
        "threshold_noise": geometry.threshold_noise,
        "wide": geometry.state_bits > NARROW_STATE or sum_bits > 31,
        "convolutions": geometry.convolutions > 0,
        "shape_count": len(tables["shapes"]),
        "neuron_run_count": len(tables["neuron_runs"]),
        "axon_run_count": len(tables["axon_runs"]),
    }


def tables(config: ChipConfig) -> dict[str, NDArray[Any]]:
    """The arrays of `Chip` in structures.py."""
    geometry, cores = config.geometry, config.cores
    rows = [row for core in cores for row in core.rows]
    groups = [group for core in cores for group in core.groups]
    set_count = geometry.parameter_sets
    neuron_sets = np.repeat([group.parameter_set for group in groups], geometry.lanes)
    neuron_sets += np.repeat(np.arange(len(cores)) * set_count, geometry.neurons)
    registers = _registers(config)
    axon_kinds = list(_axon_kinds(config))
    return (
        _options(config)
        | _row_spans(config)
        | _fanout(config)
        | _passes(config, registers)
        | {
            "sets": registers,
            "neuron_runs": _runs(geometry.neurons, [(int(s), 0) for s in neuron_sets]),
            "axon_runs": _runs(geometry.axons, axon_kinds),
            "neuron_set": neuron_sets.astype(np.int32),
            "blank": registers[[kind for kind, _ in axon_kinds], PARAMETER_INDEX["blank"]],
            "shapes": shapes(config),
            "reach": reaches(config),
            "always_on": np.array([row.always_on for row in rows], np.uint8),
            "report": np.repeat([group.report for group in groups], geometry.lanes).astype(
                np.uint8
            ),
            "bias": np.array([bias for core in cores for bias in core.bias], np.int32),
        }
    )


def _row_spans(config: ChipConfig) -> dict[str, NDArray[np.int32]]:
    """The columns that each row of weights visits: its groups, or its kernel's channels."""
    if config.geometry.convolutions:
        ends = kernel_ends(config)
        return {"row_begin": np.zeros_like(ends), "row_end": ends}
    lanes, rows = config.geometry.lanes, [row for core in config.cores for row in core.rows]
    begins = np.array([row.first_group * lanes for row in rows], np.int32)
    ends = begins + np.array([row.groups * lanes for row in rows], np.int32)
    return {"row_begin": begins, "row_end": ends}


def _options(config: ChipConfig) -> dict[str, NDArray[np.int32]]:
    """The tables that only some builds have."""
    geometry = config.geometry
    found: dict[str, NDArray[np.int32]] = {}
    if geometry.mask:
        found |= {"row_parts": row_parts(config), "column_parts": column_parts(config)}
    if geometry.memristor:
        found |= {"gain": gains(config), "gain_shift": gain_shifts(config)}
    return found | ({"share": shares(config)} if geometry.memristor == 2 else {})


def _registers(config: ChipConfig) -> NDArray[np.int32]:
    """All parameter sets of all cores, int32 `(cores * parameter_sets, REGISTERS)`.

    The terms of a set are its `rule`.
    """
    count = config.geometry.parameter_sets
    table = np.zeros((len(config.cores), count, REGISTERS), np.int32)
    for core, sets in zip(config.cores, table, strict=True):
        for entries, values in zip(sets, core.parameter_sets, strict=False):
            entries[:] = _register_words(config, values)
    return table.reshape(-1, REGISTERS)


def _register_words(config: ChipConfig, values: ParameterSet) -> NDArray[np.int32]:
    words = np.zeros(REGISTERS, np.int32)
    for name in parameter_max(config.geometry):
        words[PARAMETER_INDEX[name]] = values.register(name)
    words[_TERMS] = 0
    words[_TERM : _TERM + len(values.rule)] = [term.word for term in values.rule]
    return words


def _passes(config: ChipConfig, registers: NDArray[np.int32]) -> dict[str, NDArray[np.int32]]:
    """The passes of every core: for the terms of its groups number, axon factor, and sight."""
    found: list[list[tuple[int, int, int]]] = []
    for index, core in enumerate(config.cores):
        start = index * config.geometry.parameter_sets
        used = [start + number for number in {group.parameter_set for group in core.groups}]
        words = registers[used, _TERMS]
        sets, numbers = (words & _AXON_FACTOR).nonzero()
        sees: dict[tuple[int, int], int] = defaultdict(int)
        for number, word in zip(numbers.tolist(), words[sets, numbers].tolist(), strict=True):
            sees[number, word & _AXON_FACTOR] |= word & _SEES != 0
        found.append([(*kind, sees[kind]) for kind in sorted(sees)])
    passes = [each for core in found for each in core]
    return {"pass_first": _firsts(found), "passes": np.array(passes, np.int32).reshape(-1, 3)}


def _axon_kinds(config: ChipConfig) -> Iterator[tuple[int, int]]:
    """Parameter set of the whole chip and `PqSource`, for every axon."""
    for index, core in enumerate(config.cores):
        for row in core.rows:
            yield index * config.geometry.parameter_sets + row.parameter_set, _source(row)


def _source(row: Row) -> PqSource:
    if not row.plastic:
        return PqSource.ZERO
    return PqSource.FIXED if row.always_on else PqSource.TRACE


def _runs(each: int, kinds: list[tuple[int, int]]) -> NDArray[np.int32]:
    """Neighbours of one kind in one core of `each`: int32 `(runs, 5)`, as `Run` of chip.h."""
    keys = [(number // each, *kind) for number, kind in enumerate(kinds)]
    runs, begin = [], 0
    for (core, number, source), members in groupby(keys):
        end = begin + len(list(members))
        runs.append((core, begin, end, number, source))
        begin = end
    return np.array(runs, np.int32)


def _fanout(config: ChipConfig) -> dict[str, NDArray[np.int32]]:
    """Entries by neuron, and the counters of the router ports that an entry's spike passes."""
    axons = config.geometry.axons
    tables = [table for core in config.cores for table in core.fanout]
    owners = np.repeat(np.arange(config.mesh.cores), config.geometry.neurons).tolist()
    found = [(o, e) for o, table in zip(owners, tables, strict=True) for e in table]
    routes = [_route(config, owner, entry.core - config.first) for owner, entry in found]
    axons_reached = [(entry.core - config.first) * axons + entry.axon for _, entry in found]
    return {
        "fan_first": _firsts(tables),
        "fan_axon": np.array(axons_reached, np.int32),
        "fan_delay": np.array([entry.delay for _, entry in found], np.int32),
        "route_first": _firsts(routes),
        "route_counter": np.array([port for route in routes for port in route], np.int32),
    }


def _route(config: ChipConfig, source: int, target: int) -> list[int]:
    """The ports that a spike passes, as indices into the counter table of a copy.

    A chip of one core has no router.
    """
    if config.mesh.cores == 1:
        return []
    steps = config.mesh.route(source, target)
    return [router * len(Counter) + Counter.NORTH + port for router, port in steps]


def _firsts(parts: Sequence[Sequence[Any]]) -> NDArray[np.int32]:
    """The start of each part when all are joined, and the end of the last: `(len(parts) + 1,)`."""
    return np.cumsum([0, *map(len, parts)]).astype(np.int32)
