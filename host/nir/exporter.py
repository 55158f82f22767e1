"""What a chip holds as a NIR graph: its meaning in float, with the integers in the metadata.

The chip's step is forward Euler of NIR's equations with a step of dt: the units of a membrane are
its words. A population without a current is LIF, or IF if nothing leaks; one with a current is
CubaLIF, whose membrane sees the current a step late, as NIR's equations have it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike

from axonloop.host.files import require_writable, write_whole
from axonloop.host.network import (
    FloatReset,
    Network,
    Population,
    Program,
    Projection,
    QuantisationError,
    QuantisedPopulation,
    Source,
    compile_network,
)
from axonloop.host.nir.dialects import Dialect, reading_of
from axonloop.host.nir.graph import read_graph
from axonloop.host.nir.imported import ImportedGraph
from axonloop.host.nir.nodes import NirError
from axonloop.host.nir.parts import Part, part_of_source
from axonloop.host.nir.steps import Steps
from axonloop.host.recorder import Rasters
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require, require_number
from axonloop.models.config import DECAY_ONE, Geometry, Mesh, ParameterSet, ResetMode

FORMAT = "axonloop program 1"
"""Name and version of what the metadata of a graph hold; any other is not read."""
KEY = "axonloop"
_ARRAYS = ("drives", "first_biases")
"""Arrays of a population, in the metadata of its node."""
_TICKS = 1000
"""Ticks for which the bound of an import to the bit holds."""
_BELOW = 2.0**-6
"""NIR's neurons spike above their threshold, the chip's at it: the float one lies lower by this."""
_SLOW = 2.0**-40
"""dt / tau of a current or membrane that does not leak, in a node that must have a tau."""


def export_nir(
    program: Program, path: str | Path, weights: Int32Array | None = None, dt: float = 1e-3
) -> tuple[str, ...]:
    """Write a program as a NIR file; return what of it NIR cannot say.

    `weights`, int `(axons, neurons of a core)`: those of a device, such as learned ones; None: the
    program's own. A tick is `dt` seconds. `import_nir` of the file, in the dialect nir, gives back
    the same program to the bit. The file is written whole or not at all. Raises ValueError for
    weights of another shape or range and for a path that cannot be written, OSError for a disk
    that is full.
    """
    target = Path(path)
    require_writable(target)
    graph, notes = graph_of(program, weights, dt)
    whole = BytesIO()
    _nir().write(whole, graph)

    def write(file: BinaryIO) -> None:
        file.write(whole.getbuffer())

    write_whole(target, write)
    return notes


def graph_of(
    program: Program, weights: Int32Array | None = None, dt: float = 1e-3
) -> tuple[Any, tuple[str, ...]]:
    """A program as a `nir.NIRGraph`, and what of it NIR cannot say; see `export_nir`."""
    require_number("dt", dt)
    require(dt > 0, "dt", "above 0 seconds", dt)
    held = _held(program, program.weights if weights is None else weights)
    return _Writer(held, dt).graph(_record(held, program, dt))


def _nir() -> Any:
    """The package of NIR, an extra."""
    try:
        import nir
    except ImportError as error:
        how = "pip install 'axonloop[nir]' does it"
        raise NirError(f"nir must be installed to write NIR files; {how}") from error
    return nir


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


def _record(network: Network, program: Program, dt: float) -> dict[str, Any]:
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


class _Writer:
    """Makes nodes and edges of a network."""

    def __init__(self, network: Network, dt: float) -> None:
        self.network, self.dt = network, dt
        self.notes: list[str] = []
        self.lags = {p.name: int(_filtered(p)) for p in network.populations}
        self.offsets = self._offsets()

    def graph(self, record: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
        """The graph, with `record` in its metadata, and the notes."""
        nir, own = _nir(), self.network
        _require_names(own)
        nodes: dict[str, Any] = {s.name: nir.Input(np.array([s.size])) for s in own.sources}
        nodes |= {p.name: self._neurons(p) for p in own.populations}
        edges: list[tuple[str, str]] = []
        names = edge_names(own)
        pairs = list(zip(names, own.projections, strict=True))
        first = {p.target: name for name, p in reversed(pairs)}
        for name, projection in pairs:
            nodes[name] = self._synapses(projection, first[projection.target] == name)
            edges += [(projection.source, name), (name, projection.target)]
        for name in self._ends():
            nodes[f"output_{name}"] = nir.Output(np.array([own.population(name).size]))
            edges.append((name, f"output_{name}"))
        back = read_graph(nir.NIRGraph(nodes, edges, type_check=False)).back
        for name, projection in pairs:
            self._delay(nodes, edges, name, projection, (name, projection.target) in back)
        text = json.dumps(record)
        graph = nir.NIRGraph(nodes, edges, metadata={KEY: text}, type_check=False)
        return graph, tuple(self.notes)

    def _offsets(self) -> dict[str, int]:
        """The ticks that each population runs behind the graph's steps: as late as may be."""
        own = self.network
        offsets = dict.fromkeys(self.lags, 1 << 30)
        for _ in own.populations:
            for p in own.projections:
                begins = offsets[p.source] + 1 if p.source in offsets else 0
                latest = begins + p.delay - self.lags[p.target]
                offsets[p.target] = min(offsets[p.target], latest)
        return offsets

    def _delay(
        self,
        nodes: dict[str, Any],
        edges: list[tuple[str, str]],
        name: str,
        projection: Projection,
        back: bool,
    ) -> None:
        """Put the Delay in front of a projection's synapses that the graph's steps leave."""
        begins = self.offsets[projection.source] + 1 if projection.source in self.offsets else 0
        target = projection.target
        late = projection.delay + begins - self.offsets[target] - self.lags[target] - int(back)
        if late < 0:
            self.notes.append(
                f"{projection}: a graph hears feedback into a current a step later than the chip"
            )
        if late > 0:
            size = len(projection.weights)
            nodes[f"delay_{name}"] = _nir().Delay(np.full(size, late * self.dt))
            edges.remove((projection.source, name))
            edges += [(projection.source, f"delay_{name}"), (f"delay_{name}", name)]

    def _neurons(self, population: Population) -> Any:
        nir, own, ones = _nir(), population.parameters, np.ones(population.size)
        self._note(population)
        drives = np.array(population.drives or (0,) * population.size, np.float64)
        shared = {
            "v_threshold": (own.theta - _BELOW) * ones,
            "v_reset": 0 * ones,
            "metadata": {
                f"{KEY}_{field}": np.array(getattr(population, field), np.int32)
                for field in _ARRAYS
                if getattr(population, field)
            },
        }
        leak = 1 - own.alpha_n / DECAY_ONE
        if not _filtered(population) and not leak:
            return nir.IF(r=ones / self.dt, **shared)
        leak = max(leak, _SLOW)
        shared |= {"v_leak": drives / leak}
        if not _filtered(population):
            return nir.LIF(tau=ones * (self.dt / leak), r=ones / leak, **shared)
        filtered = max(1 - own.beta_n / DECAY_ONE, _SLOW)
        return nir.CubaLIF(
            tau_mem=ones * (self.dt / leak),
            tau_syn=ones * (self.dt / filtered),
            r=ones / leak,
            w_in=ones / filtered,
            **shared,
        )

    def _synapses(self, projection: Projection, first: bool) -> Any:
        """The weights in units of the membrane; with the biases of the target if it is `first`."""
        nir, target = _nir(), self.network.population(projection.target)
        unit = _unit(target)
        weight = np.where(projection.synapses, projection.weights, 0).T * unit
        metadata = {f"{KEY}_weights": projection.weights.astype(np.int32)}
        bias = np.zeros(target.size)
        if target.first_biases:
            bias += np.array(target.first_biases) * unit
        if target.drives and not _filtered(target) and target.parameters.alpha_n == DECAY_ONE:
            bias += target.drives
        if first and bias.any():
            return nir.Affine(weight=weight, bias=bias, metadata=metadata)
        return nir.Linear(weight=weight, metadata=metadata)

    def _ends(self) -> list[str]:
        """The populations that no other one hears."""
        heard = {p.source for p in self.network.projections if p.source != p.target}
        names = [p.name for p in self.network.populations]
        return [name for name in names if name not in heard] or names[-1:]

    def _note(self, population: Population) -> None:
        """What of the neurons is in the metadata alone."""
        own, name = population.parameters, population.name
        if own.reset_mode is not ResetMode.ZERO:  # `reset` of import_nir tells it again
            self.notes.append(f"{name}: NIR has no reset_mode {own.reset_mode.name.lower()}")
        if own.rho:
            self.notes.append(f"{name}: NIR has no reset variable R (rho = {own.rho})")
        if own.refractory:
            self.notes.append(f"{name}: NIR has no refractory time ({own.refractory} ticks)")
        if _filtered(population) and DECAY_ONE in (own.alpha_n, own.beta_n):
            self.notes.append(f"{name}: what does not leak has a tau of 2^40 dt")


