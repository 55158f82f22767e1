"""Registers and tables of a chip, as compiled code sees them."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import ChipConfig, ParameterSet, Row, parameter_max
from axonloop.models.protocol import PARAMETER_INDEX, Counter
from axonloop.sim.batched.kernels.state import weight_dtype

_NEVER, _ALWAYS, _FOLLOWS = range(3)
_REGISTERS = 28
"""Registers of a parameter set, reserved ones included."""
_TERM = PARAMETER_INDEX["term_0"]
_AXON_FACTOR = 0b111
"""Bits of a term that say what it takes of the axon; 0: it is off."""
_PLAIN = 4 | 1 << 5
"""The plain rule as a term, but for its shift: E times Pq."""
_SHIFT = 11

_Int = ctypes.c_int32
_Pointer = ctypes.c_void_p


class Chip(ctypes.Structure):
    """`Chip` of chip.h."""

    _fields_ = (
        *((name, _Int) for name in ("cores", "axons", "neurons", "slots", "first")),
        *((name, _Int) for name in ("weight_bytes", "no_synapse", "weight_max", "state_max")),
        *((name, _Int) for name in ("trace_max", "pq_max", "error_max", "wide", "terms", "blanks")),
        *((name, _Int) for name in ("neuron_run_count", "axon_run_count")),
        *((name, _Pointer) for name in ("sets", "neuron_runs", "axon_runs", "neuron_set")),
        *((name, _Pointer) for name in ("blank", "pass_first", "passes")),
        *((name, _Pointer) for name in ("row_begin", "row_end", "always_on", "report", "bias")),
        *((name, _Pointer) for name in ("fan_first", "fan_axon", "fan_delay")),
        *((name, _Pointer) for name in ("way_first", "way_counter")),
    )


def numbers(config: ChipConfig, tables: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    geometry = config.geometry
    limits = [f"{name}_max" for name in ("weight", "state", "trace", "pq", "error")]
    names = ("axons", "neurons", "no_synapse", *limits)
    sum_bits = geometry.accumulator_bits + parameter_max(geometry)["w_exp"]
    return {name: getattr(geometry, name) for name in names} | {
        "cores": config.mesh.cores,
        "slots": geometry.delay_slots,
        "first": config.first,
        "weight_bytes": np.dtype(weight_dtype(config)).itemsize,
        "terms": geometry.terms,
        "blanks": bool(tables["blank"].any()),
        "wide": geometry.state_bits > 19 or sum_bits > 31,
        "neuron_run_count": len(tables["neuron_runs"]),
        "axon_run_count": len(tables["axon_runs"]),
    }


def tables(config: ChipConfig) -> dict[str, NDArray[Any]]:
    """The arrays of `Chip` in chip.h."""
    geometry, cores = config.geometry, config.cores
    rows = [row for core in cores for row in core.rows]
    groups = [group for core in cores for group in core.groups]
    set_count = geometry.parameter_sets
    neuron_sets = np.repeat([group.parameter_set for group in groups], geometry.lanes)
    neuron_sets += np.repeat(np.arange(len(cores)) * set_count, geometry.neurons)
    registers = _registers(config)
    axon_kinds = list(_axon_kinds(config))
    begins = np.array([row.first_group * geometry.lanes for row in rows], np.int32)
    return (
        _fanout(config)
        | _passes(config, registers)
        | {
            "sets": registers,
            "neuron_runs": _runs(geometry.neurons, [(int(s), 0) for s in neuron_sets]),
            "axon_runs": _runs(geometry.axons, axon_kinds),
            "neuron_set": neuron_sets.astype(np.int32),
            "blank": registers[[kind for kind, _ in axon_kinds], PARAMETER_INDEX["blank"]],
            "row_begin": begins,
            "row_end": begins + np.array([row.groups * geometry.lanes for row in rows], np.int32),
            "always_on": np.array([row.always_on for row in rows], np.uint8),
            "report": np.repeat([group.report for group in groups], geometry.lanes).astype(
                np.uint8
            ),
            "bias": np.array([bias for core in cores for bias in core.bias], np.int32),
        }
    )


def _registers(config: ChipConfig) -> NDArray[np.int32]:
    """All parameter sets of all cores, int32 `(cores * parameter_sets, registers)`.

    In a set that has no term that is on, term 0 is the plain rule.
    """
    count = config.geometry.parameter_sets
    table = np.zeros((len(config.cores), count, _REGISTERS), np.int32)
    for core, place in zip(config.cores, table, strict=True):
        for entries, values in zip(place, core.parameter_sets, strict=False):
            entries[:] = _register_words(config, values)
    return table.reshape(-1, _REGISTERS)


def _register_words(config: ChipConfig, values: ParameterSet) -> NDArray[np.int32]:
    words = np.zeros(_REGISTERS, np.int32)
    for name in parameter_max(config.geometry):
        words[PARAMETER_INDEX[name]] = values.register(name)
    if not (words[_TERM:] & _AXON_FACTOR).any():
        words[_TERM:] = 0
        words[_TERM] = _PLAIN | values.eta_shift << _SHIFT
    return words


def _passes(config: ChipConfig, registers: NDArray[np.int32]) -> dict[str, NDArray[np.int32]]:
    """What learning does, core by core: numbers and axon factors of the terms of its groups."""
    found: list[list[tuple[int, int]]] = []
    for index, core in enumerate(config.cores):
        start = index * config.geometry.parameter_sets
        used = [start + number for number in {group.parameter_set for group in core.groups}]
        kinds = registers[used, _TERM:] & _AXON_FACTOR
        sets, numbers = kinds.nonzero()
        found.append(sorted(set(zip(numbers.tolist(), kinds[sets, numbers].tolist(), strict=True))))
    passes = [each for core in found for each in core]
    return {"pass_first": _firsts(found), "passes": np.array(passes, np.int32).reshape(-1, 2)}


def _axon_kinds(config: ChipConfig) -> Iterator[tuple[int, int]]:
    """Parameter set of the whole chip and origin of Pq, for every axon."""
    for index, core in enumerate(config.cores):
        for row in core.rows:
            yield index * config.geometry.parameter_sets + row.parameter_set, _factor(row)


def _factor(row: Row) -> int:
    if not row.plastic:
        return _NEVER
    return _ALWAYS if row.always_on else _FOLLOWS


def _runs(each: int, kinds: list[tuple[int, int]]) -> NDArray[np.int32]:
    """Neighbours of one kind and one core (of `each`): int32 `(runs, 5)`, as `Run`."""
    keys = [(number // each, *kind) for number, kind in enumerate(kinds)]
    runs, begin = [], 0
    for (core, number, factor), members in groupby(keys):
        end = begin + len(list(members))
        runs.append((core, begin, end, number, factor))
        begin = end
    return np.array(runs, np.int32)


def _fanout(config: ChipConfig) -> dict[str, NDArray[np.int32]]:
    """Entries by neuron, and the counters that a spike moves on its way."""
    axons = config.geometry.axons
    tables = [table for core in config.cores for table in core.fanout]
    owners = np.repeat(np.arange(config.mesh.cores), config.geometry.neurons).tolist()
    found = [(o, e) for o, table in zip(owners, tables, strict=True) for e in table]
    ways = [_way(config, owner, entry.core - config.first) for owner, entry in found]
    places = [(entry.core - config.first) * axons + entry.axon for _, entry in found]
    return {
        "fan_first": _firsts(tables),
        "fan_axon": np.array(places, np.int32),
        "fan_delay": np.array([entry.delay for _, entry in found], np.int32),
        "way_first": _firsts(ways),
        "way_counter": np.array([step for way in ways for step in way], np.int32),
    }


def _way(config: ChipConfig, source: int, target: int) -> list[int]:
    """Places in the counter table of a copy; the only core of a chip has no router."""
    if config.mesh.cores == 1:
        return []
    steps = config.mesh.way(source, target)
    return [router * len(Counter) + Counter.NORTH + port for router, port in steps]


def _firsts(parts: Sequence[Sequence[Any]]) -> NDArray[np.int32]:
    """Where each part starts when all are joined, and where the last one ends."""
    return np.cumsum([0, *map(len, parts)]).astype(np.int32)
