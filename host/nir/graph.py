"""A NIR graph without its subgraphs, in an order in which it can be computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axonloop.host.nir.nodes import Kind, NirError, Shape, kind_of, numbers, refuse
from axonloop.host.nir.shapes import output_shape, source_shape

INSTALL = "nir must be installed to read NIR files; pip install 'axonloop[nir]' does it"


@dataclass(frozen=True, eq=False)
class FlatGraph:
    """Nodes by name (those of subgraphs as `graph.node`) and what each one hears.

    `order`: every node after those that it hears in the same step. A `back` edge closes a
    cycle: along it a value is heard one step later. `shapes`: what each node puts out.
    `left_out`: sides of the inputs before those that the nodes take: batch and time.
    """

    nodes: dict[str, Any]
    kinds: dict[str, Kind]
    heard: dict[str, tuple[str, ...]]
    order: tuple[str, ...]
    back: frozenset[tuple[str, str]]
    shapes: dict[str, Shape]
    left_out: Shape = ()

    def names(self, kind: Kind) -> tuple[str, ...]:
        """The nodes of a kind, in order."""
        return tuple(name for name in self.order if self.kinds[name] is kind)


def read_graph(source: Any) -> FlatGraph:
    """The graph of a file, or a `nir.NIRGraph` itself, flat and checked.

    Raises ValueError for a file that is none, and NirError for a graph that the chip cannot
    hold, with node, parameter, value and what would do.
    """
    graph = whole_graph(source)
    nodes, edges = _flattened(graph, "")
    kinds = {}
    for name, node in nodes.items():
        inner = isinstance(node, _Passage)
        kinds[name] = Kind.THROUGH if inner else kind_of(name, node)
    _check_edges(nodes, kinds, edges)
    order, back = _ordered(kinds, edges)
    _require_neurons_in_cycles(kinds, edges)
    heard = {name: tuple(a for a, b in edges if b == name) for name in nodes}
    shapes, left_out = _fitting_shapes(nodes, order, heard, back)
    return FlatGraph(nodes, kinds, heard, order, back, shapes, left_out)


def whole_graph(source: Any) -> Any:
    """The `nir.NIRGraph` of a file, or that which is one; ValueError for all else."""
    graph = _read(Path(source)) if isinstance(source, str | Path) else source
    if type(graph).__name__ != "NIRGraph":
        raise NirError(f"graph must be a file or a nir.NIRGraph, not {type(graph).__name__}")
    return graph


def _read(path: Path) -> Any:
    try:
        import nir
    except ImportError as error:
        raise NirError(INSTALL) from error
    if not path.is_file():
        raise NirError(f"NIR file must be there, not missing: {path}")
    try:
        return nir.read(str(path), type_check=False)
    except Exception as error:  # h5py and nir raise many kinds for what is no NIR file
        raise NirError(f"NIR file must be one that nir can read, not {path}: {error}") from error


class _Passage:
    """Where a subgraph is entered or left."""


def _flattened(graph: Any, prefix: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Nodes and edges of a graph with those of its subgraphs in their place."""
    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []
    enter: dict[str, str] = {}
    leave: dict[str, str] = {}
    for key, node in graph.nodes.items():
        name = f"{prefix}{key}"
        if type(node).__name__ == "NIRGraph":
            inner, inner_edges = _flattened(node, f"{name}.")
            nodes |= inner
            edges += inner_edges
            enter[key], leave[key] = _only(name, node, "Input"), _only(name, node, "Output")
        else:
            passage = prefix and type(node).__name__ in ("Input", "Output")
            nodes[name] = _Passage() if passage else node
    for start, end in graph.edges:
        for key in (start, end):
            if key not in graph.nodes:
                raise refuse(f"edge {start!r} -> {end!r}", "between nodes", key, "a node of it")
        edges.append((leave.get(start, f"{prefix}{start}"), enter.get(end, f"{prefix}{end}")))
    return nodes, edges


def _only(name: str, graph: Any, kind: str) -> str:
    """The one input or output of a subgraph."""
    found = [key for key, node in graph.nodes.items() if type(node).__name__ == kind]
    if len(found) != 1:
        thing = f"subgraph {name!r}"
        raise refuse(thing, f"one with one {kind}", f"one with {len(found)}", "one of each")
    return f"{name}.{found[0]}"


def _check_edges(
    nodes: dict[str, Any], kinds: dict[str, Kind], edges: list[tuple[str, str]]
) -> None:
    for edge in edges:
        if edges.count(edge) > 1:
            raise refuse(f"edge {edge[0]!r} -> {edge[1]!r}", "given once", "twice", "one of them")
    ends = {b for _, b in edges}
    for name, kind in kinds.items():
        if kind is not Kind.SOURCE and name not in ends:
            raise refuse(f"node {name!r}", "reached by an edge", "cut off", "an edge to it")
        if kind is Kind.SOURCE and name in ends:
            raise refuse(f"Input {name!r}", "where edges start", "where one ends", "another node")
    for a, b in edges:
        if kinds[a] is Kind.OUTPUT:
            raise refuse(f"Output {a!r}", "where edges end", "where one starts", "its source")
        if kinds[a] is Kind.READOUT and kinds[b] is not Kind.OUTPUT:
            what = type(nodes[b]).__name__
            thing = f"what hears LI {a!r}"
            raise refuse(thing, "an Output (the host computes it)", f"{b!r} ({what})", "LIF")
    if Kind.NEURONS not in kinds.values():
        raise refuse("graph", "one with neurons", "one without", "a LIF, CubaLIF or IF node")


