"""An imported graph: on the chip, in float, and the one beside the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from axonloop.host.network import FloatReset, Network, Program, QuantisedPopulation
from axonloop.host.nir.comparison import Comparison, compared
from axonloop.host.nir.dialects import Dialect, Reading
from axonloop.host.nir.graph import FlatGraph
from axonloop.host.nir.neurons import Spikes
from axonloop.host.nir.nodes import Kind, refuse
from axonloop.host.nir.parts import NodePart, reset_of
from axonloop.host.nir.run import ChipTrace, Start, run_on, trace_of
from axonloop.host.nir.simulator import FloatTrace, simulate
from axonloop.host.nir.steps import Steps
from axonloop.host.recorder import Rasters, StateRecord


@dataclass(frozen=True, eq=False)
class ImportedGraph:
    """A NIR graph as a `Program`, with what it lost on the way.

    `parts[name]`: the populations that a node has become, one unless its neurons differ in their
    time constants or may spike several times in a step. `populations[part.name].error` says
    what quantisation does to them. `offsets[name]`: ticks that a layer runs behind the graph's
    steps (step s of it is tick s + offset); `latency` is the largest of them. `notes` are what a
    reader of the graph may not expect.
    """

    graph: FlatGraph
    reading: Reading
    steps: dict[str, Steps]
    parts: dict[str, tuple[NodePart, ...]]
    populations: dict[str, QuantisedPopulation]
    network: Network
    program: Program
    offsets: dict[str, int]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        """Its dialect and its program: arrays would fill pages."""
        return f"ImportedGraph of dialect {self.dialect}, dt {self.dt:g}: {self.program!r}"

    @property
    def dialect(self) -> Dialect:
        """Whose steps the file means."""
        return self.reading.dialect

    @property
    def dt(self) -> float:
        """The step, in the file's unit of time."""
        return self.reading.dt

    @property
    def bounds(self) -> dict[str, float]:
        """The bound on the membranes of every neuron node, in thresholds."""
        return {
            name: max(self.populations[part.name].error.bound for part in self.parts[name])
            for name in self.steps
        }

    @property
    def latency(self) -> int:
        """Ticks that the last layer runs behind the first."""
        return max(self.offsets.values())

    def inputs_of(self, inputs: Mapping[str, ArrayLike] | ArrayLike) -> dict[str, Spikes]:
        """Input spikes of every source: counts `(steps, channels)`; ValueError for others
        than 0 .. the `counts` of the import.

        A lone array is that of the only source; `(steps, *shape)` is taken too.
        """
        sources = self.graph.names(Kind.SOURCE)
        if not isinstance(inputs, Mapping):
            if len(sources) > 1:
                raise refuse("inputs", f"given for {', '.join(sources)}", "one array", "a dict")
            inputs = {sources[0]: inputs}
        if set(inputs) != set(sources):
            given = ", ".join(sorted(inputs)) or None
            raise refuse("inputs", f"given for {', '.join(sources)}", given, "these names")
        found = {name: self._spikes(name, inputs[name]) for name in sources}
        if len({len(spikes) for spikes in found.values()}) > 1:
            steps = ", ".join(str(len(spikes)) for spikes in found.values())
            raise refuse("inputs", "of the same number of steps", steps, "one number")
        return found

    def _spikes(self, name: str, given: ArrayLike) -> Spikes:
        array, shape = np.asarray(given), self.graph.shapes[name]
        size = int(np.prod(shape))
        if array.ndim < 2 or array.shape[1:] not in (shape, (size,)) or not len(array):
            wanted = f"of shape {('steps', *shape)}".replace("'", "")
            raise refuse(f"inputs of {name!r}", wanted, array.shape, "such an array")
        most = self.parts[name][0].levels
        good = np.isin(array, range(most + 1))
        if not good.all():
            wanted = "0 or 1" if most == 1 else f"whole numbers in 0..{most}"
            remedy = "importing with counts=, for several spikes in a step, or weights"
            raise refuse(f"inputs of {name!r}", wanted, array[~good].ravel()[0], remedy)
        return array.reshape(len(array), size).astype(np.int64)

    def generated_inputs(self, steps: int, rate: float = 0.2, seed: int = 1) -> dict[str, Spikes]:
        """Spikes of every channel with probability `rate` in each step, from a seed."""
        random = np.random.default_rng(seed)
        sizes = {n: int(np.prod(self.graph.shapes[n])) for n in self.graph.names(Kind.SOURCE)}
        return {name: random.random((steps, size)) < rate for name, size in sizes.items()}

    def run(self, inputs: Mapping[str, ArrayLike] | ArrayLike, device: str = "golden") -> ChipTrace:
        """Run the chip on input spikes, as many ticks as it takes all layers to see them all."""
        rasters = self.rasters_of(inputs)
        return self.trace_of(*run_on(self.program, rasters, self.more, self.start, device))

    @property
    def more(self) -> int:
        """Ticks behind the inputs until the last layer has heard them all."""
        return self.latency

    @cached_property
    def start(self) -> Start:
        """The state in which the chip waits for the first step."""
        return Start(self.program, self.steps, self.parts, self.populations, self.offsets)

    @property
    def nodes(self) -> dict[str, tuple[NodePart, ...]]:
        """The parts of every neuron node."""
        return {name: self.parts[name] for name in self.steps}

    def rasters_of(self, inputs: Mapping[str, ArrayLike] | ArrayLike) -> Rasters:
        """Input spikes of every source of the program: copy k of a channel has its spike k."""
        given = self.inputs_of(inputs)
        levels = {name: range(1, self.parts[name][0].levels + 1) for name in given}
        return {
            name: np.concatenate([counts >= level for level in levels[name]], axis=1)
            for name, counts in given.items()
        }

    def trace_of(self, record: StateRecord, saturations: int = 0) -> ChipTrace:
        """What a record of `spike`, `membrane` and `reset` says in the graph's terms."""
        scales = {name: found.scale for name, found in self.populations.items()}
        return trace_of(record, self.nodes, scales, self._late, saturations)

    def simulate(
        self,
        inputs: Mapping[str, ArrayLike] | ArrayLike,
        spikes: Mapping[str, Spikes] | None = None,
    ) -> FloatTrace:
        """The graph in float, in ticks as the chip counts them.

        With `spikes`, `(ticks, neurons)` of every neuron node, these are what every node hears
        and resets by, in place of the float ones.
        """
        given = self.inputs_of(inputs)
        return simulate(self.graph, self.reading, self.offsets, given, spikes, self._late)

    @property
    def _late(self) -> frozenset[str]:
        """The nodes whose spikes take effect in the next tick: their membranes are those before."""
        resets = {name: reset_of(own, self.parts[name]) for name, own in self.steps.items()}
        return frozenset(name for name, reset in resets.items() if reset is FloatReset.LATE)

    def compare(
        self, inputs: Mapping[str, ArrayLike] | ArrayLike, device: str = "golden"
    ) -> Comparison:
        """The chip beside the float graph on the same input spikes, layer by layer."""
        return self.compared_with(inputs, self.run(inputs, device))

    def compared_with(
        self, inputs: Mapping[str, ArrayLike] | ArrayLike, chip: ChipTrace
    ) -> Comparison:
        """What a chip did with these inputs beside the float graph."""
        alone, beside = self.simulate(inputs), self.simulate(inputs, chip.spikes)
        return compared(chip, alone, beside, self.bounds)
