"""From a NIR file to a program for the chip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
)
from axonloop.host.nir.dialects import Dialect, Reading, reading_of, step_in
from axonloop.host.nir.export import own_graph
from axonloop.host.nir.graph import FlatGraph, read_graph, whole_graph
from axonloop.host.nir.imported import ImportedGraph
from axonloop.host.nir.neurons import Spikes
from axonloop.host.nir.nodes import Floats, Kind, per_neuron, refuse
from axonloop.host.nir.parts import (
    MOST_SETS,
    MOST_SPIKES,
    NodePart,
    parts_of,
    reset_of,
    several,
    taken_thresholds,
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
    _require_heard(graph, wiring)
    builder = _Builder(graph, steps, wiring, counts, ticks)
    widths = (weight_bits, state_bits, budget)
    if reading.several and spikes is None:
        usual, fewer = (_usual_spikes(graph, reading, wiring, counts, r) for r in (0.5, 0.25))
        found = _widest(builder, usual, fewer, widths, mesh, lanes)
    else:
        found = builder.built(_limited(steps, spikes or 1), widths, mesh, lanes)
    notes = tuple(_notes(graph, wiring, found, reading))
    return ImportedGraph(
        graph, reading, steps, found.parts, found.populations, found.network, found.program,
        wiring.offsets, notes,
    )  # fmt: skip


def _require_heard(graph: FlatGraph, wiring: Wiring) -> None:
    """NirError for an Input that reaches no neuron."""
    heard = {origin for found in wiring.weights.values() for origin, _ in found}
    for name in graph.names(Kind.SOURCE):
        if name not in heard:
            thing = f"weights after Input {name!r}"
            raise refuse(thing, "other than 0", "all 0", "one that is not")


def _limited(
    steps: Mapping[str, Steps], most: int, seen: Mapping[str, Spikes] | None = None
) -> dict[str, Spikes]:
    """Spikes in a step of every neuron, by node: as seen, but at most so many; 1 where one is."""
    found = {}
    for name, own in steps.items():
        wanted = np.full(len(own.threshold), most) if seen is None else seen[name]
        found[name] = np.clip(wanted, 1, most if own.several else 1)
    return found


@dataclass(frozen=True, eq=False)
class _Built:
    """A graph on the chip."""

    parts: dict[str, tuple[NodePart, ...]]
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
        spikes: Mapping[str, Spikes],
        widths: tuple[int | None, int | None, float | None],
        mesh: Mesh | None,
        lanes: int,
    ) -> _Built:
        """The graph with so many spikes per neuron and step, by node; ValueError if too large."""
        parts = {name: parts_of(name, own, spikes[name]) for name, own in self.steps.items()}
        sets = sum(len(found) for found in parts.values())
        if mesh is None and sets > MOST_SETS:
            thing = "different time constants of all nodes"
            remedy = "fewer of them, or a mesh of cores,"
            raise refuse(thing, f"at most {MOST_SETS} (parameter sets)", sets, remedy)
        for name in self.graph.names(Kind.SOURCE):
            size = int(np.prod(self.graph.shapes[name]))
            parts[name] = (NodePart(name, name, np.arange(size), self.counts),)
        floats = {
            part.name: self._float_population(part, parts)
            for name in self.steps
            for part in parts[name]
        }
        found = quantise_all(floats, *widths, self.ticks)
        network = self._network(parts, found)
        one = next(iter(found.values()))
        geometry = smallest_geometry(
            network, mesh, lanes, one.weight_bits, state_bits=one.state_bits
        )
        return _Built(parts, found, network, compile_network(network, geometry, mesh))

    def _float_population(
        self, part: NodePart, parts: Mapping[str, tuple[NodePart, ...]]
    ) -> FloatPopulation:
        """A part's neurons in float: a bias goes into a current only where there is one."""
        own, index = self.steps[part.node], part.index
        bias, drive = part.tiled(self.wiring.biases[part.node]), part.tiled(own.drive)
        filtered = bool(own.current_decay[index].any())
        return FloatPopulation(
            part.name,
            _furthest(own.membrane_decay[index]),
            part.thresholds(own.threshold),
            tuple(weights for weights in self._heard(part, parts).values()),
            _furthest(own.current_decay[index]),
            bias if filtered else None,
            drive if filtered else drive + bias,
            reset_of(own, parts[part.node]),
            own.inclusive,
            _furthest(own.membrane_decay[index]) if several(parts[part.node]) else 1.0,
            matched=_same(own.membrane_decay[index]) and _same(own.current_decay[index]),
        )

    def _network(
        self,
        parts: Mapping[str, tuple[NodePart, ...]],
        found: Mapping[str, QuantisedPopulation],
    ) -> Network:
        sources = [Source(n, parts[n][0].size) for n in self.graph.names(Kind.SOURCE)]
        populations, projections = [], []
        for part in (part for name in self.steps for part in parts[name]):
            own = found[part.name]
            biases, heard = own.first_biases, self._heard(part, parts)
            populations.append(
                Population(
                    part.name, part.size, own.parameters, bool(biases), True, biases, own.drives
                )
            )
            for ((origin, delay), floats), weights in zip(heard.items(), own.weights, strict=True):
                there = floats != 0
                projections.append(
                    Projection(origin, part.name, weights, there, delay, plastic=False)
                )
        return Network(tuple(sources), tuple(populations), tuple(projections))

    def _heard(
        self, part: NodePart, parts: Mapping[str, tuple[NodePart, ...]]
    ) -> dict[tuple[str, int], Floats]:
        """What a part hears: weights by where they come from, and how late."""
        found = {}
        for (origin, delay), matrix in self.wiring.weights[part.node].items():
            for other in parts[origin]:
                block = matrix[np.ix_(other.index, part.index)]
                if block.any():
                    found[other.name, delay] = np.tile(block, (other.levels, part.levels))
        for delay, taken in taken_thresholds(part, self.steps[part.node]):
            found[part.name, delay] = found.get((part.name, delay), 0.0) + taken
        return found


