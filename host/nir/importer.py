"""From a NIR file to a program for the chip."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from axonloop.host.network import (
    FloatPopulation,
    Network,
    Population,
    Projection,
    QuantisedPopulation,
    Source,
    compile_network,
    quantise_all,
    smallest_geometry,
)
from axonloop.host.nir.dialects import Dialect, Steps, checked_dialect, steps_of
from axonloop.host.nir.exporter import own_graph
from axonloop.host.nir.graph import FlatGraph, read_graph, whole_graph
from axonloop.host.nir.imported import ImportedGraph
from axonloop.host.nir.nodes import Kind, per_neuron
from axonloop.host.nir.wiring import Wiring, wire
from axonloop.models.config import Mesh


def import_nir(
    source: str | Path | Any,
    dialect: str,
    dt: float | None = None,
    weight_bits: int | None = None,
    state_bits: int | None = None,
    budget: float | None = None,
    ticks: int = 1000,
    mesh: Mesh | None = None,
    lanes: int = 16,
) -> ImportedGraph:
    """A NIR file, or a `nir.NIRGraph`, as a network of the chip.

    `dialect`: nir, snntorch or norse: whose steps the file means (docs/nir.md). `dt`: the step in
    seconds; None: that of the dialect's exporter; nir has none. `budget`: the largest bound on a
    membrane's error, in thresholds, over `ticks` ticks; widths that are not given are the
    smallest that keep it, or, without a budget, weights of 16 bits and states of 24.
    What `export_nir` wrote is the same program again, unless widths, budget or a mesh are given.
    Raises ValueError, a line with node, parameter, value and what would do, for what the chip
    cannot hold, for a budget that cannot be kept, and for a mesh that is too small.
    """
    whole = whole_graph(source)
    asked = weight_bits or state_bits or budget or mesh not in (None, Mesh())
    if dialect == Dialect.NIR and not asked:
        own = own_graph(whole, dt)
        if own is not None:
            return own
    chosen, step = checked_dialect(dialect, dt)
    graph = read_graph(whole)
    names = graph.names(Kind.NEURONS)
    shapes = graph.shapes
    steps = {n: steps_of(n, graph.nodes[n], shapes[n], chosen, step) for n in names}
    wiring = wire(graph, steps, step)
    floats = {name: _float_population(name, wiring, steps[name]) for name in names}
    found = quantise_all(floats, weight_bits, state_bits, budget, ticks)
    network = _network(graph, wiring, found)
    one = found[names[0]]
    geometry = smallest_geometry(network, mesh, lanes, one.weight_bits, state_bits=one.state_bits)
    program = compile_network(network, geometry, mesh)
    notes = tuple(_notes(graph, wiring, steps, found))
    return ImportedGraph(graph, chosen, step, steps, found, network, program, wiring.offsets, notes)


def _float_population(name: str, wiring: Wiring, steps: Steps) -> FloatPopulation:
    """A node's neurons in float: a bias goes into a current only where there is one."""
    bias, filtered = wiring.biases[name], steps.current_decay > 0
    return FloatPopulation(
        name,
        steps.membrane_decay,
        steps.threshold,
        tuple(wiring.weights[name].values()),
        steps.current_decay,
        bias if filtered else None,
        steps.drive if filtered else steps.drive + bias,
        steps.reset,
    )


def _network(graph: FlatGraph, wiring: Wiring, found: Mapping[str, QuantisedPopulation]) -> Network:
    sources = [Source(n, int(np.prod(graph.shapes[n]))) for n in graph.names(Kind.SOURCE)]
    populations, projections = [], []
    for name, own in found.items():
        size = int(np.prod(graph.shapes[name]))
        biased = bool(own.first_biases)
        populations.append(
            Population(name, size, own.parameters, biased, True, own.first_biases, own.drives)
        )
        terms = wiring.weights[name].items()
        for ((origin, delay), floats), weights in zip(terms, own.weights, strict=True):
            there = floats != 0
            projections.append(Projection(origin, name, weights, there, delay, plastic=False))
    return Network(tuple(sources), tuple(populations), tuple(projections))


def _notes(
    graph: FlatGraph,
    wiring: Wiring,
    steps: Mapping[str, Steps],
    found: Mapping[str, QuantisedPopulation],
) -> list[str]:
    """What a reader of the graph may not expect of the chip."""
    notes = []
    for name, ticks in wiring.offsets.items():
        if ticks:
            text = f"{name}: step s of the graph is tick s + {ticks} (a tick per layer)"
            biased = wiring.biases[name].any() or steps[name].drive.any()
            notes.append(text + (", and its biases act in the ticks before" if biased else ""))
    for name, own in found.items():
        if own.error.headroom < 1:
            worst, room = f"{own.error.reach:.3g}", f"{own.error.room:.3g}"
            notes.append(
                f"{name}: the worst input would take a membrane to {worst} thresholds and the "
                f"word ends at {room}: beyond it saturates, and the bound does not hold"
            )
        node = graph.nodes[name]
        if hasattr(node, "v_reset") and per_neuron(name, node, "v_reset", graph.shapes[name]).any():
            notes.append(f"{name}: membranes start at v_reset, not at 0")
    return notes
