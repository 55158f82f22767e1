"""The state of many copies of a chip, as compiled code sees it."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import ChipConfig
from axonloop.models.protocol import Counter

MAX_COPIES = 60_000
"""Copies whose products E x Pq can be summed in 32 bits."""

NEURON_STATE = ("current", "membrane", "reset", "countdown", "box", "spike", "gated", "ungated")
AXON_STATE = ("trace_q", "trace_p", "trace_pq")
_DTYPES = {"box": np.bool_, "spike": np.bool_, "mark": np.uint8}

_Int = ctypes.c_int32
_Pointer = ctypes.c_void_p


class State(ctypes.Structure):
    """`State` of chip.h."""

    _fields_ = (
        ("copies", _Int),
        ("shared", _Int),
        *((name, _Pointer) for name in ("weights", "holes", "gaps", "extent", "current")),
        *((name, _Pointer) for name in ("membrane", "reset", "countdown", "box", "spike")),
        *((name, _Pointer) for name in ("trace_q", "trace_p", "trace_pq", "trace_z", "trace_qq")),
        *((name, _Pointer) for name in ("mark", "modulation", "gated", "ungated")),
        *((name, _Pointer) for name in ("pending", "counters", "seeds")),
    )


def weight_dtype(config: ChipConfig) -> type[np.signedinteger[Any]]:
    """The integers that hold a weight: int8 up to 8 bits, else int16."""
    return np.int8 if config.geometry.weight_bits <= 8 else np.int16


def new_arrays(config: ChipConfig, copies: int, shared: bool) -> dict[str, NDArray[Any]]:
    """State of `copies` chips after power-up, without synapses, as `Kernels` takes it.

    int32 `(copies, neurons)` or `(copies, axons)` of the whole chip by the names of the regions,
    bool where only 0 and 1 are possible, uint8 for `mark`; `pending` bool
    `(delay_slots, copies, axons)`; `weights` `(copies, or 1 if shared; axons; neurons of a core)`;
    `counters` int64 `(copies, cores, len(Counter))`; `modulation` int32 `(copies,)`.
    """
    geometry = config.geometry
    arrays: dict[str, NDArray[Any]] = {}
    neurons, axons = list(NEURON_STATE), list(AXON_STATE)
    if geometry.terms:
        neurons, axons = [*neurons, "trace_z"], [*axons, "trace_qq", "mark"]
    for names, count in ((neurons, config.neurons), (axons, config.axons)):
        for name in names:
            arrays[name] = np.zeros((copies, count), _DTYPES.get(name, np.int32))
    owners = 1 if shared else copies
    shape = (owners, config.axons, geometry.neurons)
    arrays["weights"] = np.full(shape, geometry.no_synapse, weight_dtype(config))
    arrays["pending"] = np.zeros((geometry.delay_slots, copies, config.axons), bool)
    arrays["modulation"] = np.zeros(copies, np.int32)
    arrays["counters"] = np.zeros((copies, config.mesh.cores, len(Counter)), np.int64)
    return arrays
