"""The figures of the mutants: a table by room, printed, and written into the page of assurance."""

from __future__ import annotations

import os
import platform
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from tests.mutation.mutants import Mutant

PAGE, FIGURES = Path("docs/assurance.md"), Path("docs/assurance/mutants.json")
SECTION = "mutants"
"""The name of the marks around the figures."""
BAR = 0.95
"""The share of mutants, without the equivalent ones, that the tests must kill."""
OUTCOMES = ("killed", "time", "survived", "equivalent")


def room_of(file: str) -> str:
    """The room of a file: the first two names of its path."""
    return "/".join(file.split("/")[:2]).removesuffix(".py")


def count(outcomes: Iterable[tuple[Mutant, str]]) -> dict[str, dict[str, int]]:
    """How many mutants of each room had which outcome."""
    rooms: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant, outcome in outcomes:
        rooms[room_of(mutant.file)][outcome] += 1
    return {room: {name: found[name] for name in OUTCOMES} for room, found in sorted(rooms.items())}


def score(rooms: Mapping[str, Mapping[str, int]]) -> float:
    """The share of the mutants that were killed, of those that are not equivalent; 1 of none."""
    total = Counter[str]()
    for found in rooms.values():
        total.update(found)
    killed = total["killed"] + total["time"]
    return killed / (killed + total["survived"]) if killed + total["survived"] else 1.0


def table(rooms: Mapping[str, Mapping[str, int]]) -> str:
    """The counts by room, and their sums, as Markdown."""
    lines = ["| room | mutants | killed | by time | survived | equivalent |", "|---|" + "---:|" * 5]
    whole = {name: sum(found[name] for found in rooms.values()) for name in OUTCOMES}
    for room, found in [*rooms.items(), ("all", whole)]:
        cells = [sum(found.values()), *(found[name] for name in OUTCOMES)]
        lines.append(f"| {room} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def figures(
    rooms: Mapping[str, Mapping[str, int]], drawn: int, seed: int, survivors: Sequence[str]
) -> dict[str, Any]:
    """What is kept of a run: `drawn` mutants, of which some may not be tried yet."""
    python = platform.python_version()
    return {
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {python}",
        "seed": seed,
        "drawn": drawn,
        "rooms": rooms,
        "survivors": list(survivors),
    }


def section(kept: Mapping[str, object]) -> str:
    """What the page says of a run that was kept."""
    rooms = kept["rooms"]
    assert isinstance(rooms, dict)
    tried = sum(sum(found.values()) for found in rooms.values())
    many = f"{tried}" if tried == kept["drawn"] else f"{tried} (of {kept['drawn']} drawn)"
    said = (
        f"Of {many} mutants (seed {kept['seed']}) the tests kill {100 * score(rooms):.1f} % of "
        f"those that are not equivalent; {kept['date']}, {kept['machine']}."
    )
    survivors = kept["survivors"]
    assert isinstance(survivors, list)
    listed = "".join(f"\n- `{each}`" for each in survivors)
    return f"{said}\n\n{table(rooms)}" + (f"\n\nSurvivors:\n{listed}" if listed else "")
