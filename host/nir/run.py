"""A compiled graph on a device, with its membranes in thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices import open_device
from axonloop.host.network import Program
from axonloop.host.nir.nodes import Floats
from axonloop.host.recorder import StateRecord, run_program
from axonloop.models.protocol import Counter, Region

STATES = (Region.SPIKE, Region.MEMBRANE, Region.RESET)


@dataclass(frozen=True, eq=False)
class ChipTrace:
    """What a chip did: spikes and membranes `(ticks, neurons)` of every neuron node.

    Membranes are in thresholds. `saturations`: state words that were clipped.
    """

    spikes: dict[str, NDArray[np.bool_]]
    membranes: dict[str, Floats]
    saturations: int


def trace_of(
    record: StateRecord,
    scales: Mapping[str, float],
    late: frozenset[str],
    saturations: int = 0,
) -> ChipTrace:
    """What a record of spikes, membranes and resets says, from a cleared chip on.

    The membrane of a `late` node is V less the R that was there before the tick.
    """
    membranes = {}
    for name in record.populations:
        above = record.of(name, "membrane").astype(np.int64)
        if name in late:
            above[1:] -= record.of(name, "reset")[:-1]
        membranes[name] = above / scales[name]
    spikes = {name: record.of(name, "spike").astype(np.bool_) for name in record.populations}
    return ChipTrace(spikes, membranes, saturations)


def run_on(
    program: Program, inputs: Mapping[str, NDArray[np.bool_]], more: int, device: str
) -> tuple[StateRecord, int]:
    """Run a program from a cleared state, `more` ticks longer than its inputs.

    What `trace_of` needs, and the state words that were clipped.
    """
    with open_device(device, program.config) as chip:
        chip.load_weights(program.weights)
        record = run_program(program, inputs, chip, STATES, more=more)
        return record, int(chip.counters()[Counter.SATURATIONS])
