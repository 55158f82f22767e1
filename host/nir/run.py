"""A compiled graph on a device, with its membranes in thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from axonloop.host.devices import Device, open_device
from axonloop.host.network import Program, QuantisedPopulation
from axonloop.host.nir.neurons import Spikes
from axonloop.host.nir.nodes import Floats
from axonloop.host.nir.parts import Part
from axonloop.host.nir.steps import Steps
from axonloop.models.arrays import Int32Array
from axonloop.models.config import DECAY_ONE
from axonloop.models.protocol import Counter, Region


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


def run_on(
    program: Program,
    inputs: Mapping[str, Spikes],
    more: int,
    parts: Mapping[str, tuple[Part, ...]],
    scales: Mapping[str, float],
    late: set[str],
    start: Start,
    device: str,
) -> ChipTrace:
    """Run a program from its `start`, `more` ticks longer than its inputs.

    The membrane of a `late` node is V less the R that was there before the tick.
    """
    ticks = len(next(iter(inputs.values()))) + more
    nodes = {name: found for name, found in parts.items() if name not in inputs}
    shapes = {name: (ticks, sum(len(p.index) for p in found)) for name, found in nodes.items()}
    single = {name: all(len(p.names) == 1 for p in found) for name, found in nodes.items()}
    spikes: dict[str, Spikes] = {
        name: np.zeros(shape, np.bool_ if single[name] else np.int64)
        for name, shape in shapes.items()
    }
    membranes = {name: np.zeros(shape) for name, shape in shapes.items()}
    copies = {copy: (name, p.index) for name, own in nodes.items() for p in own for copy in p.names}
    with open_device(device, program.config) as chip:
        chip.load_weights(program.weights)
        chip.clear()
        start.set_on(chip)
        reset = chip.read(Region.RESET)
        for tick in range(ticks):
            for name, trains in inputs.items():
                if tick < len(trains):
                    _send(chip, program, parts[name][0], trains[tick])
            for copy, found in program.split(chip.tick(np.zeros(0, np.int32))).items():
                name, index = copies[copy]
                spikes[name][tick, index[found]] += True
            membrane = chip.read(Region.MEMBRANE).astype(np.int64)
            for name, part in ((name, part) for name, own in nodes.items() for part in own):
                neurons = program.neurons[part.name]
                above = membrane[neurons] - (reset[neurons] if name in late else 0)
                membranes[name][tick, part.index] = above / scales[part.name]
            reset = chip.read(Region.RESET) if late else reset
        saturations = chip.counters()[Counter.SATURATIONS]
    return ChipTrace(spikes, membranes, int(saturations))


def _send(chip: Device, program: Program, part: Part, counts: Spikes) -> None:
    """Send a step's spikes of a source: one for every copy of its channels that they reach."""
    for level, name in enumerate(part.names, 1):
        channels = np.flatnonzero(counts >= level)
        for delay in np.unique(program.delays[name]).tolist():
            chip.send_spikes(program.axons_of(name, channels, delay), delay)
