"""Geometries whose RTL is compiled already: a larger one that holds a network saves minutes."""

from __future__ import annotations

from typing import Any

from axonloop.host.network.compiler import smallest_geometry
from axonloop.host.network.network import Network
from axonloop.host.network.plan import Places
from axonloop.models.config import ONE_CORE, Geometry, Mesh
from axonloop.sim.cosim import built_chips, is_built

SAME = ("lanes", "weight_bits", "state_bits", "trace_bits", "error_bits", "pq_bits")
"""What must be as asked for: numbers depend on it."""
ENOUGH = (
    *("axons", "neurons", "entries", "delay_slots", "parameter_sets"),
    *("terms", "blank_out", "memristor", "mask", "threshold_noise"),
    *("convolutions", "weight_rows", "weight_columns"),
)
"""Of what more will do: what is left over stays silent."""


def built_geometries(mesh: Mesh | None = None) -> list[Geometry]:
    """The geometries of chips whose RTL lies compiled in the cache, from small to large.

    They are those that `open_device("rtl", ...)` has opened since the sources last changed.
    MissingToolError without a compiler.
    """
    wanted = mesh or ONE_CORE
    found = [own for own, there in built_chips() if there == wanted and is_built(own, there)]
    return sorted(found, key=_size)


def built_geometry(
    network: Network,
    mesh: Mesh | None = None,
    lanes: int = 16,
    weight_bits: int = 8,
    place: Places | None = None,
    **others: Any,
) -> Geometry | None:
    """The smallest geometry that is compiled and holds a network; None if there is none.

    Arguments as of `smallest_geometry`, of which it has all widths and the lanes: so neurons and
    axons have the same numbers on their cores, and populations compute the same bits
    (docs/network.md). Raises ValueError where no core would do.
    """
    least = smallest_geometry(network, mesh, lanes, weight_bits, place, **others)
    for own in built_geometries(mesh):
        same = type(own) is type(least)
        same &= all(getattr(own, name) == getattr(least, name) for name in SAME)
        if same and all(getattr(own, name) >= getattr(least, name) for name in ENOUGH):
            return own
    return None


def _size(geometry: Geometry) -> tuple[int, ...]:
    """What decides which of two is smaller: the options, then the weights, then the tables."""
    options = (
        geometry.memristor,
        geometry.mask,
        geometry.threshold_noise,
        geometry.terms,
        geometry.blank_out,
    )
    tables = (geometry.entries, geometry.delay_slots, geometry.parameter_sets)
    return (*options, geometry.axons * geometry.neurons, *tables)
