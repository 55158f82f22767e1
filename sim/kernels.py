"""Whole chips in compiled code, many copies at once: `kernels.cpp`, built and called from here.

The library is compiled for the instruction set of this machine and cached by content: what the
compiler predefines for it, its vector units among it, is part of the key.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.chip import ChipConfig
from axonloop.models.config import Row, parameter_max, require, require_range
from axonloop.models.registers import Counter
from axonloop.sim.cache import content_key, entry
from axonloop.sim.errors import BuildError, MissingToolError
from axonloop.sim.toolchain import STANDARD, find_compiler, run_tool

SOURCE = Path(__file__).with_name("kernels.cpp")
FLAGS = (STANDARD, "-O3", "-march=native", "-fPIC", "-shared", "-Wno-psabi")
MAX_COPIES = 60_000
"""Copies whose products E x Pq can be summed in 32 bits."""

NEURON_STATE = ("current", "membrane", "reset", "countdown", "box", "spike", "gated", "ungated")
AXON_STATE = ("trace_q", "trace_p", "trace_pq")
_BYTES = ("box", "spike")
_NEVER, _ALWAYS, _FOLLOWS = range(3)

_Int = ctypes.c_int32
_Pointer = ctypes.c_void_p


class _Chip(ctypes.Structure):
    """`Chip` of kernels.cpp."""

    _fields_ = (
        *((name, _Int) for name in ("cores", "axons", "neurons", "slots", "first")),
        *((name, _Int) for name in ("weight_bytes", "no_synapse", "weight_max", "state_max")),
        *((name, _Int) for name in ("trace_max", "pq_max", "error_max", "wide")),
        *((name, _Int) for name in ("neuron_run_count", "axon_run_count")),
        *((name, _Pointer) for name in ("sets", "neuron_runs", "axon_runs", "neuron_set")),
        *((name, _Pointer) for name in ("row_begin", "row_end", "always_on", "report", "bias")),
        *((name, _Pointer) for name in ("fan_first", "fan_axon", "fan_delay")),
        *((name, _Pointer) for name in ("way_first", "way_counter")),
    )


class _State(ctypes.Structure):
    """`State` of kernels.cpp."""

    _fields_ = (
        ("copies", _Int),
        ("shared", _Int),
        *((name, _Pointer) for name in ("weights", "holes", "gaps", "extent", "current")),
        *((name, _Pointer) for name in ("membrane", "reset", "countdown", "box", "spike")),
        *((name, _Pointer) for name in ("trace_q", "trace_p", "trace_pq", "gated", "ungated")),
        *((name, _Pointer) for name in ("pending", "counters", "seeds")),
    )


_INTERFACE: dict[str, list[Any]] = {
    "survey": [],
    "run": [ctypes.c_uint32, _Int, _Pointer, _Pointer],
    "send_errors": [_Pointer, _Int, _Int],
    "learn": [ctypes.c_uint32],
    "integrate": [_Pointer, _Pointer],
    "neurons": [_Pointer],
    "traces": [_Pointer],
}
"""The functions of kernels.cpp and their arguments, behind a chip and a state."""


@cache
def library() -> ctypes.CDLL:
    """The compiled kernels, from the cache or compiled now.

    Raises MissingToolError without a compiler, BuildError if it fails or the cache cannot be
    written.
    """
    compiler, version = find_compiler()
    machine = run_tool([str(compiler), "-march=native", "-dM", "-E", "-x", "c++", "/dev/null"])
    key = content_key(SOURCE.read_bytes(), repr(FLAGS), str(compiler), version, machine)

    def build(folder: Path) -> None:
        run_tool([str(compiler), *FLAGS, str(SOURCE), "-o", str(folder / "kernels.so")])

    code = ctypes.CDLL(str(entry("kernels", key, build) / "kernels.so"))
    for name, arguments in _INTERFACE.items():
        function = getattr(code, f"axonloop_{name}")
        function.argtypes = [_Pointer, _Pointer, *arguments]
        function.restype = _Int if name == "send_errors" else None
    return code


@cache
def available() -> bool:
    """Whether the kernels can be had here."""
    try:
        library()
    except (MissingToolError, BuildError):
        return False
    return True


def weight_dtype(config: ChipConfig) -> type[np.signedinteger[Any]]:
    """The integers that hold a weight: int8 up to 8 bits, else int16."""
    return np.int8 if config.geometry.weight_bits <= 8 else np.int16


def new_arrays(config: ChipConfig, copies: int, shared: bool) -> dict[str, NDArray[Any]]:
    """State of `copies` chips after power-up, without synapses, as `Kernels` takes it.

    int32 `(copies, neurons)` or `(copies, axons)` of the whole chip by the names of the regions,
    bool where only 0 and 1 are possible; `pending` bool `(delay_slots, copies, axons)`;
    `weights` `(copies, or 1 if shared; axons; neurons of a core)`; `counters` int64
    `(copies, cores, len(Counter))`.
    """
    geometry = config.geometry
    arrays: dict[str, NDArray[Any]] = {}
    for names, count in ((NEURON_STATE, config.neurons), (AXON_STATE, config.axons)):
        for name in names:
            arrays[name] = np.zeros((copies, count), bool if name in _BYTES else np.int32)
    owners = 1 if shared else copies
    shape = (owners, config.axons, geometry.neurons)
    arrays["weights"] = np.full(shape, geometry.no_synapse, weight_dtype(config))
    arrays["pending"] = np.zeros((geometry.delay_slots, copies, config.axons), bool)
    arrays["counters"] = np.zeros((copies, config.mesh.cores, len(Counter)), np.int64)
    return arrays


class Kernels:
    """Ticks and learning of many copies of a chip, in place, in one thread.

    `arrays` are those of `new_arrays`; whoever owns them keeps them where they are. Learning of
    copies that share their weights adds up the products E x Pq of all copies and rounds once,
    with the first seed; a synapse is then visited if that sum is not 0, and all copies count it.
    """

    def __init__(
        self,
        config: ChipConfig,
        arrays: Mapping[str, NDArray[Any]],
        shared: bool,
        seeds: Sequence[int],
    ) -> None:
        self._code = library()
        self._arrays = dict(arrays)
        copies = len(arrays["current"])
        require_range("copies", copies, 1, MAX_COPIES)
        rows = arrays["weights"].shape[:2]
        self._arrays |= {
            "holes": np.zeros(rows, np.uint8),
            "gaps": np.zeros(rows, np.uint8),
            "extent": np.zeros((*rows, 2), np.int32),
            "seeds": np.zeros(rows[0], np.uint32),
        }
        for name, values in self._arrays.items():
            require(values.flags.c_contiguous, name, "contiguous", values.strides)
        pointers = {name: values.ctypes.data for name, values in self._arrays.items()}
        self._state = _State(copies=copies, shared=shared, **pointers)
        self._copies = copies
        self.reseed(seeds)
        self.configure(config)

    def reseed(self, seeds: Sequence[int]) -> None:
        """Seeds of the rounding hash: one per weight memory."""
        self._arrays["seeds"][:] = seeds

    def configure(self, config: ChipConfig) -> None:
        """Take over registers and tables of a chip of the same geometry and mesh."""
        self._config, self._axons, self._neurons = config, config.axons, config.neurons
        self._tables = _tables(config)
        pointers = {name: values.ctypes.data for name, values in self._tables.items()}
        self._chip = _Chip(**_numbers(config, self._tables), **pointers)
        self._both = ctypes.addressof(self._chip), ctypes.addressof(self._state)
        self.survey()

    def survey(self) -> None:
        """To be called whenever `weights` were written from outside."""
        self._code.axonloop_survey(*self._both)

    def run(self, time: int, ticks: int, given: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        """Ticks `time`, `time` + 1, ... with the host's spikes, `(ticks, copies, axons)`.

        Returns the spikes reported, `(ticks, copies, neurons)`.
        """
        shape = (ticks, self._copies)
        reported = np.empty((*shape, self._neurons), bool)
        sent = None if given is None else _bools(given, (*shape, self._axons))
        self.run_at(time, ticks, None if sent is None else sent.ctypes.data, reported.ctypes.data)
        return reported

    def run_at(self, time: int, ticks: int, given: int | None, reported: int) -> None:
        """`run` on addresses of contiguous bytes of those shapes, unchecked."""
        self._code.axonloop_run(*self._both, time, ticks, given, reported)

    def send_errors(self, values: NDArray[np.int32], ungated: bool) -> bool:
        """Error events, int32 `(copies, neurons)`, the sum of each neuron's.

        False, and nothing is done, if a value or a sum would leave its range.
        """
        values = np.ascontiguousarray(values, np.int32)
        shape = (self._copies, self._neurons)
        require(values.shape == shape, "values of error events", f"of shape {shape}", values.shape)
        return self.send_errors_at(values.ctypes.data, ungated)

    def send_errors_at(self, values: int, ungated: bool) -> bool:
        """`send_errors` from the address of contiguous values of that shape, unchecked."""
        bits = self._config.geometry.error_sum_bits
        return bool(self._code.axonloop_send_errors(*self._both, values, ungated, bits))

    def learn(self, time: int) -> None:
        """Apply and forget the errors; `time` is the tick before."""
        self._code.axonloop_learn(*self._both, time)

    def integrate(self, spikes: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Step 2 alone: ACC, int32 `(copies, neurons)`, from `(copies, axons)`."""
        spikes = _bools(spikes, (self._copies, self._axons))
        acc = np.empty((self._copies, self._neurons), np.int32)
        self._code.axonloop_integrate(*self._both, spikes.ctypes.data, acc.ctypes.data)
        return acc

    def neurons(self, acc: NDArray[np.int32]) -> None:
        """Step 3 alone, from ACC, int32 `(copies, neurons)`."""
        sums = np.ascontiguousarray(acc, np.int32)
        self._code.axonloop_neurons(*self._both, sums.ctypes.data)

    def traces(self, spikes: NDArray[np.bool_]) -> None:
        """Step 4 alone, from the axons' spikes, `(copies, axons)`."""
        spikes = _bools(spikes, (self._copies, self._axons))
        self._code.axonloop_traces(*self._both, spikes.ctypes.data)