def _filtered(population: Population) -> bool:
    """The population has a current that outlasts its tick."""
    return population.parameters.beta_n > 0


def _require_names(network: Network) -> None:
    """ValueError for names that nodes of a file cannot have, or that two nodes would have."""
    names = [*(s.name for s in network.sources), *(p.name for p in network.populations)]
    made = set(edge_names(network))
    made |= {f"delay_{name}" for name in made} | {f"output_{name}" for name in names}
    for name in names:
        good = "/" not in name and name != "." and name not in made
        require(good, "name of a node", "without '/' and unlike those of synapses", name)
    require(len(set(edge_names(network))) == len(network.projections), "names", "apart", names)


def edge_names(network: Network) -> list[str]:
    """The nodes of the projections' synapses, by their ends and, where it tells, their delay."""
    return [edge_name(p.source, p.target, p.delay) for p in network.projections]


def edge_name(source: str, target: str, delay: int) -> str:
    """The node of a projection's synapses."""
    return f"{source}_to_{target}" + (f"_after_{delay}" if delay else "")


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
        program = _program_of(graph, record)
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
    return _imported(graph, program, record["dt"])


def _program_of(graph: Any, record: Mapping[str, Any]) -> Program:
    """The program that a record and the arrays in the metadata of the nodes describe."""
    populations = []
    for entry in record["populations"]:
        held = graph.nodes[entry["name"]].metadata
        arrays = {f: held[f"{KEY}_{f}"] for f in _ARRAYS if f"{KEY}_{f}" in held}
        parameters = ParameterSet.from_dict(entry["parameters"])
        populations.append(Population(**{**entry, **arrays, "parameters": parameters}))
    sources = tuple(Source(*entry) for entry in record["sources"])
    geometry = Geometry(**record["geometry"])
    projections = []
    for entry in record["projections"]:
        plain = {**entry, "traces": entry["traces"] and ParameterSet.from_dict(entry["traces"])}
        full = plain.pop("full")
        name = edge_name(entry["source"], entry["target"], entry["delay"])
        weights = np.array(graph.nodes[name].metadata[f"{KEY}_weights"])
        present = None if full else weights != geometry.no_synapse
        projections.append(Projection(**plain, weights=weights, present=present))
    network = Network(sources, tuple(populations), tuple(projections), record["seed"])
    place = record["place"] and {name: tuple(cores) for name, cores in record["place"].items()}
    return compile_network(network, geometry, Mesh(**record["mesh"]), place)


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


