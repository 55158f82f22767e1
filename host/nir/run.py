"""A compiled graph on a device, with its membranes in thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices import Device, open_device
from axonloop.host.network import Program, QuantisedPopulation
from axonloop.host.nir.neurons import Spikes
from axonloop.host.nir.nodes import Floats
from axonloop.host.nir.parts import Part
from axonloop.host.nir.steps import Steps
from axonloop.host.recorder import Rasters, StateRecord, run_program
from axonloop.models.arrays import Int32Array
from axonloop.models.config import DECAY_ONE
from axonloop.models.protocol import Counter, Region

STATES = (Region.SPIKE, Region.MEMBRANE, Region.RESET)


@dataclass(frozen=True, eq=False)
class ChipTrace:
    """What a chip did: spikes and membranes `(ticks, neurons)` of every neuron node.

    Spikes are bool, or counts where a neuron may send several in a step. Membranes are in
    thresholds. `saturations`: state words that were clipped.
    """

    spikes: dict[str, Spikes]
    membranes: dict[str, Floats]
    saturations: int


@dataclass(frozen=True, eq=False)
class Start:
    """The state in which layers that run behind the others wait for their first step.

    A countdown holds their membranes, at what they start from. A current takes its bias in every
    tick, so it starts as far below as that brings it to 0.
    """

    program: Program
    steps: Mapping[str, Steps]
    parts: Mapping[str, tuple[Part, ...]]
    populations: Mapping[str, QuantisedPopulation]
    offsets: Mapping[str, int]

    def set_on(self, device: Device) -> None:
        """Write it into a device that was cleared."""
        for region, words in self._words.items():
            device.write(region, words)

    @cached_property
    def _words(self) -> dict[Region, Int32Array]:
        geometry = self.program.geometry
        cores = len(self.program.config.cores)
        regions = Region.COUNTDOWN, Region.CURRENT, Region.MEMBRANE
        found = {region: np.zeros(cores * geometry.neurons, np.int32) for region in regions}
        for name, offset in self.offsets.items():
            for part in self.parts[name]:
                own = self.populations[part.name]
                registers, biases = own.parameters, np.array(own.first_biases or [0], np.float64)
                keep = registers.beta_n / DECAY_ONE
                waits = offset + self.steps[name].lag
                below = sum(keep**-k for k in range(1, waits + 1)) if keep else 0.0
                words = np.rint(-biases * 2.0**registers.w_exp * below)
                words = words.clip(-geometry.state_max, geometry.state_max)
                steps, index = self.steps[name], part.index
                first = np.rint(own.scale * steps.first[index] / steps.threshold[index])
                for copy in part.names:
                    neurons = self.program.neurons[copy]
                    found[Region.COUNTDOWN][neurons] = offset
                    found[Region.CURRENT][neurons] = words
                    found[Region.MEMBRANE][neurons] = first
        return found


def trace_of(
    record: StateRecord,
    nodes: Mapping[str, tuple[Part, ...]],
    scales: Mapping[str, float],
    late: set[str],
    saturations: int = 0,
) -> ChipTrace:
    """What a record of spikes, membranes and resets, from a graph's start on, says of its nodes.

    The membrane of a `late` node is V less the R that was there before the tick.
    """
    spikes = {name: record.of(name, "spike") for name in record.populations}
    membranes = {name: np.zeros(own.shape) for name, own in spikes_of(spikes, nodes).items()}
    for name, found in nodes.items():
        for part in found:
            above = record.of(part.name, "membrane").astype(np.int64)
            if name in late:
                above[1:] -= record.of(part.name, "reset")[:-1]
            membranes[name][:, part.index] = above / scales[part.name]
    return ChipTrace(spikes_of(spikes, nodes), membranes, saturations)


def spikes_of(
    populations: Mapping[str, NDArray[Any]], nodes: Mapping[str, tuple[Part, ...]]
) -> dict[str, Spikes]:
    """Spikes of nodes, counts where a neuron may have several, of those of populations."""
    spikes: dict[str, Spikes] = {}
    for name, found in nodes.items():
        single = all(len(part.names) == 1 for part in found)
        shape = len(populations[found[0].name]), sum(len(part.index) for part in found)
        spikes[name] = np.zeros(shape, np.bool_ if single else np.int64)
        for part in found:
            for copy in part.names:
                spikes[name][:, part.index] += populations[copy].astype(np.bool_)
    return spikes


def run_on(
    program: Program, rasters: Rasters, more: int, start: Start, device: str
) -> tuple[StateRecord, int]:
    """Run a program from its `start`, `more` ticks longer than its inputs.

    What `trace_of` needs, and the state words that were clipped.
    """
    with open_device(device, program.config) as chip:
        chip.load_weights(program.weights)
        record = run_program(program, rasters, chip, STATES, more=more, start=start.set_on)
        return record, int(chip.counters()[Counter.SATURATIONS])
