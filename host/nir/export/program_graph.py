"""What a chip holds as a NIR graph: its meaning in float, with the integers in the metadata."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from axonloop.host.network import Network, Program
from axonloop.host.nir.export.record import record_of
from axonloop.host.nir.export.writer import GraphWriter
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require, require_number


def graph_of(
    program: Program, weights: Int32Array | None = None, dt: float = 1e-3
) -> tuple[Any, tuple[str, ...]]:
    """A program as a `nir.NIRGraph`, and what of it NIR cannot say; see `export_nir`."""
    require_number("dt", dt)
    require(dt > 0, "dt", "above 0 seconds", dt)
    network = program.plan.network
    told = "without convolutions and pools, which are not written as NIR yet"
    require(not network.convolutional, "network", told, str(network.projections[0]))
    held = _held(program, program.weights if weights is None else weights)
    return GraphWriter(held, dt).graph(record_of(held, program, dt))


def _held(program: Program, weights: Int32Array) -> Network:
    """The program's network with the weights that a chip holds as its first ones."""
    network, none = program.plan.network, program.geometry.no_synapse
    projections = []
    for own in network.projections:
        found = program.weights_of(own, weights).astype(np.int64)
        present = None if own.present is None else found != none
        projections.append(dataclasses.replace(own, weights=found, present=present))
    populations = [
        dataclasses.replace(p, first_biases=program.bias_of(p.name, weights).tolist())
        if p.bias
        else p
        for p in network.populations
    ]
    return dataclasses.replace(
        network, populations=tuple(populations), projections=tuple(projections)
    )
