"""An imported graph: on the chip, in float, and the one beside the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.host.network import FloatReset, Network, Program, QuantisedPopulation
from axonloop.host.nir.comparison import Comparison, compared
from axonloop.host.nir.dialects import Dialect, Steps
from axonloop.host.nir.graph import FlatGraph
from axonloop.host.nir.nodes import Kind, refuse
from axonloop.host.nir.run import ChipTrace, run_on, trace_of
from axonloop.host.nir.simulator import FloatTrace, simulate
from axonloop.host.recorder import StateRecord

Spikes = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ImportedGraph:
    """A NIR graph as a `Program`, with what it lost on the way.

    `populations[name].error` says what quantisation does to a layer. `offsets[name]`: ticks that
    a layer runs behind the graph's steps (step s of it is tick s + offset); `latency` is the
    largest of them. `notes` are what a reader of the graph may not expect.
    """

    graph: FlatGraph
    dialect: Dialect
    dt: float
    steps: dict[str, Steps]
    populations: dict[str, QuantisedPopulation]
    network: Network
    program: Program
    offsets: dict[str, int]
    notes: tuple[str, ...]

    @property
    def latency(self) -> int:
        """Ticks that the last layer runs behind the first."""
        return max(self.offsets.values())

    def inputs_of(self, inputs: Mapping[str, ArrayLike] | ArrayLike) -> dict[str, Spikes]:
        """Input spikes of every source: bool `(steps, channels)`; ValueError for other than 0, 1.

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
        if not np.isin(array, (0, 1)).all():
            bad = array[~np.isin(array, (0, 1))].ravel()[0]
            remedy = "spikes of 0 and 1 (a Linear node holds their size)"
            raise refuse(f"inputs of {name!r}", "0 or 1", bad, remedy)
        return array.reshape(len(array), size).astype(np.bool_)

    def generated_inputs(self, steps: int, rate: float = 0.2, seed: int = 1) -> dict[str, Spikes]:
        """Spikes of every channel with probability `rate` in each step, from a seed."""
        random = np.random.default_rng(seed)
        sizes = {n: int(np.prod(self.graph.shapes[n])) for n in self.graph.names(Kind.SOURCE)}
        return {name: random.random((steps, size)) < rate for name, size in sizes.items()}

    def run(self, inputs: Mapping[str, ArrayLike] | ArrayLike, device: str = "golden") -> ChipTrace:
        """Run the chip on input spikes, as many ticks as it takes all layers to see them all."""
        return self.trace_of(*run_on(self.program, self.inputs_of(inputs), self.latency, device))

    def trace_of(self, record: StateRecord, saturations: int = 0) -> ChipTrace:
        """What a record of `spike`, `membrane` and `reset` says in the graph's terms."""
        late = [n for n, s in self.steps.items() if s.reset is FloatReset.LATE]
        scales = {name: found.scale for name, found in self.populations.items()}
        return trace_of(record, scales, frozenset(late), saturations)

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
        return simulate(self.graph, self.dialect, self.dt, self.offsets, given, spikes)

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
        bounds = {name: found.error.bound for name, found in self.populations.items()}
        return compared(chip, alone, beside, bounds)
