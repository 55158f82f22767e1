"""A network's nodes and edges."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from axonloop.host.network import Network, Projection
from axonloop.host.nir.export.node_names import edge_names, require_names
from axonloop.host.nir.export.nodes import neurons_of, synapses_of
from axonloop.host.nir.export.notes import notes_of
from axonloop.host.nir.export.package import nir_package
from axonloop.host.nir.export.record import KEY
from axonloop.host.nir.export.timing import begin_of, lag_of, offsets_of
from axonloop.host.nir.graph import read_graph


class GraphWriter:
    """Makes the graph of a network in which a tick is `dt` seconds."""

    def __init__(self, network: Network, dt: float) -> None:
        self.network, self.dt = network, dt
        self.notes: list[str] = []
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []

    def graph(self, record: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
        """The graph, with `record` in its metadata, and the notes."""
        nir = nir_package()
        require_names(self.network)
        self._add_layers()
        names = edge_names(self.network)
        self._add_synapses(names)
        self._add_outputs()
        back = read_graph(nir.NIRGraph(self.nodes, self.edges, type_check=False)).back
        self._add_delays(names, back)
        metadata = {KEY: json.dumps(record)}
        graph = nir.NIRGraph(self.nodes, self.edges, metadata=metadata, type_check=False)
        return graph, tuple(self.notes)

    def _add_layers(self) -> None:
        nir = nir_package()
        for source in self.network.sources:
            self.nodes[source.name] = nir.Input(np.array([source.size]))
        for population in self.network.populations:
            self.notes += notes_of(population)
            self.nodes[population.name] = neurons_of(population, self.dt)

    def _add_synapses(self, names: list[str]) -> None:
        """The projections' synapses; the first that a population hears bring its biases."""
        biased = set()
        for name, projection in zip(names, self.network.projections, strict=True):
            target = self.network.population(projection.target)
            self.nodes[name] = synapses_of(projection, target, target.name not in biased)
            biased.add(target.name)
            self.edges += [(projection.source, name), (name, projection.target)]

    def _add_outputs(self) -> None:
        """An Output behind every population that no other one hears, or else the last."""
        heard = {p.source for p in self.network.projections if p.source != p.target}
        names = [p.name for p in self.network.populations]
        for name in [name for name in names if name not in heard] or names[-1:]:
            size = self.network.population(name).size
            self.nodes[f"output_{name}"] = nir_package().Output(np.array([size]))
            self.edges.append((name, f"output_{name}"))

    def _add_delays(self, names: list[str], back: frozenset[tuple[str, str]]) -> None:
        offsets = offsets_of(self.network)
        for name, projection in zip(names, self.network.projections, strict=True):
            target = projection.target
            late = projection.delay + begin_of(projection, offsets) - offsets[target]
            late -= lag_of(self.network.population(target)) + int((name, target) in back)
            if late < 0:
                self.notes.append(
                    f"{projection}: a graph hears feedback into a current a step later than the "
                    "chip"
                )
            if late > 0:
                self._delay(name, projection, late)

    def _delay(self, name: str, projection: Projection, ticks: int) -> None:
        """Put a Delay in front of a projection's synapses."""
        late = np.full(len(projection.weights), ticks * self.dt)
        self.nodes[f"delay_{name}"] = nir_package().Delay(late)
        self.edges.remove((projection.source, name))
        self.edges += [(projection.source, f"delay_{name}"), (f"delay_{name}", name)]