def _bools(values: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if values.dtype != np.bool_ or values.shape != shape:
        require(False, "spikes", f"of dtype bool and shape {shape}", (values.dtype, values.shape))
    return values if values.flags.c_contiguous else np.ascontiguousarray(values)


def _numbers(config: ChipConfig, tables: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    geometry = config.geometry
    limits = [f"{name}_max" for name in ("weight", "state", "trace", "pq", "error")]
    names = ("axons", "neurons", "no_synapse", *limits)
    sum_bits = geometry.accumulator_bits + parameter_max(geometry)["w_exp"]
    return {name: getattr(geometry, name) for name in names} | {
        "cores": config.mesh.cores,
        "slots": geometry.delay_slots,
        "first": config.first,
        "weight_bytes": np.dtype(weight_dtype(config)).itemsize,
        "wide": geometry.state_bits > 19 or sum_bits > 31,
        "neuron_run_count": len(tables["neuron_runs"]),
        "axon_run_count": len(tables["axon_runs"]),
    }


def _tables(config: ChipConfig) -> dict[str, NDArray[Any]]:
    """The arrays of `Chip` in kernels.cpp."""
    geometry, cores = config.geometry, config.cores
    rows = [row for core in cores for row in core.rows]
    groups = [group for core in cores for group in core.groups]
    set_count = geometry.parameter_sets
    neuron_sets = np.repeat([group.parameter_set for group in groups], geometry.lanes)
    neuron_sets += np.repeat(np.arange(len(cores)) * set_count, geometry.neurons)
    begins = np.array([row.first_group * geometry.lanes for row in rows], np.int32)
    return _fanout(config) | {
        "sets": _registers(config),
        "neuron_runs": _runs(geometry.neurons, [(int(s), 0) for s in neuron_sets]),
        "axon_runs": _runs(geometry.axons, list(_axon_kinds(config))),
        "neuron_set": neuron_sets.astype(np.int32),
        "row_begin": begins,
        "row_end": begins + np.array([row.groups * geometry.lanes for row in rows], np.int32),
        "always_on": np.array([row.always_on for row in rows], np.uint8),
        "report": np.repeat([group.report for group in groups], geometry.lanes).astype(np.uint8),
        "bias": np.array([bias for core in cores for bias in core.bias], np.int32),
    }


def _registers(config: ChipConfig) -> NDArray[np.int32]:
    """All parameter sets of all cores, int32 `(cores * parameter_sets, registers)`."""
    names = list(parameter_max(config.geometry))
    count = config.geometry.parameter_sets
    table = np.zeros((len(config.cores), count, len(names)), np.int32)
    for core, place in zip(config.cores, table, strict=True):
        for entries, values in zip(place, core.parameter_sets, strict=False):
            entries[:] = [int(getattr(values, name)) for name in names]
    return table.reshape(-1, len(names))


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
