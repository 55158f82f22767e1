"""The placement of a program on the cores, how full they are, and the traffic between them.

LinkRates is a float array `(cores, ports)`: spikes per tick that the router of a core passes on
through each `Port`. Spikes of the host do not travel through the mesh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.host.network.program import Program
from axonloop.models.arrays import ranged
from axonloop.models.checks import require
from axonloop.models.config import Mesh, Port

LinkRates = NDArray[np.float64]


@dataclass(frozen=True)
class Use:
    """The use of a core: amounts by their names in a geometry, and the neurons on it."""

    axons: int
    groups: int
    entries: int
    parameter_sets: int
    populations: tuple[tuple[str, int, int], ...]
    """Name, first and last neuron of every part of a population on the core."""


def use_of(program: Program, core: int) -> Use:
    """The use that a program makes of a core."""
    plan, config = program.plan, program.config.cores[core]
    parts = plan.parts_on(core)
    return Use(
        axons=sum(len(wire.channels) for wire in plan.wires_on(core)),
        groups=sum(part.groups for part in parts),
        entries=sum(len(entries) for entries in config.fanout),
        parameter_sets=len(plan.parameter_sets(core)),
        populations=tuple((part.population.name, part.first, part.end - 1) for part in parts),
    )


def predicted_traffic(program: Program, rates: Mapping[str, ArrayLike]) -> LinkRates:
    """The traffic if every population spikes at its rate, in spikes per neuron and tick.

    A rate is one number for all neurons of a population, or an array `(size,)`.
    """
    names, mesh = list(program.neurons), program.config.mesh
    require(set(rates) == set(names), "rates", f"given for {', '.join(names)}", sorted(rates))
    sent = np.zeros((mesh.cores, mesh.cores))
    for name, neurons in program.neurons.items():
        rate = _rate(name, rates[name], len(neurons))
        for neuron, spikes in zip(neurons.tolist(), rate.tolist(), strict=True):
            core, number = divmod(neuron, program.geometry.neurons)
            for entry in program.config.cores[core].fanout[number]:
                sent[core, entry.core - program.config.first] += spikes
    traffic = np.zeros((mesh.cores, len(Port)))
    for source, target in np.argwhere(sent).tolist():
        for router, port in mesh.route(source, target):
            traffic[router, port] += sent[source, target]
    return traffic


def _rate(name: str, given: ArrayLike, size: int) -> NDArray[np.float64]:
    rate, thing = np.asarray(given, np.float64), f"rate of {name!r}"
    require(rate.shape in ((), (size,)), thing, f"a number or of shape {(size,)}", rate.shape)
    within = (rate >= 0) & (rate <= 1)
    require(bool(within.all()), thing, "in 0..1 spikes per neuron and tick", given)
    return np.broadcast_to(rate, (size,))


def measured_traffic(program: Program, counters: ArrayLike, ticks: int) -> LinkRates:
    """The traffic of a run: port counters of all cores, int `(cores, ports)`, over `ticks`."""
    counted = ranged("port counters", counters, 0, 2**63 - 1)
    shape = (program.config.mesh.cores, len(Port))
    require(counted.shape == shape, "port counters", f"of shape {shape}", counted.shape)
    require(ticks >= 1, "ticks", "at least 1", ticks)
    return counted / ticks


def links(mesh: Mesh) -> list[tuple[int, Port, int]]:
    """Every link from a core's router into a neighbour's: core, port, neighbour."""
    found = []
    for core in range(mesh.cores):
        column, row = mesh.position(core)
        for port, across, down in (
            (Port.NORTH, 0, -1),
            (Port.EAST, 1, 0),
            (Port.SOUTH, 0, 1),
            (Port.WEST, -1, 0),
        ):
            if 0 <= column + across < mesh.columns and 0 <= row + down < mesh.rows:
                found.append((core, port, core + across + down * mesh.columns))
    return found


def explain(program: Program, traffic: Mapping[str, LinkRates] | None = None) -> str:
    """A table of the cores, and one of the traffic: a column for each entry of `traffic`.

    Links without traffic are left out. Between them stand the kernels, where there are some.
    """
    tables = [_table(_core_lines(program))]
    if program.plan.network.convolutional:
        tables.append(_table(_kernel_lines(program)))
    if traffic:
        tables.append("spikes per tick\n" + _table(_link_lines(program, traffic)))
    return "\n\n".join(tables) + "\n"


def _core_lines(program: Program) -> list[list[str]]:
    geometry, mesh = program.geometry, program.config.mesh
    lines = [["core", "position", "groups", "axons", "entries", "sets", "neurons"]]
    for core in range(mesh.cores):
        use, (column, row) = use_of(program, core), mesh.position(core)
        ranges = [f"{name} {first}..{last}" for name, first, last in use.populations]
        lines.append(
            [
                str(core),
                f"{column},{row}",
                f"{use.groups}/{geometry.groups}",
                f"{use.axons}/{geometry.axons}",
                f"{use.entries}/{geometry.entries}",
                f"{use.parameter_sets}/{geometry.parameter_sets}",
                ", ".join(ranges) or "-",
            ]
        )
    return lines


def _kernel_lines(program: Program) -> list[list[str]]:
    titles = ["core", "convolution", "image", "channels", "kernel", "stride", "padding", "pool"]
    lines = [[*titles, "axons", "kernel rows"]]
    for wire in program.plan.wires:
        if wire.shape and wire.projection:
            shape, channels = wire.shape, wire.part.channels
            image = (shape.in_channels, shape.in_height, shape.in_width)
            spans = (shape.first_axon, shape.axons), (shape.first_row, shape.rows)
            side = f"{shape.kernel} x {shape.kernel}"
            numbers = [str(each) for each in (shape.stride, shape.padding, shape.pool)]
            lines.append(
                [
                    str(wire.part.core),
                    str(wire),
                    " x ".join(str(each) for each in image),
                    f"{channels.start}..{channels.stop - 1}",
                    side,
                    *numbers,
                    *(f"{first}..{first + count - 1}" for first, count in spans),
                ]
            )
    return lines


def _link_lines(program: Program, traffic: Mapping[str, LinkRates]) -> list[list[str]]:
    lines, mesh = [["link", *traffic]], program.config.mesh
    ends = [(c, p, f"core {c} -> core {n} ({p.name.lower()})") for c, p, n in links(mesh)]
    ends += [(core, Port.LOCAL, f"into core {core}") for core in range(mesh.cores)]
    for core, port, name in ends:
        values = [table[core, port] for table in traffic.values()]
        if any(values):
            lines.append([name, *(f"{value:.3f}" for value in values)])
    totals = [f"{table[:, : Port.LOCAL].sum():.3f}" for table in traffic.values()]
    return [*lines, ["all links", *totals]]


def _table(lines: list[list[str]]) -> str:
    """Lines of cells as text, columns apart."""
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)
