"""The signals that a simulator's VCD declares, and those of them that are wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from os.path import commonprefix
from pathlib import Path

from axonloop.models.checks import require, require_range

WRAPPERS = 3
"""Scopes around the signals of the chip: the model, the Verilog around the chip, the chip."""
_DECLARATION = re.compile(
    r"\$(?:scope \w+ (?P<scope>\S+)|(?P<up>upscope)|var \w+ (?P<bits>\d+) (?P<code>\S+) "
    r"(?P<name>\S+)(?: \[[\d:]+\])?) \$end"
)


@dataclass(frozen=True)
class Signal:
    """A signal of `bits` bits: its name, the modules in which it lies, its identifier in the VCD.

    Signals that always have the same value have the same identifier.
    """

    modules: tuple[str, ...]
    name: str
    bits: int
    identifier: str

    @property
    def path(self) -> str:
        """Modules and name, as core.neurons.lane_0.spike."""
        return ".".join((*self.modules, self.name))

    @property
    def range(self) -> str:
        """The bits as Verilog writes them behind the name; "" for one bit."""
        return f" [{self.bits - 1}:0]" if self.bits > 1 else ""

    @property
    def code(self) -> int:
        """The number that the identifier stands for: digits in base 94, the lowest first."""
        code = 0
        for digit in reversed(self.identifier):
            code = code * 94 + ord(digit) - ord("!") + 1
        return code - 1


def read_signals(path: Path) -> list[Signal]:
    """The signals of the chip itself that a VCD of the compiled RTL declares.

    Those whose names synthesis made up, as $12, are left out: no reader of VCD has to take them.
    """
    found, scopes = [], []
    with path.open() as lines:
        for line in lines:
            if "$enddefinitions" in line:
                break
            declared = _DECLARATION.search(line)
            if declared is None:
                continue
            if declared["scope"]:
                scopes.append(declared["scope"])
            elif declared["up"]:
                scopes.pop()
            elif len(scopes) >= WRAPPERS and not declared["name"].startswith("$"):
                modules, bits = tuple(scopes[WRAPPERS:]), int(declared["bits"])
                found.append(Signal(modules, declared["name"], bits, declared["code"]))
    return found


def choose(
    signals: Sequence[Signal], patterns: Sequence[str] = (), depth: int | None = None
) -> list[Signal]:
    """The signals that match one of the patterns, or lie in a module that does; none: all.

    A pattern is a path from the chip on, in which * stands for anything. `depth`: so many levels
    of modules, counted from the module that matches, or from the chip: 1 is its own signals.
    Raises ValueError for a pattern that nothing matches.
    """
    if depth is not None:
        require_range("depth", depth, 1, 1000)
    for pattern in patterns:
        there = bool(matching(signals, pattern))
        tops = sorted({".".join(each.modules[:2]) for each in signals if each.modules})
        what = f"a path of signals or modules, * for anything, as in {', '.join(tops[:12])}"
        require(there, "signals", what, pattern)
    return [each for each in signals if _wanted(each, patterns or ("",), depth)]


def matching(signals: Sequence[Signal], pattern: str) -> list[Signal]:
    """The signals that match a pattern of `choose`, on all levels."""
    return [signal for signal in signals if _level(signal, pattern) is not None]


def _wanted(signal: Signal, patterns: Sequence[str], depth: int | None) -> bool:
    levels = (_level(signal, pattern) for pattern in patterns)
    return any(n is not None and (depth is None or n <= depth) for n in levels)


def _level(signal: Signal, pattern: str) -> int | None:
    """The level of a signal below the module that matches, or 1 if it matches itself, or None."""
    if fnmatchcase(signal.path, pattern):
        return 1
    modules = signal.modules
    matching = (n for n in range(len(modules) + 1) if fnmatchcase(".".join(modules[:n]), pattern))
    found = next(matching, None)
    return None if found is None else len(modules) - found + 1


def declared(signals: Sequence[Signal], top: str) -> Iterator[str | Signal | None]:
    """What a file declares, in order: a string opens a module, None closes the last one."""
    yield top
    inside: tuple[str, ...] = ()
    for signal in signals:
        same = len(commonprefix([inside, signal.modules]))
        yield from [None] * (len(inside) - same)
        yield from signal.modules[same:]
        inside = signal.modules
        yield signal
    yield from [None] * (len(inside) + 1)
