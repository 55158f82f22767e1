"""From a NIR file to a program for the chip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from axonloop.host.network import (
    FloatPopulation,
    Network,
    Population,
    Program,
    Projection,
    QuantisedPopulation,
    Source,
    compile_network,
    quantise_all,
    smallest_geometry,
    threshold_word,
)
from axonloop.host.nir.dialects import Dialect, Reading, reading_of, step_in
from axonloop.host.nir.exporter import own_graph
from axonloop.host.nir.graph import FlatGraph, read_graph, whole_graph
from axonloop.host.nir.imported import ImportedGraph
from axonloop.host.nir.nodes import Floats, Kind, per_neuron, refuse
from axonloop.host.nir.parts import (
    MOST_SETS,
    MOST_SPIKES,
    Part,
    levels_of,
    part_of_source,
    parts_of_neurons,
    reset_of,
    with_taken_thresholds,
)
from axonloop.host.nir.simulator import simulate
from axonloop.host.nir.steps import Steps, steps_of
from axonloop.host.nir.wiring import Wiring, wire
from axonloop.models.checks import require_range
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
    *,
    reset: str | None = None,
    norm_input: bool = True,
    spikes: int | None = None,
    counts: int = 1,
) -> ImportedGraph:
    """A NIR file, or a `nir.NIRGraph`, as a network of the chip.

    `dialect`: nir, snntorch, norse, sinabs, spikingjelly or rockpool: whose steps the file means
    (docs/nir.md). `dt`: the step in the file's unit of time; None: that of the dialect's
    exporter; nir has none. `budget`: the largest bound on a membrane's error, in thresholds, over
    `ticks` ticks; widths that are not given are the smallest that keep it, or, without a budget,
    weights of 16 bits and states of 24.

    What files do not say: `reset`: zero, subtract, late (subtract in the next step) or none;
    None: the tool's default. `norm_input`: sinabs' LIF scales its input. `spikes`: the most that
    a neuron of sinabs or rockpool sends in a step, 1..15; None: as many as they do when every
    other channel spikes, where the chip has space. `counts`: the most spikes of an input channel
    in a step, 1..15.

    What `export_nir` wrote is the same program again, unless widths, budget, reset or mesh are
    given.

    Raises ValueError, a line with node, parameter, value and what would do, for what the chip
    cannot hold, for a budget that cannot be kept, and for a mesh that is too small.
    """
    require_range("counts", counts, 1, MOST_SPIKES)
    if spikes is not None:
        require_range("spikes", spikes, 1, MOST_SPIKES)
    whole = whole_graph(source)
    asked = weight_bits or state_bits or budget or reset or mesh not in (None, Mesh())
    if dialect == Dialect.NIR and not asked and (own := own_graph(whole, dt)):
        return own
    reading = reading_of(dialect, dt, reset, spikes, norm_input)
    graph = read_graph(whole)
    if not reading.dt:
        reading = reading.with_dt(_step_in(graph))
    names, shapes = graph.names(Kind.NEURONS), graph.shapes
    steps = {n: steps_of(n, graph.nodes[n], shapes[n], reading) for n in names}
    wiring = wire(graph, steps, reading.dt)
    builder = _Builder(graph, steps, wiring, counts, ticks)
    widths = (weight_bits, state_bits, budget)
    several = any(own.several for own in steps.values())
    usual = _usual_spikes(graph, reading, wiring, counts) if several else {}
    found = _largest(builder, spikes, usual, widths, mesh, lanes)
    notes = tuple(_notes(graph, wiring, found, several, reading.dialect))
    return ImportedGraph(
        graph, reading, steps, found.parts, found.populations, found.network, found.program,
        wiring.offsets, notes,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Built:
    """A graph on the chip, with so many `levels` per node."""

    levels: dict[str, int]
    parts: dict[str, tuple[Part, ...]]
    populations: dict[str, QuantisedPopulation]
    network: Network
    program: Program


@dataclass(frozen=True, eq=False)
class _Builder:
    """All of an import that is known before the spikes per step are."""

    graph: FlatGraph
    steps: dict[str, Steps]
    wiring: Wiring
    counts: int
    ticks: int

    def built(
        self,
        wanted: Mapping[str, int],
        widths: tuple[int | None, int | None, float | None],
        mesh: Mesh | None,
        lanes: int,
    ) -> _Built:
        """The graph with so many spikes per neuron and step, by node; ValueError if too large."""
        levels = levels_of(self.steps, self.wiring, wanted, self.counts, self.ticks)
        wiring = with_taken_thresholds(self.wiring, self.steps, levels)
        parts = {n: parts_of_neurons(n, self.steps[n], levels[n]) for n in self.steps}
        sets = sum(len(part.names) for found in parts.values() for part in found)
        if mesh is None and sets > MOST_SETS:
            thing = "parameter sets (time constants x spikes per step, of all nodes)"
            raise refuse(thing, f"at most {MOST_SETS}", sets, "fewer of them, or a mesh of cores,")
        for name in self.graph.names(Kind.SOURCE):
            size = int(np.prod(self.graph.shapes[name]))
            parts[name] = (part_of_source(name, size, self.counts),)
        floats = {
            part.name: self._float_population(part, wiring, parts)
            for name in self.steps
            for part in parts[name]
        }
        found = quantise_all(floats, *widths, self.ticks)
        network = self._network(wiring, parts, found)
        one = next(iter(found.values()))
        geometry = smallest_geometry(
            network, mesh, lanes, one.weight_bits, state_bits=one.state_bits
        )
        program = compile_network(network, geometry, mesh)
        return _Built(levels, parts, found, network, program)

    def _float_population(
        self, part: Part, wiring: Wiring, parts: Mapping[str, tuple[Part, ...]]
    ) -> FloatPopulation:
        """A part's neurons in float: a bias goes into a current only where there is one."""
        own, index = self.steps[part.node], part.index
        bias, drive = wiring.biases[part.node][index], own.drive[index]
        filtered = bool(own.current_decay[index].any())
        return FloatPopulation(
            part.name,
            _furthest(own.membrane_decay[index]),
            own.threshold[index],
            tuple(weights for _, _, weights in _heard(part, wiring, parts)),
            _furthest(own.current_decay[index]),
            bias if filtered else None,
            drive if filtered else drive + bias,
            reset_of(own, len(part.names)),
            own.inclusive,
        )

    def _network(
        self,
        wiring: Wiring,
        parts: Mapping[str, tuple[Part, ...]],
        found: Mapping[str, QuantisedPopulation],
    ) -> Network:
        sources, populations, projections = [], [], []
        for name in self.graph.names(Kind.SOURCE):
            (part,) = parts[name]
            sources += [Source(own, len(part.index)) for own in part.names]
        for part in (part for name in self.steps for part in parts[name]):
            own, inclusive = found[part.name], self.steps[part.node].inclusive
            heard = list(_heard(part, wiring, parts))
            for level, name in enumerate(part.names, 1):
                registers = own.parameters
                if level > 1:
                    theta = threshold_word(own.scale * level, inclusive)
                    registers = replace(registers, theta=theta)
                biases = own.first_biases
                populations.append(
                    Population(
                        name, len(part.index), registers, bool(biases), True, biases, own.drives
                    )
                )
                for (origin, delay, floats), weights in zip(heard, own.weights, strict=True):
                    there = floats != 0
                    projections.append(
                        Projection(origin, name, weights, there, delay, plastic=False)
                    )
        return Network(tuple(sources), tuple(populations), tuple(projections))


