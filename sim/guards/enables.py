"""Which guard a register stands behind, and which wires only one guard needs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter

from axonloop.sim.guards.module import RESET, Module
from axonloop.sim.guards.names import names_in

_SIDES = re.compile(r"([\w$]+)(?: & ([\w$]+))?")
EVERYWHERE = ""
"""The guard of what is always needed."""


def guards(module: Module) -> dict[str, str]:
    """For each enable the guard that it implies: what most registers wait for, of what it is made.

    An enable is made of itself, of what it is another name of, and of the two sides of an `&`:
    where it is not 0, neither are these. Of equally common ones it is the one made of most.
    """
    parts = {clocked.enable: _parts(module, clocked.enable) for clocked in module.clocked}
    count = Counter(part for clocked in module.clocked for part in parts[clocked.enable])
    return {
        enable: max(sorted(found), key=lambda part: (count[part], len(_parts(module, part))))
        for enable, found in parts.items()
    }


def _parts(module: Module, name: str) -> set[str]:
    wire = module.wires.get(name)
    if wire is None or len(wire.sources) != 1 or not (sides := _SIDES.fullmatch(wire.sources[0])):
        return {name}
    return {name}.union(*(_parts(module, side) for side in sides.groups() if side))


def users(module: Module, guard_of: dict[str, str]) -> dict[str, set[str]]:
    """The guards that need each wire; `EVERYWHERE` is one of them if anything else does.

    A wire of a loop, or made of one, is needed everywhere.
    """
    needed: dict[str, set[str]] = defaultdict(set)
    for line in module.rest:
        _need(needed, line, EVERYWHERE)
    for clocked in module.clocked:
        guard = guard_of[clocked.enable]
        for statement in clocked.statements:
            _need(needed, statement, guard)
        _need(needed, clocked.enable, EVERYWHERE if guard == clocked.enable else guard)
        _need(needed, guard, EVERYWHERE)
        if clocked.resets:
            needed[RESET].add(EVERYWHERE)
    order = in_order(module)
    for name, wire in module.wires.items():
        if wire.width is None or name not in order:
            needed[name].add(EVERYWHERE)
    for name in (*(module.wires.keys() - order), *reversed(order)):
        for source in module.wires[name].sources:
            for read in names_in(source):
                needed[read] |= needed[name]
    return needed


def _need(needed: dict[str, set[str]], text: str, guard: str) -> None:
    for name in names_in(text):
        needed[name].add(guard)


def in_order(module: Module) -> dict[str, None]:
    """The wires that are in no loop and made of none, each behind those that it is made of."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, wire in module.wires.items():
        read = sorted(set().union(*map(names_in, wire.sources)))
        sorter.add(name, *(source for source in read if source in module.wires))
    with suppress(CycleError):
        sorter.prepare()
    order: dict[str, None] = {}
    while ready := sorter.get_ready():
        order |= dict.fromkeys(ready)
        sorter.done(*ready)
    return order
