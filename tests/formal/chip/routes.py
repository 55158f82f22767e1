"""Where flits may be, by `Mesh.route`: the reference for routers and meshes."""

from functools import reduce
from operator import or_

from amaranth.hdl import Array, Const, Signal, Value

from axonloop.hdl.chip.router import OPPOSITE, neighbours
from axonloop.models.config import Mesh, Port


def exits(mesh: Mesh, core: int) -> dict[int, Port]:
    """The port through which a flit leaves the router of `core`, by target."""
    return {target: next(iter(mesh.route(core, target)))[1] for target in range(mesh.cores)}


def targets(mesh: Mesh, core: int, entry: Port) -> list[int]:
    """The cores that are reached through this input of the router of `core`."""
    if entry is Port.LOCAL:
        return list(range(mesh.cores))
    source = neighbours(mesh, core)[entry]
    step = (source, OPPOSITE[entry])
    return [t for t in range(mesh.cores) if next(iter(mesh.route(source, t))) == step]


def names(mesh: Mesh, flit, cores: list[int]) -> Value:
    """Does the flit name one of these cores?"""
    positions = (mesh.position(core) for core in cores)
    tests = ((flit.column == column) & (flit.row == row) for column, row in positions)
    return reduce(or_, tests, Const(0))


def leaves_by(mesh: Mesh, core: int, flit, port: Port) -> Value:
    """Does the route of the flit leave the router of `core` through `port`?"""
    found = [target for target, exit in exits(mesh, core).items() if exit is port]
    return names(mesh, flit, found)


def contents(m, probe, name: str, layout) -> list[tuple[Value, Value]]:
    """The entries of a queue from its head on: is one there, and which, in this layout."""
    rows, level = probe.rows(f"{name}.storage"), probe[f"{name}.level"]
    consume, slots = probe[f"{name}.consume"], []
    for n in range(len(rows)):
        word = Signal(layout, name=f"{name.replace('.', '_')}_{n}")
        m.d.comb += word.as_value().eq(Array(rows)[(consume + n) % len(rows)])
        slots.append((level > n, word))
    return slots


def sound(probe, name: str) -> Value:
    """Do the counters of a queue fit together? Proved of every queue together with its user."""
    depth, level = len(probe.rows(f"{name}.storage")), probe[f"{name}.level"]
    produce, consume = probe[f"{name}.produce"], probe[f"{name}.consume"]
    return (level <= depth) & (consume < depth) & (produce == (consume + level) % depth)