def _ordered(
    kinds: dict[str, Kind], edges: list[tuple[str, str]]
) -> tuple[tuple[str, ...], frozenset[tuple[str, str]]]:
    """All nodes in order, and the edges that close cycles, by a walk from the inputs."""
    after: dict[str, list[str]] = {name: [] for name in kinds}
    for a, b in edges:
        after[a].append(b)
    done: list[str] = []
    state: dict[str, bool] = {}
    back: set[tuple[str, str]] = set()
    for start in (name for name, kind in kinds.items() if kind is Kind.SOURCE):
        stack: list[tuple[str, Iterator[str]]] = [(start, iter(after[start]))]
        state[start] = True
        while stack:
            name, following = stack[-1]
            successor = next(following, None)
            if successor is None:
                state[name] = False
                done.append(name)
                stack.pop()
            elif successor not in state:
                state[successor] = True
                stack.append((successor, iter(after[successor])))
            elif state[successor]:
                back.add((name, successor))
    for name in kinds:
        if name not in state:
            raise refuse(f"node {name!r}", "reached from an Input", "cut off", "an edge to it")
    return tuple(reversed(done)), frozenset(back)


def _require_neurons_in_cycles(kinds: dict[str, Kind], edges: list[tuple[str, str]]) -> None:
    """NirError for a cycle in which nothing spikes: it has no order to be computed in."""
    left = {name for name, kind in kinds.items() if kind is not Kind.NEURONS}
    while True:
        free = {b for b in left if not any(e == b and a in left for a, e in edges)}
        if not free:
            break
        left -= free
    if left:
        name = min(left)
        raise refuse(f"cycle through {name!r}", "one with neurons", "one without", "a LIF in it")


def _fitting_shapes(
    nodes: dict[str, Any],
    order: tuple[str, ...],
    heard: dict[str, tuple[str, ...]],
    back: frozenset[tuple[str, str]],
) -> tuple[dict[str, Shape], Shape]:
    """The shapes of all nodes, and the leading sides that the Inputs must lose for them to fit.

    Exporters write the shape of their sample, with its batch and its time.
    """
    given = [source_shape(n, node) for n, node in nodes.items() if type(node).__name__ == "Input"]
    first: NirError | None = None
    for lost in range(min(len(shape) for shape in given)):
        try:
            return _shapes(nodes, order, heard, back, lost), given[0][:lost]
        except NirError as error:
            first = first or error
    raise first or NirError("graph must have an Input with a shape, not one without")


def _shapes(
    nodes: dict[str, Any],
    order: tuple[str, ...],
    heard: dict[str, tuple[str, ...]],
    back: frozenset[tuple[str, str]],
    lost: int,
) -> dict[str, Shape]:
    """The shape that every node puts out; NirError where two do not fit."""
    shapes: dict[str, Shape] = {}
    entered: dict[str, Shape] = {}
    for name in order:
        found = [shapes[before] for before in heard[name] if before in shapes]
        for before, shape in zip(heard[name], found, strict=False):
            if shape != found[0]:
                thing = f"output of {before!r}"
                raise refuse(thing, f"of shape {found[0]} for {name!r}", shape, "one shape")
        entered[name] = found[0] if found else ()
        if isinstance(nodes[name], _Passage):
            shapes[name] = entered[name]
        elif type(nodes[name]).__name__ == "Input":
            shapes[name] = source_shape(name, nodes[name])[lost:]
        else:
            shapes[name] = output_shape(name, nodes[name], entered[name])
    for before, name in sorted(back):
        if shapes[before] != entered[name]:
            thing = f"output of {before!r}"
            raise refuse(thing, f"of shape {entered[name]} for {name!r}", shapes[before], "that")
    return shapes


def whole_delays(name: str, node: Any, shape: Shape, dt: float) -> list[int]:
    """The delays of a Delay node in ticks, one per element; NirError unless they are whole."""
    given = numbers(name, node, "delay").ravel()
    size = 1
    for side in shape:
        size *= side
    values = given if given.size == size else [float(given[0])] * size
    found = []
    for value in values:
        ticks = float(value) / dt
        if abs(ticks - round(ticks)) > 1e-6 or ticks < 0:
            thing = f"delay of {name!r}"
            raise refuse(thing, f"whole ticks of {dt:g} s", f"{value:g}", "another dt")
        found.append(round(ticks))
    return found