def _heard(
    part: Part, wiring: Wiring, parts: Mapping[str, tuple[Part, ...]]
) -> Iterator[tuple[str, int, Floats]]:
    """What a part hears: from which population or source, how late, with which weights."""
    for (origin, delay), matrix in wiring.weights[part.node].items():
        for other in parts[origin]:
            block = matrix[np.ix_(other.index, part.index)]
            if block.any():
                yield from ((name, delay, block) for name in other.names)


def _furthest(decays: Floats) -> float:
    """Of decays that are one word on the chip, the one that is furthest from it."""
    return float(decays[np.abs(decays * 4096 - np.rint(decays * 4096)).argmax()])


def _usual_spikes(
    graph: FlatGraph, reading: Reading, wiring: Wiring, counts: int
) -> dict[str, int]:
    """The most spikes of a step that neurons of each node send when every other channel spikes."""
    random = np.random.default_rng(1)
    inputs = {
        name: np.where(
            random.random((100, size)) < 0.5, random.integers(1, counts + 1, (100, size)), 0
        )
        for name in graph.names(Kind.SOURCE)
        for size in (int(np.prod(graph.shapes[name])),)
    }
    found = simulate(graph, reading, wiring.offsets, inputs)
    most = {name: int(spikes.max()) for name, spikes in found.spikes.items()}
    return {name: own + (own > 1) for name, own in most.items()}  # one more, for other inputs


