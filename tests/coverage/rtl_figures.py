"""The figures of the RTL: kept by design, told by module and by why a line is not reached."""

from __future__ import annotations

import json
import tomllib
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.coverage.rtl.counts import (
    BITS,
    CODE,
    MOVED,
    REACHED,
    SIGNALS,
    TIED,
    TOGGLED,
    WHOLE,
    Totals,
    share,
)
from tests.coverage.tables import number, percent, stamp, table

PATH = Path("docs/assurance/rtl.json")
REASONS = Path(__file__).parent / "rtl" / "reasons.toml"
BAR = 0.95
"""The share of lines of Verilog that must be reached or toggled."""
UNEXPLAINED = "no reason is known"
Kept = Mapping[str, Any]
Missed = tuple[str, str, int]
"""A line that nothing reached: module, what it is, how often there is one."""


def read() -> dict[str, Any]:
    """What was kept last."""
    kept: dict[str, Any] = (
        json.loads(PATH.read_text()) if PATH.exists() else {"designs": {}, "left out": []}
    )
    return kept


def keep(design: str, amount: str, totals: Totals) -> None:
    """Keep what was reached in a design, beside what is kept of the others."""
    missed = [(module, line, count) for (module, line), count in sorted(totals.missed.items())]
    own = stamp("amaranth", "verilator") | {
        "amount": amount,
        "modules": {name: dict(found) for name, found in sorted(totals.modules.items())},
        "missed": missed,
    }
    kept = read()
    kept["designs"][design] = own
    _write(kept)


def arrange(designs: Sequence[str]) -> None:
    """Keep the figures of those designs alone, in their order, and which of them have none."""
    kept = read()
    kept["left out"] = [name for name in designs if name not in kept["designs"]]
    kept["designs"] = {name: kept["designs"][name] for name in designs if name in kept["designs"]}
    _write(kept)


def _write(kept: Kept) -> None:
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps(kept, indent=1) + "\n")


def reasons() -> list[tuple[str, str, str]]:
    """Module, name and why, of all that may stay unreached."""
    listed = tomllib.loads(REASONS.read_text())
    return [
        (module, name, each["why"])
        for each in listed.get("reason", [])
        for module in each["modules"]
        for name in each["names"]
    ]


def explained(
    missed: Sequence[Missed], known: Sequence[tuple[str, str, str]]
) -> dict[str, list[Missed]]:
    """The lines that nothing reached, by the first reason that fits: module, name, why."""
    found: dict[str, list[Missed]] = defaultdict(list)
    for module, line, count in missed:
        fits = (w for m, n, w in known if fnmatchcase(module, m) and fnmatchcase(line, n))
        found[next(fits, UNEXPLAINED)].append((module, line, count))
    return dict(found)


def modules(kept: Kept) -> dict[str, Tally[str]]:
    """The counts of all designs, by module."""
    found: dict[str, Tally[str]] = defaultdict(Tally)
    for design in kept["designs"].values():
        for name, counts in design["modules"].items():
            found[name].update(counts)
    return dict(sorted(found.items()))


def missed(kept: Kept) -> dict[str, Tally[tuple[str, str]]]:
    """By why, how often what was not reached, by module and line, in all designs."""
    known = reasons()
    found: dict[str, Tally[tuple[str, str]]] = defaultdict(Tally)
    for design in kept["designs"].values():
        for why, lines in explained(design["missed"], known).items():
            for module, line, count in lines:
                found[why][module, line] += count
    return dict(sorted(found.items(), key=lambda each: (each[0] == UNEXPLAINED, -each[1].total())))


def reached(kept: Kept) -> float:
    """The share of all lines that was reached."""
    return share(sum(modules(kept).values(), Tally[str]()))


def section(kept: Kept) -> str:
    """What the page says of the lines of Verilog."""
    found = modules(kept)
    whole: Tally[str] = sum(found.values(), Tally[str]())
    when = dict.fromkeys(f"{own['date']}, {own['machine']}" for own in kept["designs"].values())
    lines = number(whole[CODE] + whole[SIGNALS])
    left = f" Not measured: {', '.join(kept['left out'])}." if kept["left out"] else ""
    told = f"{100 * reached(kept):.2f} % of {lines} lines; {'; '.join(when)}.{left} By design:"
    rows = [_of_design(name, design) for name, design in kept["designs"].items()]
    designs = table(("design", "lines", "reached", "used"), rows)
    whys = [
        (why, number(its.total()), ", ".join(_example(*line) for line in _most(its)))
        for why, its in missed(kept).items()
    ]
    unreached = table(("why", "lines", "such as"), whys)
    return (
        f"{told}\n\n{designs}\n\nNot reached, in lines of all designs:\n\n{unreached}\n\n"
        f"{module_table(found)}"
    )


def _of_design(name: str, design: Kept) -> tuple[str, ...]:
    own = sum(map(Tally, design["modules"].values()), Tally[str]())
    lines = number(own[CODE] + own[SIGNALS])
    return name, lines, f"{100 * share(own):.1f} %", design["amount"]


def _most(lines: Tally[tuple[str, str]]) -> list[tuple[str, str]]:
    return [line for line, _ in lines.most_common(3)]


def _example(module: str, line: str) -> str:
    return f"`{module}: {line.replace('|', '¦')}`"


def module_table(found: Mapping[str, Mapping[str, int]]) -> str:
    """The counts by module, and their sums."""
    whole = sum(map(Tally, found.values()), Tally[str]())
    rows = []
    for name, given in [*found.items(), ("all", whole)]:
        own = Tally(given)
        rows.append(
            (
                name,
                number(own[CODE] + own[SIGNALS]),
                f"{100 * share(own):.1f} %",
                percent(own[REACHED], own[CODE]),
                percent(own[TOGGLED], own[SIGNALS]),
                percent(own[WHOLE], own[SIGNALS]),
                percent(own[MOVED], own[BITS]),
                number(own[TIED]),
            )
        )
    head = ("module", "lines", "reached", "code", "signals", "all their bits", "bits", "tied")
    return table(head, rows)