@dataclass(frozen=True, eq=False)
class OwnGraph(ImportedGraph):
    """What `export_nir` wrote, as `import_nir` gives it back.

    A membrane of NIR sees its current a step late, and that of the chip does not: where a source
    feeds a current, `run` sends inputs `early` ticks later, so that chip and graph keep step.
    """

    early: int

    @property
    def more(self) -> int:
        """Ticks behind the inputs until the last layer has heard them all."""
        return self.latency - self.early

    def rasters_of(self, inputs: Mapping[str, ArrayLike] | ArrayLike) -> Rasters:
        """Input spikes of every source of the program, `early` ticks later."""
        late = ((self.early, 0), (0, 0))
        return {name: np.pad(own, late) for name, own in super().rasters_of(inputs).items()}


def _imported(graph: Any, program: Program, dt: float) -> OwnGraph:
    """A program as `import_nir` returns it; beside the float graph the chip only truncates."""
    network, offsets = program.plan.network, _Writer(program.plan.network, dt).offsets
    early = -min(0, *offsets.values())
    found, steps = {}, {}
    for own in network.populations:
        registers, ones = own.parameters, np.ones(own.size)
        unit, scale = _unit(own), registers.theta - _BELOW
        found[own.name] = QuantisedPopulation(
            registers,
            tuple(p.weights for p in network.projections if p.target == own.name),
            own.first_biases,
            own.drives,
            scale,
            scale / unit,
            program.geometry.weight_bits,
            program.geometry.state_bits,
            _error_of(own, network, program.geometry),
        )
        steps[own.name] = Steps(
            membrane_decay=registers.alpha_n / DECAY_ONE * ones,
            current_decay=registers.beta_n / DECAY_ONE * ones,
            gain=unit * ones,
            drive=np.array(own.drives or 0 * ones),
            threshold=scale * ones,
            first=0 * ones,
            reset=FloatReset.ZERO,
            lag=int(_filtered(own)),
        )
    notes = [*graph_of(program, dt=dt)[1], "the integers are those in the metadata"]
    for name, each in found.items():
        if each.error.headroom < 1:
            notes.append(f"{name}: the worst input would saturate; the bound does not hold then")
    subtracts = {p.parameters.reset_mode for p in network.populations} == {ResetMode.SUBTRACT}
    parts: dict[str, tuple[Part, ...]] = {
        s.name: (part_of_source(s.name, s.size, 1),) for s in network.sources
    }
    parts |= {p.name: (Part(p.name, np.arange(p.size), (p.name,)),) for p in network.populations}
    return OwnGraph(
        graph=read_graph(graph),
        reading=reading_of(Dialect.NIR, dt, FloatReset.SUBTRACT if subtracts else None),
        steps=steps,
        parts=parts,
        populations=found,
        network=network,
        program=program,
        offsets={name: offset + early for name, offset in offsets.items()},
        notes=tuple(notes),
        early=early,
    )


