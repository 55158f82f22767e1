"""The counts that Verilator writes, by line of Verilog, and what they add up to."""

from __future__ import annotations

import json
import re
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from axonloop.sim.cosim.verilate import TOP

Tied = Mapping[str, Mapping[str, set[int]]]
"""By module and wire, the bits that cannot change: see `tied`."""
_POINT = re.compile(r"\x01(\w+)\x02([^\x01']*)")
_CODE = re.compile(r"__0([0-9A-Fa-f]{2})")
_TOGGLE = re.compile(r"(.*?)((?:\[\d+\])*):(0->1|1->0)$")
_MODULE = re.compile(r"^module \\?([\w.$]+)[\s\S]*?^endmodule", re.MULTILINE)
_ASSIGNMENT = re.compile(r"^  assign ((_\d+_) = .*);$", re.MULTILINE)


@dataclass
class Signal:
    """A line that declares a signal: for every bit, as [3], how often it rose and how often fell.

    The only bit of a narrow signal is "".
    """

    module: str
    name: str
    bits: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    def live(self, tied: Tied) -> list[bool]:
        """Of every bit that is not tied, whether it rose and fell."""
        still = tied.get(self.module, {}).get(self.name, set())
        return [min(counts) > 0 for bit, counts in self.bits.items() if _index(bit) not in still]


def _index(bit: str) -> int:
    """The number of a bit; of a word of a memory -1, because those are never tied."""
    return int(bit[1:-1] or 0) if bit.count("[") == 1 else -1 if bit else 0


@dataclass
class Counts:
    """The counts of a design: `code` by line, each with its module, and `signals` by line."""

    code: dict[int, tuple[str, int]] = field(default_factory=dict)
    signals: dict[int, Signal] = field(default_factory=dict)

    def add(self, path: Path) -> None:
        """Add the counts of a run of the design; those of what is around it are left out."""
        with path.open(encoding="latin-1") as file:
            for row in file:
                if row.startswith("C '"):
                    self._take(dict(_POINT.findall(row)), int(row.rpartition(" ")[2]))

    def _take(self, point: dict[str, str], count: int) -> None:
        kind, _, module = point["page"].partition("/")
        if module == TOP:
            return
        if kind == "v_toggle":
            self._toggle(int(point["l"]), module, point["o"], count)
            return
        for line in _lines(point.get("S", point["l"])):
            _, before = self.code.get(line, (module, 0))
            self.code[line] = module, before + count

    def _toggle(self, line: int, module: str, point: str, count: int) -> None:
        found = _TOGGLE.match(point)
        assert found is not None, point
        name, bit, way = found.groups()
        name = _CODE.sub(lambda code: chr(int(code[1], 16)), name)
        signal = self.signals.setdefault(line, Signal(module, name))
        signal.bits[bit][way == "1->0"] += count


def _lines(spans: str) -> Iterator[int]:
    """The numbers in a text as 3-5,8."""
    for span in spans.split(","):
        first, _, last = span.partition("-")
        yield from range(int(first), int(last or first) + 1)


CODE, REACHED = "code", "reached"
SIGNALS, TOGGLED, WHOLE = "signals", "toggled", "whole"
BITS, MOVED, TIED = "bits", "moved", "tied"
"""Lines of code and those that ran; lines that declare a signal, those of which a bit rose and
fell, and those of which all did; bits and those that did; signals whose bits are all tied."""


@dataclass
class Totals:
    """What the counts of designs add up to, by module; `missed` by module and line.

    Modules that differ only in a number, as lanes do, are one. A signal that has no name of its own
    is called by what drives it.
    """

    modules: dict[str, Tally[str]] = field(default_factory=lambda: defaultdict(Tally))
    missed: Tally[tuple[str, str]] = field(default_factory=Tally)

    def add(self, counts: Counts, tied: Tied, verilog: str) -> None:
        """Add those of a design, of which `verilog` is the text."""
        text = verilog.splitlines()
        early, drivers = set(_initial(text)), _drivers(verilog)
        for number, (module, count) in counts.code.items():
            if number in early:
                continue
            own = self.modules[module_name(module)]
            own.update({CODE: 1, REACHED: int(count > 0)})
            if not count:
                self.missed[module_name(module), _plain(text[number - 1])] += 1
        for number, signal in counts.signals.items():
            if number in early:
                continue
            name = module_name(signal.module)
            live = signal.live(tied)
            if not live:
                self.modules[name][TIED] += 1
                continue
            moved = sum(live)
            self.modules[name].update(
                {SIGNALS: 1, TOGGLED: int(moved > 0), WHOLE: int(all(live))}
                | {BITS: len(live), MOVED: moved}
            )
            if not moved:
                driver = drivers.get((signal.module, signal.name), signal.name)
                self.missed[name, _plain(driver)] += 1

    def join(self, other: Totals) -> None:
        """Add those of other designs."""
        for name, found in other.modules.items():
            self.modules[name].update(found)
        self.missed.update(other.missed)

    def write(self, path: Path) -> None:
        """Keep them in a file."""
        missed = [[*where, count] for where, count in self.missed.items()]
        path.write_text(json.dumps({"modules": self.modules, "missed": missed}))

    @classmethod
    def read(cls, path: Path) -> Totals:
        """Those in a file."""
        kept, totals = json.loads(path.read_text()), cls()
        for name, found in kept["modules"].items():
            totals.modules[name].update(found)
        totals.missed.update({(module, line): count for module, line, count in kept["missed"]})
        return totals


def _drivers(verilog: str) -> dict[tuple[str, str], str]:
    """By module and wire what drives the wires that have no name of their own."""
    found = {}
    for module in _MODULE.finditer(verilog):
        for line, wire in _ASSIGNMENT.findall(module[0]):
            found[module[1], wire] = line
    return found


def _initial(text: list[str]) -> Iterator[int]:
    """The lines of first contents, which run at power-up, before anything is counted."""
    inside = False
    for number, line in enumerate(text, 1):
        inside = (inside or line.strip().startswith("initial begin")) and line.strip() != "end"
        if inside or re.match(r"\s*(reg\b.*=|initial\b)", line):
            yield number


def module_name(module: str) -> str:
    """A module's path in its design, of a chip without `chip`; no numbers of lanes and cores."""
    inside = module.removeprefix("axonloop_").removeprefix("chip.")
    return re.sub(r"[_$]\d+(?=\.|$)", "", inside)


def _plain(text: str) -> str:
    """A line without the numbers by which Yosys tells names and Amaranth elements apart."""
    text = re.sub(r"\$\d+|(?<=\[)\d+(?=\])", "", " ".join(text.split()))
    return re.sub(r"\b_\d+_", "_", text)


def share(totals: Mapping[str, int]) -> float:
    """The share of lines that were reached or toggled; 1 of none."""
    lines = totals[CODE] + totals[SIGNALS]
    return (totals[REACHED] + totals[TOGGLED]) / lines if lines else 1.0