def _largest(
    builder: _Builder,
    spikes: int | None,
    usual: Mapping[str, int],
    widths: tuple[int | None, int | None, float | None],
    mesh: Mesh | None,
    lanes: int,
) -> _Built:
    """The graph with as many spikes per step as asked for, or as usual, or as there is space."""
    if spikes is not None or not usual:
        return builder.built(dict.fromkeys(builder.steps, spikes or 1), widths, mesh, lanes)
    for most in range(min(MOST_SPIKES, max(usual.values())), 1, -1):
        try:
            wanted = {name: min(most, own) for name, own in usual.items()}
            return builder.built(wanted, widths, mesh, lanes)
        except ValueError:  # fewer may fit; if not even 1 does, its error is the one to read
            continue
    return builder.built(dict.fromkeys(builder.steps, 1), widths, mesh, lanes)


def _step_in(graph: FlatGraph) -> float:
    """The step that rockpool's neurons were written with."""
    for name in graph.names(Kind.NEURONS):
        node, shape = graph.nodes[name], graph.shapes[name]
        field = {"LIF": "tau", "CubaLIF": "tau_mem"}.get(type(node).__name__)
        if field is not None:
            tau, r = (per_neuron(name, node, f, shape) for f in (field, "r"))
            found = step_in(tau, r)
            if found is None:
                wanted = "tau / dt exp(-dt / tau) for one dt, as rockpool writes it,"
                raise refuse(f"r of {name!r}", wanted, f"{r.ravel()[0]:g}", "giving dt")
            return found
    raise refuse("dt", f"given for {Dialect.ROCKPOOL} without LIF or CubaLIF", None, "dt=1e-3")


def _notes(
    graph: FlatGraph, wiring: Wiring, found: _Built, several: bool, dialect: Dialect
) -> Iterator[str]:
    """What a reader of the graph may not expect of the chip."""
    if graph.left_out:
        yield f"leading sides {graph.left_out} of the Input are taken for batch or time"
    for name, ticks in wiring.offsets.items():
        if ticks:
            yield f"{name}: step s of the graph is tick s + {ticks} (a tick per layer)"
    for name, own in found.populations.items():
        if own.error.headroom < 1:
            worst, room = f"{own.error.reach:.3g}", f"{own.error.room:.3g}"
            yield (
                f"{name}: the worst input would take a membrane to {worst} thresholds and the "
                f"word ends at {room}: beyond it saturates, and the bound does not hold"
            )
    for name, level in found.levels.items():
        node = graph.nodes[name]
        if several:
            yield f"{name}: up to {level} spikes in a step; what is more comes a step later"
        if hasattr(node, "v_reset") and per_neuron(name, node, "v_reset", graph.shapes[name]).any():
            start = "v_leak" if dialect is Dialect.NORSE else "v_reset"
            yield f"{name}: membranes start at {start}, not at 0"
