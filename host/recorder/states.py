"""The states that can be recorded, by name and with units, and the columns of what is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from axonloop.host.network import Program
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig, Geometry
from axonloop.models.protocol import Owner, Region, readable, state_regions

UNITS = {
    Region.CURRENT: "LSB of state words",
    Region.MEMBRANE: "LSB of state words",
    Region.RESET: "LSB of state words",
    Region.COUNTDOWN: "ticks",
    Region.BOX: "0 or 1",
    Region.SPIKE: "0 or 1",
    Region.TRACE_Z: "LSB of traces",
    Region.TRACE_Q: "LSB of traces",
    Region.TRACE_P: "LSB of traces",
    Region.TRACE_PQ: "LSB of Pq",
    Region.TRACE_QQ: "LSB of Pq",
    Region.MARK: "bit 0: plastic, bit 1: spiked",
    Region.GATED: "LSB of errors",
    Region.UNGATED: "LSB of errors",
    Region.PENDING: "0 or 1, by delay slot",
}
"""The unit of every state array."""
_OTHER_NAMES = {"spikes": "spike", "pq": "trace_pq", "qq": "trace_qq", "errors": "gated"}


def states_of(geometry: Geometry, names: Sequence[str | Region] | None) -> tuple[Region, ...]:
    """The state arrays of these names, as "membrane" or "trace P"; None: those of every tick.

    The names are those of `Region`, in any case, with spaces if you like; "spikes", "Pq" and "Qq"
    will do too. Raises ValueError for what a chip of this geometry does not have.
    """
    if names is None:
        return state_regions(geometry)
    known = {region.key: region for region in readable(geometry)}
    require(not isinstance(names, str) and len(names) > 0, "states", "a list of names", names)
    found = []
    for name in names:
        key = name.key if isinstance(name, Region) else str(name).lower().replace(" ", "_")
        key = _OTHER_NAMES.get(key, key)
        require(key in known, "states", f"some of {', '.join(known)}", name)
        found.append(known[key])
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, eq=False)
class Columns:
    """The neurons or axons of a record: `numbers` on the chip, int32, and the `groups` of columns.

    Groups of neurons are populations, groups of axons are the projections that end on them and
    their biases. `channels` are the numbers within the population, or of the axons' sources.
    """

    numbers: Int32Array
    channels: Int32Array
    groups: dict[str, slice]


def _joined(parts: dict[str, list[tuple[Int32Array, Int32Array]]]) -> Columns:
    """The columns of parts (numbers, channels), group by group."""
    groups, end = {}, 0
    for name, own in parts.items():
        size = sum(len(numbers) for numbers, _ in own)
        groups[name], end = slice(end, end + size), end + size
    pairs = [pair for own in parts.values() for pair in own]
    empty = np.zeros(0, np.int32)
    numbers, channels = (np.concatenate([empty, *(pair[k] for pair in pairs)]) for k in (0, 1))
    return Columns(numbers.astype(np.int32), channels.astype(np.int32), groups)


def columns_of(program: Program, populations: Sequence[str] | None) -> dict[Owner, Columns]:
    """The columns of neurons and of axons for populations, in their order; None: all of them."""
    chosen = list(program.neurons) if populations is None else list(populations)
    neurons: dict[str, list[tuple[Int32Array, Int32Array]]] = {}
    axons: dict[str, list[tuple[Int32Array, Int32Array]]] = {}
    for name in chosen:
        known = ", ".join(program.neurons)
        require(name in program.neurons, "populations", f"some of {known}", name)
        own = program.neurons[name]
        neurons[name] = [(own, np.arange(len(own), dtype=np.int32))]
        for wire in program.plan.wires:
            if wire.part.population.name == name:
                first = wire.part.core * program.geometry.axons + wire.first_axon
                numbers = np.arange(first, first + len(wire.channels), dtype=np.int32)
                channels = wire.channels.astype(np.int32)
                axons.setdefault(str(wire), []).append((numbers, channels))
    of_axons = _joined(axons)
    return {Owner.NEURON: _joined(neurons), Owner.AXON: of_axons, Owner.SLOT: of_axons}


def thresholds_of(config: ChipConfig) -> Int32Array:
    """Theta of every neuron of a chip, int32 `(neurons,)`."""
    lanes = config.geometry.lanes
    sets = [core.parameter_sets[g.parameter_set] for core in config.cores for g in core.groups]
    return np.repeat(np.array([own.theta for own in sets], np.int32), lanes)