def _same(decays: Floats) -> bool:
    return bool(np.ptp(decays) < 1e-9)


def _furthest(decays: Floats) -> float:
    """Of decays that are one word on the chip, the one that is furthest from it."""
    return float(decays[np.abs(decays * 4096 - np.rint(decays * 4096)).argmax()])


def _usual_spikes(
    graph: FlatGraph, reading: Reading, wiring: Wiring, counts: int, rate: float
) -> dict[str, Spikes]:
    """The spikes of each node `(ticks, neurons)` with generated inputs."""
    random = np.random.default_rng(1)
    inputs = {}
    for name in graph.names(Kind.SOURCE):
        size = 100, int(np.prod(graph.shapes[name]))
        inputs[name] = np.where(random.random(size) < rate, random.integers(1, counts + 1, size), 0)
    return simulate(graph, reading, wiring.offsets, inputs).spikes


_RARE = 0.01
"""The share of a node's neuron-steps in which spikes may come later, because there are too many."""


def _widest(
    builder: _Builder,
    usual: Mapping[str, Spikes],
    fewer: Mapping[str, Spikes],
    widths: tuple[int | None, int | None, float | None],
    mesh: Mesh | None,
    lanes: int,
) -> _Built:
    """The graph with as many spikes per neuron as usual, and one more, or as there is space for.

    NirError if that is not enough for 99 of 100 steps with `fewer` inputs.
    """
    seen = {name: own.max(axis=0) for name, own in usual.items()}
    seen = {name: own + (own > 1) for name, own in seen.items()}
    largest = max(1, *(int(own.max()) for own in seen.values()))  # 1 where all are silent
    for most in range(min(MOST_SPIKES, largest), 0, -1):
        try:
            limits = _limited(builder.steps, most, seen)
            found = builder.built(limits, widths, mesh, lanes)
            break
        except ValueError:  # fewer may fit; if not even 1 does, its error is the one to read
            if most == 1:
                raise
    for name, own in fewer.items():
        if (own > limits[name]).mean() > _RARE:
            held = int(limits[name].max())
            remedy = f"smaller weights, a mesh of cores, or spikes={held} (the rest comes later)"
            thing = f"spikes of {name!r} in a step"
            raise refuse(thing, f"at most {held} (space of a core)", int(own.max()), remedy)
    return found


def _step_in(graph: FlatGraph) -> float:
    """The step that all of rockpool's neurons were written with."""
    found: dict[str, float] = {}
    for name in graph.names(Kind.NEURONS):
        node, shape = graph.nodes[name], graph.shapes[name]
        field = {"LIF": "tau", "CubaLIF": "tau_mem"}.get(type(node).__name__)
        if field is not None:
            tau, r = (per_neuron(name, node, f, shape) for f in (field, "r"))
            dt = step_in(tau, r)
            usual = next(iter(found.values()), dt)
            if dt is None or usual is None or abs(dt - usual) > 1e-3 * usual:
                wanted = "tau / dt exp(-dt / tau) for one dt, as rockpool writes it,"
                raise refuse(f"r of {name!r}", wanted, f"{r.ravel()[0]:g}", "giving dt")
            found[name] = dt
    if not found:
        raise refuse("dt", f"given for {Dialect.ROCKPOOL} without LIF or CubaLIF", None, "dt=1e-3")
    return next(iter(found.values()))


def _notes(graph: FlatGraph, wiring: Wiring, found: _Built, reading: Reading) -> Iterator[str]:
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
    for name in wiring.offsets:
        node = graph.nodes[name]
        if reading.several:
            most = max(part.levels for part in found.parts[name])
            yield f"{name}: up to {most} spikes in a step; what is more comes a step later"
        if hasattr(node, "v_reset") and per_neuron(name, node, "v_reset", graph.shapes[name]).any():
            start = "v_leak" if reading.dialect is Dialect.NORSE else "v_reset"
            yield f"{name}: membranes start at {start}, not at 0"