def _unit(population: Population) -> float:
    """What a weight of 1 adds to the membrane."""
    return float(2.0 ** (population.parameters.w_exp - population.parameters.i_shift))


def _error_of(population: Population, network: Network, geometry: Geometry) -> QuantisationError:
    """What the chip's truncation makes of a membrane, with the graph's numbers being its own."""
    own, scale = population.parameters, population.parameters.theta - _BELOW
    keep, hold = (_sum_of_powers(word) for word in (own.alpha_n, own.beta_n))
    unit = 2.0**-own.i_shift
    step = _cut(own.beta_n) * hold * unit + (own.i_shift > 0) + _cut(own.alpha_n)
    step += _BELOW if own.reset_mode is ResetMode.SUBTRACT else 0
    weights = [np.where(p.synapses, p.weights, 0) for p in network.projections]
    sums = [
        np.maximum(np.maximum(w, 0).sum(axis=0), np.maximum(-w, 0).sum(axis=0))
        for w, p in zip(weights, network.projections, strict=True)
        if p.target == population.name
    ]
    inputs = np.sum(sums, axis=0) + np.abs(population.first_biases or 0)
    each = inputs * 2.0**own.w_exp * hold * unit + np.abs(population.drives or 0)
    return QuantisationError(
        membrane_decay=0.0,
        current_decay=0.0,
        threshold=_BELOW / scale,
        weight_max=0.0,
        weight_rms=0.0,
        weight_max_lsb=0.0,
        weight_rms_lsb=0.0,
        bound=float(step * keep / scale),
        ticks=_TICKS,
        reach=float(each.max() * keep / scale),
        room=geometry.state_max / scale,
    )


def _sum_of_powers(word: int) -> float:
    """1 + k + k^2 + ... of a decay, over _TICKS terms."""
    decay = word / DECAY_ONE
    return float(_TICKS if decay >= 1 else (1 - decay**_TICKS) / (1 - decay))


def _cut(word: int) -> float:
    """The most that a decay's truncation takes."""
    return 0.0 if word in (0, DECAY_ONE) else 1.0
