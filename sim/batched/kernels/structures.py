"""The numbers and structures that Python and C++ of the kernels share, declared once, here.

`header` writes them as the C++ header `declarations.h` whenever the kernels are compiled, so the
two sides cannot differ.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import NamedTuple

from axonloop.models.config import (
    ERROR_DRIVEN,
    TERM_FIELDS,
    WEIGHT_FIELDS,
    AxonFactor,
    NeuronFactor,
    Purpose,
    ResetMode,
    ThirdFactor,
)
from axonloop.models.golden import CODE_COLUMNS
from axonloop.models.protocol import PARAMETER_INDEX, Counter, Region, Use
from axonloop.sim.batched.arrays import dtype_of
from axonloop.sim.batched.tables import LOGISTIC

REGISTERS = max(PARAMETER_INDEX.values()) + 1
"""Registers of a parameter set, those between them that are reserved included."""


class PqSource(IntEnum):
    """The source of Pq and Qq of a row.

    ZERO: the row is not plastic. FIXED: it is always on, they are pq_on. TRACE: the row's trace.
    """

    ZERO = 0
    FIXED = 1
    TRACE = 2


class Member(NamedTuple):
    """A member of a C++ structure: its type, its name, what it holds."""

    kind: str
    name: str
    meaning: str


CHIP = (
    Member("int32_t", "cores", "cores of the chip"),
    Member("int32_t", "axons", "axons of one core"),
    Member("int32_t", "neurons", "neurons of one core"),
    Member(
        "int32_t", "rows", "rows of weights of one core: axons, or with convolutions kernel rows"
    ),
    Member("int32_t", "columns", "columns of weights: neurons of one core, or channels"),
    Member("int32_t", "slots", "delay slots"),
    Member("int32_t", "first", "number of the first core"),
    Member("int32_t", "weight_bytes", "bytes of a weight: 1 or 2"),
    Member("int32_t", "no_synapse", "the weight where there is no synapse"),
    Member("int32_t", "weight_max", "largest weight; the smallest is its negative"),
    Member("int32_t", "state_max", "largest I, V and R; the smallest is its negative"),
    Member("int32_t", "trace_max", "largest Q, P and Z"),
    Member("int32_t", "pq_max", "largest Pq and Qq"),
    Member("int32_t", "error_max", "largest E and c; the smallest is its negative"),
    Member("int32_t", "wide", "1 if a product or a sum of the neurons may need over 32 bits"),
    Member("int32_t", "terms", "terms of a parameter set; 0: the plain rule alone"),
    Member("int32_t", "blank_out", "1 if a row may drop spikes"),
    Member("int32_t", "memristor", "0, 1: terms may see weights, 2: and change them by pulses"),
    Member("int32_t", "coarse", "a word of a gain is for 2^coarse weights"),
    Member("int32_t", "mask", "1 if rows and columns lose parts"),
    Member("int32_t", "threshold_noise", "1 if neurons compare with a threshold that varies"),
    Member("int32_t", "convolutions", "1 if cores have convolutions"),
    Member("int32_t", "shape_count", "length of shapes"),
    Member("int32_t", "neuron_run_count", "length of neuron_runs"),
    Member("int32_t", "axon_run_count", "length of axon_runs"),
    Member("const int32_t *", "sets", "registers, (parameter sets of all cores, REGISTERS)"),
    Member("const Run *", "neuron_runs", "neurons by parameter set, in their order"),
    Member("const Run *", "axon_runs", "axons by parameter set and PqSource, in their order"),
    Member("const int32_t *", "neuron_set", "parameter set of each neuron"),
    Member("const int32_t *", "blank", "register `blank` of each axon"),
    Member("const int32_t *", "row_parts", "of 256, what each axon leaves of its weights"),
    Member("const int32_t *", "column_parts", "of 256, what each neuron leaves of them"),
    Member("const int32_t *", "gain", "R, (cores, down and up, 256)"),
    Member("const int32_t *", "gain_shift", "s, (cores, down and up)"),
    Member("const int32_t *", "share", "K, (cores, down and up, 256)"),
    Member("const int32_t *", "pass_first", "passes of core k: pass_first[k]..pass_first[k + 1]"),
    Member("const Pass *", "passes", "the passes of all cores"),
    Member("const Shape *", "shapes", "the convolutions of all cores"),
    Member("const Reach *", "reach", "per axon: what it reaches through a convolution"),
    Member("const int32_t *", "row_begin", "per row of weights: the first column that it visits"),
    Member("const int32_t *", "row_end", "per row of weights: the column behind the last one"),
    Member("const uint8_t *", "always_on", "per axon: 1 if it spikes in every tick"),
    Member("const uint8_t *", "report", "per neuron: 1 if the host hears its spikes"),
    Member("const int32_t *", "bias", "bias of each neuron"),
    Member("const int32_t *", "fan_first", "entries of neuron n: fan_first[n]..fan_first[n + 1]"),
    Member("const int32_t *", "fan_axon", "axon of the chip that an entry's spike reaches"),
    Member("const int32_t *", "fan_delay", "delay of an entry"),
    Member("const int32_t *", "route_first", "routers that a spike of entry e passes: as above"),
    Member("const int32_t *", "route_counter", "each router's counter, in a copy's table of them"),
)
"""Registers and tables of a chip. Axons and neurons are numbered through it, core by core."""

_TYPES = {"bool": "uint8_t", "uint8": "uint8_t", "int32": "int32_t"}


def _shape(region: Region) -> str:
    return "(slots, copies, axons)" if region is Region.PENDING else f"of each {region.owner.value}"


STATE = (
    Member("int32_t", "copies", "copies of the chip"),
    Member("int32_t", "shared", "1 if they share one weight memory and one seed"),
    Member("void *", "weights", "(weight memories, rows of all cores, columns), int8_t or int16_t"),
    Member("uint8_t *", "visits_absent", "per row: 1 if a place that it visits has no synapse"),
    Member("uint8_t *", "spans_absent", "per row: 1 if a place of its span has no synapse"),
    Member("int32_t *", "span", "per row: its first column with a synapse, that behind its last"),
    Member("int32_t *", "modulation", "M of each copy"),
    Member("int64_t *", "counters", "(copies, cores, COUNTERS)"),
    Member("uint32_t *", "seeds", "one per weight memory"),
    Member("int32_t *", "writes", "per place of `weights`: its writes; null if not counted"),
    *(
        Member(f"{_TYPES[dtype_of(region).name]} *", region.key, _shape(region))
        for region in Region
        if region.use is not Use.SETTING
    ),
)
"""The state of many copies of a chip, copies first; null where a build lacks a region."""


def _structure(name: str, members: tuple[Member, ...]) -> type[ctypes.Structure]:
    fields = [
        (each.name, ctypes.c_void_p if each.kind.endswith("*") else ctypes.c_int32)
        for each in members
    ]
    return type(name, (ctypes.Structure,), {"_fields_": fields})


Chip = _structure("Chip", CHIP)
State = _structure("State", STATE)


def header() -> str:
    """The text of declarations.h."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "// Written by structures.py when the kernels are compiled."
    yield "#pragma once"
    yield "#include <cstdint>"
    yield from _constants("Counter", Counter.__members__)
    yield from _constants("Register", {name.upper(): n for name, n in PARAMETER_INDEX.items()})
    for kind in (AxonFactor, NeuronFactor, ThirdFactor, Purpose, ResetMode, PqSource):
        yield from _constants(kind.__name__, kind.__members__)
    yield f"constexpr int COUNTERS = {len(Counter)}, REGISTERS = {REGISTERS};"
    columns = ", ".join(map(hex, CODE_COLUMNS))
    yield f"constexpr uint32_t CODE_COLUMNS[] = {{{columns}}};  // an axon's codeword, bit by bit"
    yield f"constexpr int16_t LOGISTIC[] = {{{', '.join(map(str, LOGISTIC))}}};"
    yield "struct Term {  // a term of a parameter set: a word of fields"
    yield "    int32_t word;"
    low = 0
    for name, bits in (TERM_FIELDS | WEIGHT_FIELDS).items():
        yield f"    int {name}() const {{ return word >> {low} & {(1 << bits) - 1}; }}"
        low += bits
    driven = sum(1 << factor for factor in ERROR_DRIVEN)
    yield f"    bool error_driven() const {{ return {driven} >> third() & 1; }}"
    yield "};"
    yield "struct Run;"
    yield "struct Pass;"
    yield "struct Shape;"
    yield "struct Reach;"
    yield from _struct("Chip", CHIP)
    yield from _struct("State", STATE)


def _constants(name: str, values: Mapping[str, int]) -> Iterator[str]:
    listed = ", ".join(f"{key} = {int(value)}" for key, value in values.items())
    yield f"namespace {name} {{ constexpr int {listed}; }}"


def _struct(name: str, members: tuple[Member, ...]) -> Iterator[str]:
    yield f"struct {name} {{"
    yield from (f"    {each.kind} {each.name};  // {each.meaning}" for each in members)
    yield "};"
