"""A module of Verilog, as far as it is understood: wires, what registers take, and the rest.

What is understood is the form that Yosys writes. A line of any other form is part of the rest, and
every name in it counts as used there: such a line can only keep logic where it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from axonloop.sim.guards.memory import read_port, write_port

RESET = "rst"
ALWAYS = "  always @(posedge clk)"
_WIRE = re.compile(r"  wire (\[[\d:]+\] )?([\w$]+) ?;")
_MEMORY = re.compile(r"^  reg (\[[\d:]+\] )?([\w$]+) \[\d+:0\];$", re.MULTILINE)
_ASSIGN = re.compile(r"  assign (([\w$]+)(?: ?\[[\d:]+\])? = (.*);)")
_RESET = re.compile(r"    if \(rst\) (\S.* <= .*;)")
_ENABLED = re.compile(r"    (else )?if \((.*)\) (\S.* <= .*;)")


@dataclass
class Wire:
    """A wire of bits `width`, such as "[7:0] ", its assignments, and what they are made from.

    `width` is None of what is assigned and no wire.
    """

    width: str | None = None
    assignments: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)


@dataclass
class Clocked:
    """Statements at the edge of the clock while `enable`; those of `resets` follow on reset."""

    enable: str
    statements: list[str]
    resets: list[str] = field(default_factory=list)


@dataclass
class Module:
    """`words` declare the registers in which words of memories are put together."""

    wires: dict[str, Wire] = field(default_factory=dict)
    clocked: list[Clocked] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)


class Memory(NamedTuple):
    """The bits of a word, such as "[7:0] ", and how many statements write into the memory."""

    width: str
    writes: int


def parse(text: str) -> Module:
    """The module that a text describes; its last line is the last of the rest."""
    module, lines = Module(), text.splitlines()
    memories = _memories(text)
    place = 0
    while place < len(lines):
        taken = _declare(module, lines[place]) or _register(module, lines[place : place + 3])
        if not taken and lines[place] == f"{ALWAYS} begin":
            end = lines.index("  end", place)
            block = "".join(f"{line}\n" for line in lines[place + 1 : end])
            taken = (end + 1 - place) * _port(module, block, memories)
        if not taken:
            module.rest.append(lines[place])
        place += taken or 1
    return module


def _memories(text: str) -> dict[str, Memory]:
    return {
        name: Memory(width, len(re.findall(rf"(?<![\w$]){re.escape(name)} ?\[[^;\n]* <= ", text)))
        for width, name in _MEMORY.findall(text)
    }


def _declare(module: Module, line: str) -> int:
    """Take a declaration or an assignment; returns the lines taken, 0 or 1."""
    if wire := _WIRE.fullmatch(line):
        module.wires.setdefault(wire[2], Wire()).width = wire[1] or ""
        return 1
    if not (assign := _ASSIGN.fullmatch(line)):
        return 0
    target = module.wires.setdefault(assign[2], Wire())
    target.assignments.append(assign[1])
    target.sources.append(assign[3])
    return 1


def _register(module: Module, lines: list[str]) -> int:
    """Take a register that has an enable, and perhaps a reset; returns the lines taken."""
    if lines[0] != ALWAYS or len(lines) < 3:
        return 0
    reset, enabled = _RESET.fullmatch(lines[1]), _ENABLED.fullmatch(lines[2])
    if reset and enabled and enabled[1]:
        module.clocked.append(Clocked(enabled[2], [enabled[3]], [reset[1]]))
        return 3
    alone = _ENABLED.fullmatch(lines[1])
    if not alone or alone[1] or reset or lines[2].startswith("    else"):
        return 0
    module.clocked.append(Clocked(alone[2], [alone[3]]))
    return 2


def _port(module: Module, block: str, memories: dict[str, Memory]) -> bool:
    """Take a block that reads or writes a memory; returns whether it was one."""
    if read := read_port(block):
        module.clocked.append(Clocked(read[0], [read[1]]))
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
    module.wires[enable] = Wire("", [f"{enable} = {write.condition};"], [write.condition])
    module.words.append(f"  reg {memory.width}{write.word};")
    module.clocked.append(Clocked(enable, write.statements))
    return True
