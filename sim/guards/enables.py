"""Which guard a register stands behind, and which wires only one guard needs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter

from axonloop.sim.guards.module import Module

_SIDES = re.compile(r"([\w$]+)(?: & ([\w$]+))?")
_SPAN = re.compile(r"(?<![\w$'])([A-Za-z_$][\w$]*)(?: ?\[(\d+)(?::(\d+))?\])?")
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
    if wire is None or len(wire.assignments) != 1 or len(wire.widths) != 1:
        return {name}
    if not (sides := _SIDES.fullmatch(wire.sources[0])):
        return {name}
    return {name}.union(*(_parts(module, side) for side in sides.groups() if side))


def users(module: Module, guard_of: dict[str, str]) -> dict[str, set[str]]:
    """The guards that need each wire; `EVERYWHERE` is one of them if anything else does.

    A wire of a loop, or made of one, is needed everywhere.
    """
    needed: dict[str, set[str]] = defaultdict(set)
    for line in module.rest:
        _need(needed, module.read(line), EVERYWHERE)
    for clocked in module.clocked:
        guard = guard_of[clocked.enable]
        for statement in clocked.statements:
            _need(needed, module.read(statement), guard)
        own = EVERYWHERE if guard == clocked.enable else guard
        _need(needed, module.read(clocked.enable), own)
        _need(needed, module.read(guard), EVERYWHERE)
        for condition, statement in clocked.others:
            _need(needed, module.read(f"{condition} {statement}"), EVERYWHERE)
    order = in_order(module)
    loops = [
        (lead, number)
        for lead, wire in module.wires.items()
        for number in range(len(wire.assignments))
        if (lead, number) not in order
    ]
    outside = [lead for lead, wire in module.wires.items() if None in wire.widths.values()]
    for lead in (*outside, *(lead for lead, _ in loops)):
        needed[lead].add(EVERYWHERE)
    made = [
        (lead, module.read(module.wires[lead].sources[number]))
        for lead, number in (*loops, *reversed(order))
    ]
    while sum(_hand_down(needed, lead, read) for lead, read in made):
        pass
    return needed


def _hand_down(needed: dict[str, set[str]], lead: str, read: set[str]) -> bool:
    """What a wire is made from is needed where it is; returns whether that is news."""
    less = [name for name in read if not needed[lead] <= needed[name]]
    for name in less:
        needed[name] |= needed[lead]
    return bool(less)


def _need(needed: dict[str, set[str]], names: set[str], guard: str) -> None:
    for name in names:
        needed[name].add(guard)


def in_order(module: Module) -> dict[tuple[str, int], None]:
    """Assignments, as wire and number, that are in no loop and made of none.

    Each stands behind those that assign what it reads, by bits where both say which.
    """
    parts = defaultdict(list)
    for lead, wire in module.wires.items():
        for number, text in enumerate(wire.assignments):
            for name, bits in _spans(text.partition(" = ")[0]):
                parts[name].append((bits, (lead, number)))
    sorter: TopologicalSorter[tuple[str, int]] = TopologicalSorter()
    for lead, wire in module.wires.items():
        for number, source in enumerate(wire.sources):
            read = {
                place
                for name, bits in _spans(source)
                for written, place in parts.get(name, ())
                if bits[0] <= written[1] and written[0] <= bits[1]
            }
            sorter.add((lead, number), *sorted(read))
    with suppress(CycleError):
        sorter.prepare()
    order: dict[tuple[str, int], None] = {}
    while ready := sorter.get_ready():
        order |= dict.fromkeys(ready)
        sorter.done(*ready)
    return order


def _spans(text: str) -> list[tuple[str, tuple[int, int]]]:
    """The names in a piece of Verilog, with their lowest and highest bits, as far as it says."""
    found = []
    for name, high, low in _SPAN.findall(text):
        top = int(high) if high else 1 << 30
        found.append((name, (int(low or high or 0), top)))
    return found
