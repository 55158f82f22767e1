"""The figures of coverage and soak: tables, printed, and written into the page of assurance."""

from __future__ import annotations

import json
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.coverage.counts import BITS, CODE, MOVED, REACHED, SIGNALS, TIED, TOGGLED, WHOLE, share

PAGE = Path("docs/assurance.md")
RTL, PYTHON, SOAK = (Path(f"docs/assurance/{name}.json") for name in ("rtl", "python", "soak"))
"""What was measured last."""
BAR = 0.95
"""The share of lines of Verilog that must be reached or toggled."""
UNEXPLAINED = "no reason is known"
Kept = Mapping[str, Any]


def with_section(page: str, name: str, text: str) -> str:
    """A page with `text` between the marks of a name; ValueError where it has none."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, mark, rest = page.partition(begin)
    _, other, after = rest.partition(end)
    if not (mark and other):
        raise ValueError(f"page must have the marks of {name!r}, not none")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def write_page() -> None:
    """Bring the sections up to date of which there are figures."""
    page = PAGE.read_text()
    for name, path, section in (
        ("soak", SOAK, soak_section),
        ("rtl coverage", RTL, rtl_section),
        ("python coverage", PYTHON, python_section),
    ):
        if path.exists():
            page = with_section(page, name, section(json.loads(path.read_text())))
    PAGE.write_text(page)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Markdown; numbers stand at the right."""
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _number(value: object) -> str:
    return f"{value:,}"


def rtl_table(modules: Mapping[str, Mapping[str, int]]) -> str:
    """The counts by module, and their sums."""
    whole: Tally[str] = Tally()
    for found in modules.values():
        whole.update(found)
    rows = []
    for name, given in [*sorted(modules.items()), ("all", whole)]:
        own = Tally(given)
        rows.append(
            (
                name,
                _number(own[CODE] + own[SIGNALS]),
                f"{100 * share(own):.1f} %",
                _percent(own[REACHED], own[CODE]),
                _percent(own[TOGGLED], own[SIGNALS]),
                _percent(own[WHOLE], own[SIGNALS]),
                _percent(own[MOVED], own[BITS]),
                _number(own[TIED]),
            )
        )
    head = ("module", "lines", "reached", "code", "signals", "all their bits", "bits", "tied")
    return _table(head, rows)


def explained(
    missed: Sequence[tuple[str, str, int]], reasons: Sequence[tuple[str, str, str]]
) -> dict[str, list[tuple[str, str, int]]]:
    """The lines that nothing reached, by the first reason that fits: module, name, why."""
    found: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for module, line, count in missed:
        fits = (w for m, n, w in reasons if fnmatchcase(module, m) and fnmatchcase(line, n))
        found[next(fits, UNEXPLAINED)].append((module, line, count))
    return dict(found)


def rtl_section(kept: Kept) -> str:
    """What the page says of the lines of Verilog."""
    modules = kept["modules"]
    whole: Tally[str] = Tally()
    for found in modules.values():
        whole.update(found)
    lines = whole[CODE] + whole[SIGNALS]
    chips = ", ".join(f"{chip} ({ticks:,} ticks)" for chip, ticks in kept["chips"].items())
    left = f" Left out this time: {', '.join(kept['left out'])}." if kept["left out"] else ""
    said = (
        f"{100 * share(whole):.2f} % of {lines:,} lines, in the chips {chips}.{left} Not reached, "
        f"in lines of all chips:"
    )
    rows = [
        (why, _number(sum(count for *_, count in found)), _examples(found))
        for why, found in sorted(kept["missed"].items(), key=lambda each: each[0] == UNEXPLAINED)
    ]
    return f"{said}\n\n{_table(('why', 'lines', 'such as'), rows)}\n\n{rtl_table(modules)}"


def _examples(found: Sequence[Sequence[Any]]) -> str:
    """The names with the most lines."""
    most = sorted(found, key=lambda each: -int(each[2]))[:3]
    return ", ".join(f"`{module}: {name.replace('|', '¦')}`" for module, name, _ in most)


def python_rooms(report: Kept) -> dict[str, dict[str, int]]:
    """Lines and branches by room, from the JSON of coverage.py."""
    rooms: dict[str, Tally[str]] = defaultdict(Tally)
    for path, file in report["files"].items():
        room = "/".join(Path(path).parts[:2]).removesuffix(".py").removesuffix("/__init__")
        summary = file["summary"]
        rooms[room].update(
            {
                "lines": summary["num_statements"],
                "run": summary["covered_lines"],
                "branches": summary["num_branches"],
                "taken": summary["covered_branches"],
            }
        )
    return {room: dict(found) for room, found in sorted(rooms.items())}


def python_table(rooms: Mapping[str, Mapping[str, int]]) -> str:
    """The counts by room, and their sums."""
    whole: Tally[str] = Tally()
    for found in rooms.values():
        whole.update(found)
    rows = [
        (
            room,
            _number(found["lines"]),
            _percent(found["run"], found["lines"]),
            _number(found["branches"]),
            _percent(found["taken"], found["branches"]),
        )
        for room, found in [*rooms.items(), ("all", whole)]
    ]
    return _table(("room", "lines", "run", "branches", "taken"), rows)


def python_section(kept: Kept) -> str:
    """What the page says of the lines of Python."""
    return f"{kept['suites']}\n\n{python_table(kept['rooms'])}"


def soak_section(kept: Kept) -> str:
    """What the page says of the soak."""
    differences = len(kept["failures"]) or "no"
    said = (
        f"{kept['compared']:,} ticks of {kept['targets']} chips in {kept['shards']:,} shards "
        f"(sources {kept['sources'][:8]}), "
        f"{differences} differences; {kept['cpu_seconds'] / 60:,.0f} minutes of processor time, "
        f"{kept['compared'] / kept['cpu_seconds']:,.0f} ticks in a second of it. In these ticks "
        f"{kept['counters']['spikes']:,} spikes, {kept['counters']['synops']:,} synaptic "
        f"operations and {kept['counters']['updates']:,} updates of weights."
    )
    rows = [
        (name, _number(count), _number(kept["least"][name]), _number(kept["most"][name]))
        for name, count in kept["ticks"].items()
    ]
    head = ("derivation", "ticks", "least of a chip that is on it", "most")
    return f"{said}\n\n{_table(head, rows)}"
