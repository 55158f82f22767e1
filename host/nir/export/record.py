"""What the metadata of a graph hold of a program: all of it, to the bit."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from axonloop.host.network import Network, Population, Program, Projection, Source, compile_network
from axonloop.host.nir.export.node_names import edge_name
from axonloop.models.config import Geometry, Mesh, ParameterSet

FORMAT = "axonloop program 1"
"""Name and version of what the metadata of a graph hold; any other is not read."""
KEY = "axonloop"
ARRAYS = ("drives", "first_biases")
"""Arrays of a population, in the metadata of its node."""


def record_of(network: Network, program: Program, dt: float) -> dict[str, Any]:
    """All of a program but its arrays, which its nodes hold."""
    populations = [
        {
            "name": p.name,
            "size": p.size,
            "parameters": dataclasses.asdict(p.parameters),
            "bias": p.bias,
            "report": p.report,
        }
        for p in network.populations
    ]
    projections = [
        {
            "source": p.source,
            "target": p.target,
            "delay": p.delay,
            "plastic": p.plastic,
            "full": p.present is None,
            "traces": None if p.traces is None else dataclasses.asdict(p.traces),
        }
        for p in network.projections
    ]
    return {
        "format": FORMAT,
        "dt": dt,
        "seed": network.seed,
        "sources": [[source.name, source.size] for source in network.sources],
        "populations": populations,
        "projections": projections,
        "geometry": dataclasses.asdict(program.geometry),
        "mesh": dataclasses.asdict(program.config.mesh),
        "place": _place_of(program),
    }


def _place_of(program: Program) -> dict[str, list[int]] | None:
    """The cores of every population; None where the compiler chooses the same by itself."""
    network, config = program.plan.network, program.config
    if compile_network(network, program.geometry, config.mesh).config == config:
        return None
    return {
        p.name: [part.core for part in program.plan.parts_of(p.name)] for p in network.populations
    }


def program_of(graph: Any, record: Mapping[str, Any]) -> Program:
    """The program that a record and the arrays in the metadata of the nodes describe."""
    geometry = Geometry(**record["geometry"])
    network = Network(
        tuple(Source(*entry) for entry in record["sources"]),
        tuple(_population(graph, entry) for entry in record["populations"]),
        tuple(_projection(graph, entry, geometry.no_synapse) for entry in record["projections"]),
        record["seed"],
    )
    place = record["place"] and {name: tuple(cores) for name, cores in record["place"].items()}
    return compile_network(network, geometry, Mesh(**record["mesh"]), place)


def _population(graph: Any, entry: Mapping[str, Any]) -> Population:
    held = graph.nodes[entry["name"]].metadata
    arrays = {field: held[f"{KEY}_{field}"] for field in ARRAYS if f"{KEY}_{field}" in held}
    parameters = ParameterSet.from_dict(entry["parameters"])
    return Population(**{**entry, **arrays, "parameters": parameters})


def _projection(graph: Any, entry: Mapping[str, Any], none: int) -> Projection:
    plain = {**entry, "traces": entry["traces"] and ParameterSet.from_dict(entry["traces"])}
    full = plain.pop("full")
    name = edge_name(entry["source"], entry["target"], entry["delay"])
    weights = np.array(graph.nodes[name].metadata[f"{KEY}_weights"])
    present = None if full else weights != none
    return Projection(**plain, weights=weights, present=present)
