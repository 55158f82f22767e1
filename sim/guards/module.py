"""A module of Verilog, as far as it is understood: wires, what registers take, and the rest.

What is understood is the form that Yosys writes. A line of any other form is part of the rest, and
every name in it counts as used there: such a line can only keep logic where it is.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from axonloop.sim.guards.memory import read_ports, write_port
from axonloop.sim.guards.names import names_in

RESET = "rst"
ALWAYS = "  always @(posedge clk)"
_WIRE = re.compile(r"  wire (\[[\d:]+\] )?([\w$]+) ?;")
_MEMORY = re.compile(r"^  reg (\[[\d:]+\] )?([\w$]+) \[\d+:0\];$", re.MULTILINE)
_ASSIGN = re.compile(r"  assign (([\w$]+(?: ?\[[\d:]+\])?|{.*?}) = (.*);)")
_PART = re.compile(r"([\w$]+)(?: ?\[[\d:]+\])?")
_CLEARED = re.compile(r"    if \((!?)([\w$]+)\) (\S.* <= \d+'s?[bodh][\da-fxzA-FXZ_]+;)")
_ENABLED = re.compile(r"    (else )?if \((.*)\) (\S.* <= .*;)")
_OUTER = re.compile(r"    if \(([\w$]+)\)")
_INNER = re.compile(r"      (if \(.*\) \S.* <= .*;)")
_ELSE = re.compile(r"      (else \S.* <= .*;)")
_OTHERWISE = re.compile(r"    else (?!if)(\S.* <= .*;)")


@dataclass
class Wire:
    """Wires that are assigned together, mostly one: their assignments, and what those read.

    `widths` has the bits of each, such as "[7:0] "; None of what is assigned and no wire.
    """

    widths: dict[str, str | None] = field(default_factory=dict)
    assignments: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    def absorb(self, other: Wire) -> None:
        self.widths |= other.widths
        self.assignments += other.assignments
        self.sources += other.sources


@dataclass
class Clocked:
    """Statements at the edge of the clock while `enable`, and behind them others.

    `others` are pairs of a condition and a statement: on reset, or while the enable is 0.
    """

    enable: str
    statements: list[str]
    others: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Module:
    """`words` declare the registers in which words of memories are put together.

    `wires` are by the first name of each; `leads` has that of every other name.
    """

    wires: dict[str, Wire] = field(default_factory=dict)
    leads: dict[str, str] = field(default_factory=dict)
    clocked: list[Clocked] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)

    def wire(self, *names: str) -> Wire:
        """The wire of all these names, made or put together now where it is not yet one."""
        first = self.lead(names[0])
        wire = self.wires.setdefault(first, Wire())
        for name in names:
            if (lead := self.lead(name)) != first:
                other = self.wires.pop(lead, Wire())
                wire.absorb(other)
                self.leads |= dict.fromkeys((lead, *other.widths), first)
            wire.widths.setdefault(name, None)
        return wire

    def lead(self, name: str) -> str:
        return self.leads.get(name, name)

    def read(self, text: str) -> set[str]:
        """The names in a piece of Verilog, each by the first of its wire."""
        return {self.lead(name) for name in names_in(text)}


class Memory(NamedTuple):
    """The bits of a word, such as "[7:0] ", and how many statements write into the memory."""

    width: str
    writes: int


def parse(text: str) -> Module:
    """The module that a text describes; its last line is the last of the rest."""
    module, lines = Module(), text.splitlines()
    memories, padded = _memories(text), [*lines, "", "", ""]
    place = 0
    while place < len(lines):
        taken = _declare(module, lines[place]) or _register(module, padded[place : place + 4])
        if not taken and lines[place] == f"{ALWAYS} begin":
            end = lines.index("  end", place)
            block = "".join(f"{line}\n" for line in lines[place + 1 : end])
            taken = (end + 1 - place) * _port(module, block, memories)
        if not taken:
            module.rest.append(lines[place])
        place += taken or 1
    return module


def _memories(text: str) -> dict[str, Memory]:
    writes = Counter(
        name
        for line in text.splitlines()
        if " <= " in line
        for name in names_in(line.partition(" <= ")[0])
    )
    return {name: Memory(width, writes[name]) for width, name in _MEMORY.findall(text)}


def _declare(module: Module, line: str) -> int:
    """Take a declaration or an assignment; returns the lines taken, 0 or 1."""
    if wire := _WIRE.fullmatch(line):
        module.wire(wire[2]).widths[wire[2]] = wire[1] or ""
        return 1
    if not (assign := _ASSIGN.fullmatch(line)):
        return 0
    target = module.wire(*_PART.findall(assign[2]))
    target.assignments.append(assign[1])
    target.sources.append(assign[3])
    return 1


def _register(module: Module, lines: list[str]) -> int:
    """Take a register that has an enable, or a constant that it takes without; returns its lines.

    A constant that it takes first is one of a reset, or of a condition that stands for one.
    """
    if lines[0] != ALWAYS:
        return 0
    outer, inner, behind = (
        form.fullmatch(line) for form, line in zip((_OUTER, _INNER, _ELSE), lines[1:], strict=True)
    )
    if outer and inner and behind:
        module.clocked.append(Clocked(outer[1], [f"{inner[1]} {behind[1]}"]))
        return 4
    cleared, enabled = _CLEARED.fullmatch(lines[1]), _ENABLED.fullmatch(lines[2])
    if cleared and enabled and enabled[1]:
        others = [(cleared[1] + cleared[2], cleared[3])]
        module.clocked.append(Clocked(enabled[2], [enabled[3]], others))
        return 3
    otherwise = _OTHERWISE.fullmatch(lines[2])
    if cleared and otherwise and cleared[2] != RESET:
        inverse = cleared[2] if cleared[1] else f"!{cleared[2]}"
        others = [(cleared[1] + cleared[2], cleared[3])]
        module.clocked.append(Clocked(inverse, [otherwise[1]], others))
        return 3
    alone = _ENABLED.fullmatch(lines[1])
    if not alone or alone[1] or lines[2].startswith("    else"):
        return 0
    module.clocked.append(Clocked(alone[2], [alone[3]]))
    return 2


def _port(module: Module, block: str, memories: dict[str, Memory]) -> bool:
    """Take a block that reads or writes a memory; returns whether it was one."""
    if reads := read_ports(block):
        module.clocked += [Clocked(*read) for read in reads]
        return True
    write = write_port(block)
    if write is None:
        return False
    if len(write.parts) == 1:
        module.clocked.append(Clocked(*write.alone))
        return True
    memory = memories.get(write.memory)
    if memory is None or memory.writes != len(write.parts):
        return False
    enable = f"writes_{write.memory}"
    module.wires[enable] = Wire({enable: ""}, [f"{enable} = {write.condition};"], [write.condition])
    module.words.append(f"  reg {memory.width}{write.word};")
    module.clocked.append(Clocked(enable, write.statements))
    return True
