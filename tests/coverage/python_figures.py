"""The figures of Python: lines and branches by room, and which of each file are not run."""

from __future__ import annotations

import json
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.coverage.tables import number, percent, stamp, table

PATH = Path("docs/assurance/python.json")
LINES, RUN, BRANCHES, TAKEN = "lines", "run", "branches", "taken"
Kept = Mapping[str, Any]


def read() -> dict[str, Any]:
    """What was kept last."""
    kept: dict[str, Any] = json.loads(PATH.read_text())
    return kept


def keep(report: Kept, sources: str, without: Sequence[str]) -> None:
    """Keep a report of coverage.py on `sources`, by hash; `without` some pieces of the tests.

    The rooms to which those belong are left out.
    """
    own = {path: file for path, file in report["files"].items() if not _is_of(path, without)}
    kept = stamp("coverage", "pytest") | {
        "sources": sources,
        "without": list(without),
        "rooms": rooms(own),
        "files": unrun(own),
    }
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps(kept, indent=1) + "\n")


def _is_of(path: str, pieces: Sequence[str]) -> bool:
    """Does a file belong to the room, or to the floor, of one of some pieces of the tests?"""
    room = f"tests/{room_of(path)}"
    return room in pieces or room.rpartition("/")[0] in pieces


def room_of(path: str) -> str:
    """The room of a file: a folder of a floor, or a file that stands alone in it."""
    return "/".join(Path(path).parts[:2]).removesuffix(".py").removesuffix("/__init__")


def rooms(files: Kept) -> dict[str, dict[str, int]]:
    """Lines and branches by room."""
    found: dict[str, Tally[str]] = defaultdict(Tally)
    for path, file in files.items():
        summary = file["summary"]
        found[room_of(path)].update(
            {
                LINES: summary["num_statements"],
                RUN: summary["covered_lines"],
                BRANCHES: summary["num_branches"],
                TAKEN: summary["covered_branches"],
            }
        )
    return {room: dict(counts) for room, counts in sorted(found.items())}


def unrun(files: Kept) -> dict[str, dict[str, str]]:
    """Of every file the lines that are not run and the branches that are not taken, as text.

    A branch from or to a line that is not run is left out.
    """
    found = {}
    for path, file in sorted(files.items()):
        lines = set(file["missing_lines"])
        branches = [
            f"{here}->{there if there > 0 else 'exit'}"
            for here, there in file.get("missing_branches", [])
            if here not in lines and there not in lines
        ]
        if lines or branches:
            found[path] = {LINES: ranges(lines), BRANCHES: ", ".join(branches)}
    return found


def ranges(numbers: Iterable[int]) -> str:
    """Numbers as 3-5, 8."""
    ordered = sorted(numbers)
    starts = ordered[:1] + [b for a, b in pairwise(ordered) if b != a + 1]
    ends = [a for a, b in pairwise(ordered) if b != a + 1] + ordered[-1:]
    spans = zip(starts, ends, strict=True)
    return ", ".join(f"{start}-{end}" if end > start else f"{start}" for start, end in spans)


def section(kept: Kept) -> str:
    """What the page says of the lines of Python: all floors, then rooms, the worst first."""
    floors: dict[str, Tally[str]] = defaultdict(Tally)
    for room, counts in kept["rooms"].items():
        floors[room.partition("/")[0]].update(counts)
    whole = sum(floors.values(), Tally[str]())
    without = ", ".join(f"`{piece}`" for piece in kept["without"])
    told = "The tests of `make test`"
    if without:
        told += f" without those of {without}, and so without the rooms to which these belong"
    told += f"; sources {kept['sources'][:8]}; {kept['date']}, {kept['machine']}."
    head = ("lines", "run", "branches", "taken")
    by_floor = table(
        ("floor", *head), [_row(name, own) for name, own in [*floors.items(), ("all", whole)]]
    )
    order = sorted(kept["rooms"], key=lambda room: _share(kept["rooms"][room]))
    rows = [
        (*_row(room, kept["rooms"][room]), _most(kept["files"], room))
        for room in order
        if _share(kept["rooms"][room]) < 1
    ]
    by_room = table(("room", *head, "not run, most in"), rows)
    complete = ", ".join(sorted(set(kept["rooms"]) - {row[0] for row in rows}))
    return f"{told}\n\n{by_floor}\n\n{by_room}\n\nComplete: {complete or 'none'}."


def _share(counts: Mapping[str, int]) -> float:
    all_ = counts[LINES] + counts[BRANCHES]
    return (counts[RUN] + counts[TAKEN]) / all_ if all_ else 1.0


def _row(name: str, counts: Mapping[str, int]) -> tuple[str, ...]:
    return (
        name,
        number(counts[LINES]),
        percent(counts[RUN], counts[LINES]),
        number(counts[BRANCHES]),
        percent(counts[TAKEN], counts[BRANCHES]),
    )


def _most(files: Kept, room: str) -> str:
    """The two files of a room of which most is not run, with those lines."""
    own = [path for path in files if room_of(path) == room]
    worst = sorted(own, key=lambda path: -len(files[path][LINES] + files[path][BRANCHES]))[:2]
    return "; ".join(f"`{_inside(path, room)}` {_short(files[path])}" for path in worst)


def _inside(path: str, room: str) -> str:
    """The name of a file in its room; a file that stands alone is its own room."""
    return path.removeprefix(f"{room}/") if path.startswith(f"{room}/") else Path(path).name


def _short(file: Mapping[str, str]) -> str:
    """Lines and branches of a file, the first few."""
    spans = [span for part in (file[LINES], file[BRANCHES]) for span in part.split(", ") if span]
    return ", ".join(spans[:4]) + (", ..." if len(spans) > 4 else "")
