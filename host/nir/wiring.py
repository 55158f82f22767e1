"""Which spikes reach which neurons, through which weights, how many ticks late.

The chip takes a tick from a spike to the neurons that hear it; a graph takes none, but one step
along an edge that closes a cycle. So every neuron node runs some ticks behind the graph's steps
(its `offset`), and what arrives too early waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from axonloop.host.network import MAX_DELAY
from axonloop.host.nir.graph import FlatGraph, whole_delays
from axonloop.host.nir.nodes import Floats, Kind, refuse
from axonloop.host.nir.steps import Steps
from axonloop.host.nir.unrolled import unrolled


@dataclass(frozen=True, eq=False)
class Heard:
    """What a node hears: from `(source or neurons, steps late)` weights `(its size, size)`."""

    bias: Floats
    terms: dict[tuple[str, int], Floats] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Wiring:
    """Per neuron node its weights, by where they come from and the chip's delay, and its bias.

    `offsets`: ticks that each neuron node runs behind the steps of the graph.
    """

    weights: dict[str, dict[tuple[str, int], Floats]]
    biases: dict[str, Floats]
    offsets: dict[str, int]


def wire(graph: FlatGraph, steps: Mapping[str, Steps], dt: float) -> Wiring:
    """All synapses of a graph on the chip; NirError for a delay that it cannot have."""
    finder = _Finder(graph, dt)
    heard = {name: finder.heard_by(name) for name in graph.names(Kind.NEURONS)}
    offsets = _offsets(graph, heard, steps)
    weights: dict[str, dict[tuple[str, int], Floats]] = {}
    for name, found in heard.items():
        weights[name] = {}
        for (origin, late), matrix in found.terms.items():
            if not matrix.any():
                continue
            delay = _delay(graph, origin, name, late + steps[name].lag, offsets)
            weights[name][origin, delay] = matrix * steps[name].gain
    biases = {name: found.bias * steps[name].gain for name, found in heard.items()}
    return Wiring(weights, biases, offsets)


class _Finder:
    """Follows what a node hears back to sources and neurons."""

    def __init__(self, graph: FlatGraph, dt: float) -> None:
        self._graph, self._dt = graph, dt
        self._found: dict[str, Heard] = {}

    def heard_by(self, name: str) -> Heard:
        """The sum of what a node's edges bring; along a back edge a step late."""
        graph, terms = self._graph, dict[tuple[str, int], Floats]()
        bias: Floats | None = None
        for before in graph.heard[name]:
            late = int((before, name) in graph.back)
            part = self._put_out_by(before)
            bias = part.bias if bias is None else bias + part.bias
            for (origin, steps), matrix in part.terms.items():
                key = origin, steps + late
                terms[key] = terms[key] + matrix if key in terms else matrix
        assert bias is not None  # only a source hears nothing
        return Heard(bias, terms)

    def _put_out_by(self, name: str) -> Heard:
        if name not in self._found:
            self._found[name] = self._computed(name)
        return self._found[name]

    def _computed(self, name: str) -> Heard:
        graph, kind = self._graph, self._graph.kinds[name]
        size = int(np.prod(graph.shapes[name]))
        if kind in (Kind.SOURCE, Kind.NEURONS):
            return Heard(np.zeros(size), {(name, 0): np.eye(size)})
        heard, node = self.heard_by(name), graph.nodes[name]
        if kind is Kind.THROUGH:
            return heard
        if type(node).__name__ == "Delay":
            return self._delayed(name, heard)
        matrix, bias = unrolled(name, node, graph.shapes[graph.heard[name][0]])
        return Heard(heard.bias @ matrix + bias, {k: w @ matrix for k, w in heard.terms.items()})

    def _delayed(self, name: str, heard: Heard) -> Heard:
        if heard.bias.any():
            worst = f"{np.abs(heard.bias).max():g}"
            remedy = "the Delay before the bias"
            raise refuse(f"what Delay {name!r} hears", "without a bias", worst, remedy)
        graph = self._graph
        late = np.array(whole_delays(name, graph.nodes[name], graph.shapes[name], self._dt))
        terms: dict[tuple[str, int], Floats] = {}
        for (origin, steps), matrix in heard.terms.items():
            for ticks in np.unique(late).tolist():
                part = np.where(late == ticks, matrix, 0.0)
                key = origin, steps + ticks
                terms[key] = terms[key] + part if key in terms else part
        return Heard(heard.bias, terms)


def _offsets(
    graph: FlatGraph, heard: Mapping[str, Heard], steps: Mapping[str, Steps]
) -> dict[str, int]:
    """The smallest offsets at which no spike would have to arrive before it is there."""
    offsets = dict.fromkeys(heard, 0)
    for _ in range(len(heard) + 1):
        changed = None
        for name, found in heard.items():
            for origin, late in found.terms:
                if graph.kinds[origin] is Kind.NEURONS:
                    least = offsets[origin] + 1 - late - steps[name].lag
                    if least > offsets[name]:
                        offsets[name], changed = least, (origin, name)
        if changed is None:
            return offsets
    origin, name = changed or ("", "")
    raise refuse(
        f"feedback from {origin!r} to {name!r}",
        "as late as the ticks on its way (one per layer)",
        "a step",
        "a Delay node of as many dt as the cycle has layers, less one,",
    )


def _delay(graph: FlatGraph, origin: str, name: str, late: int, offsets: Mapping[str, int]) -> int:
    """The chip's delay of synapses that the graph has `late` steps late."""
    behind = offsets[origin] + 1 if graph.kinds[origin] is Kind.NEURONS else 0
    delay = late + offsets[name] - behind
    if delay > MAX_DELAY:
        remedy = "a larger dt, a shorter Delay or fewer layers beside the short way"
        thing = f"delay from {origin!r} to {name!r}"
        raise refuse(thing, f"at most {MAX_DELAY} ticks", delay, remedy)
    return delay
