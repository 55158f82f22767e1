"""A compiled graph on a device, with its membranes in thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices import open_device
from axonloop.host.network import Program
from axonloop.host.nir.nodes import Floats
from axonloop.models.protocol import Counter, Region


@dataclass(frozen=True, eq=False)
class ChipTrace:
    """What a chip did: spikes and membranes `(ticks, neurons)` of every neuron node.

    Membranes are in thresholds. `saturations`: state words that were clipped.
    """

    spikes: dict[str, NDArray[np.bool_]]
    membranes: dict[str, Floats]
    saturations: int


def run_on(
    program: Program,
    inputs: Mapping[str, NDArray[np.bool_]],
    more: int,
    scales: Mapping[str, float],
    late: frozenset[str],
    device: str,
) -> ChipTrace:
    """Run a program from a cleared state, `more` ticks longer than its inputs.

    The membrane of a `late` node is V less the R that was there before the tick.
    """
    ticks = len(next(iter(inputs.values()))) + more
    sizes = {name: len(neurons) for name, neurons in program.neurons.items()}
    spikes = {name: np.zeros((ticks, size), np.bool_) for name, size in sizes.items()}
    membranes = {name: np.zeros((ticks, size)) for name, size in sizes.items()}
    nothing = np.zeros(0, np.int32)
    with open_device(device, program.config) as chip:
        chip.load_weights(program.weights)
        chip.clear()
        reset = chip.read(Region.RESET)
        for tick in range(ticks):
            for name, trains in inputs.items():
                channels = np.flatnonzero(trains[tick]) if tick < len(trains) else nothing
                for delay in np.unique(program.delays[name]).tolist():
                    chip.send_spikes(program.axons_of(name, channels, delay), delay)
            for name, found in program.split(chip.tick(nothing)).items():
                spikes[name][tick, found] = True
            membrane = chip.read(Region.MEMBRANE).astype(np.int64)
            for name, neurons in program.neurons.items():
                above = membrane[neurons] - (reset[neurons] if name in late else 0)
                membranes[name][tick] = above / scales[name]
            reset = chip.read(Region.RESET) if late else reset
        saturations = chip.counters()[Counter.SATURATIONS]
    return ChipTrace(spikes, membranes, int(saturations))
