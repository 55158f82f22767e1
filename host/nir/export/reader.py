"""A graph that `export_nir` wrote, as the same program to the bit."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np

from axonloop.host.nir.export.program_graph import graph_of
from axonloop.host.nir.export.record import FORMAT, KEY, program_of
from axonloop.host.nir.export.restored import OwnGraph, restored
from axonloop.host.nir.nodes import NirError
from axonloop.models.checks import require


def own_graph(graph: Any, dt: float | None) -> OwnGraph | None:
    """What `export_nir` wrote, to the bit; None for a graph of somebody else's.

    Raises NirError where the metadata are damaged or say another thing than the graph.
    """
    text = getattr(graph, "metadata", {}).get(KEY)
    if text is None:
        return None
    try:
        record = json.loads(text)
        require(record["format"] == FORMAT, "format", repr(FORMAT), record["format"])
        program = program_of(graph, record)
        same = graph_of(program, dt=record["dt"])[0]
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise NirError(
            f"metadata {KEY!r} of the graph must be those of export_nir, not damaged ({reason}); "
            "giving weight_bits (it is quantised anew then) would do"
        ) from error
    if not _alike(graph, same):
        raise NirError(
            f"graph must be as its metadata {KEY!r} say, not changed since; giving weight_bits (it "
            "is quantised anew then) would do"
        )
    require(dt in (None, record["dt"]), "dt", f"that of the file, {record['dt']}", dt)
    return restored(graph, program, record["dt"])


def _alike(one: Any, other: Any) -> bool:
    """The graphs have the same edges, and nodes of the same kinds and numbers."""
    if sorted(one.edges) != sorted(other.edges) or set(one.nodes) != set(other.nodes):
        return False
    for name, node in one.nodes.items():
        twin = other.nodes[name]
        if type(node).__name__ != type(twin).__name__:
            return False
        for field in dataclasses.fields(twin):
            mine, its = getattr(node, field.name), getattr(twin, field.name)
            if isinstance(its, np.ndarray) and not np.array_equal(mine, its):
                return False
    return True
