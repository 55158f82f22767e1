"""The ports of a memory: what a clocked block does with it, and while what."""

from __future__ import annotations

import re
from dataclasses import dataclass

_READ = re.compile(
    r"    if \(([\w$]+)\) begin\n      (\S.* <= [\w$]+ ?\[.*\];)\n"
    r"((?:      if \(.*\)\n        \S.* <= .*;\n)*)    end\n"
)
_WRITTEN = re.compile(r"      (if \(.*\))\n        (\S.* <= .*;)\n")
_PART = re.compile(r"    if \((.*)\)\n      ([\w$]+) ?\[(.*?)\](\[\d+(?::\d+)?\])? <= (.*);\n")
_ELEMENT = re.compile(r"([\w$]+) ?\[\d+\]")


@dataclass(frozen=True)
class Write:
    """Parts of a word of `memory` that are written at `address`: when, which bits, with what."""

    memory: str
    address: str
    parts: list[tuple[str, str, str]]

    @property
    def word(self) -> str:
        """The name of the word where it is put together."""
        return f"word_of_{self.memory}"

    @property
    def condition(self) -> str:
        """True if any part is written, and perhaps in other cycles."""
        conditions = dict.fromkeys(
            f"|{element[1]}" if (element := _ELEMENT.fullmatch(when)) else when
            for when, *_ in self.parts
        )
        return " || ".join(f"({condition})" for condition in conditions)

    @property
    def alone(self) -> tuple[str, list[str]]:
        """The enable and the statement of the only part."""
        ((when, bits, value),) = self.parts
        return when, [f"{self.memory}[{self.address}]{bits} <= {value};"]

    @property
    def statements(self) -> list[str]:
        """Read the word, change its parts, write it back."""
        changes = [f"if ({when}) {self.word}{bits} = {value};" for when, bits, value in self.parts]
        place = f"{self.memory}[{self.address}]"
        return [f"{self.word} = {place};", *changes, f"{place} <= {self.word};"]


def read_ports(block: str) -> list[tuple[str, list[str]]]:
    """The enables and the statements of a clocked block that reads memories; none if it does not.

    What is written in the same cycle may take the place of what was read.
    """
    if _READ.sub("", block):
        return []
    return [
        (enable, [read, *(" ".join(written) for written in _WRITTEN.findall(changes))])
        for enable, read, changes in _READ.findall(block)
    ]


def write_port(block: str) -> Write | None:
    """What a clocked block writes into one word of a memory; None if it does anything else."""
    parts = _PART.findall(block)
    places = {(memory, address) for _, memory, address, *_ in parts}
    if _PART.sub("", block) or len(places) != 1:
        return None
    ((memory, address),) = places
    return Write(memory, address, [(when, bits, value) for when, _, _, bits, value in parts])
