"""The history of what builds cost, and the check that a build costs no more than the last one.

The history is a CSV file of the repository, a line for each build that someone recorded. A line's
`build` is a digest of board and build: lines of one digest may be compared.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from axonloop.hdl.boards import Build
from axonloop.hdl.flow import KINDS
from axonloop.host.files import write_text
from axonloop.models.checks import require
from axonloop.sim.build import content_key

HISTORY = Path("docs/synthesis.csv")
GROWTH = {"LUT": 0.02, "LUT4": 0.02, "FF": 0.02, "block RAM": 0.0, "SPRAM": 0.0, "DSP": 0.0}
"""Share by which a figure may grow: places as nextpnr counts them, and the LUT4 of Yosys."""
SLOWER = 0.08
"""Share of Fmax that a build may lose: placement is a matter of chance, and moves it so far."""
COLUMNS = ("commit", "board", "build", "chip", *GROWTH, "MHz", "clock")
HistoryRow = dict[str, str]


def digest(report: Mapping[str, Any]) -> str:
    """Eight digits that name the board and the build of a report.

    What is as usual does not count: so an option that is new, and off, breaks no history.
    """
    usual, build = Build().to_dict(), dict(report["build"])
    build["geometry"] = _unusual(build["geometry"], usual["geometry"])
    return content_key(report["board"], json.dumps(_unusual(build, usual), sort_keys=True))[:8]


def _unusual(values: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """What is not as usual, and what only some cores have."""
    return {name: value for name, value in values.items() if value != usual.get(name)}


def row_of(report: Mapping[str, Any], commit: str) -> HistoryRow:
    """A line of the history: what a report says."""
    geometry = report["build"]["geometry"]
    chip = (
        f"{report['build']['mesh']} of {geometry['axons']}x{geometry['neurons']}x"
        f"{geometry['weight_bits']} bit; {geometry['lanes']} lanes"
    )
    if report["build"].get("processor"):
        chip += "; node of {neurons}x{classes}; {lanes} lanes".format(**report["build"]["node"])
    # What nextpnr names no place for (registers of iCE40, DSPs of Gowin) is counted as cells.
    taken = {kind: places["used"] for kind, places in report["resources"].items()}
    counts = {kind: taken.get(kind, report["counts"].get(kind, 0)) for kind in KINDS}
    values = {"commit": commit, "board": report["board"], "build": digest(report), "chip": chip}
    values |= counts | {"LUT4": report["counts"]["LUT"]}
    values |= {"MHz": report["fmax_mhz"], "clock": report["clock_hz"] / 1e6}
    return {name: str(values[name]) for name in COLUMNS}


def read_history(path: Path = HISTORY) -> list[HistoryRow]:
    """All lines, oldest first; none where there is no file. ValueError for another file."""
    if not path.exists():
        return []
    rows = csv.DictReader(io.StringIO(path.read_text()))
    head = tuple(rows.fieldnames or ())
    require(head == COLUMNS, path.name, f"a table of {', '.join(COLUMNS)}", head)
    return list(rows)


def record(report: Mapping[str, Any], path: Path = HISTORY) -> HistoryRow:
    """Append a report to the history, under the present commit; a repeated line is left out."""
    rows, row = read_history(path), row_of(report, present_commit())
    if row not in rows:
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, row])
        write_text(path, text.getvalue())
    return row


def present_commit() -> str:
    """The short name of the commit, with a plus if files but the history differ.

    RuntimeError outside git.
    """
    name = _git("describe", "--always", "--abbrev=7", "--exclude=*")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", f":(exclude){HISTORY}")
    return name + "+" * bool(changed)


def _git(*command: str) -> str:
    try:
        found = subprocess.run(["git", *command], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RuntimeError(f"history must be written in a git repository ({error})") from error
    return found.stdout.strip()


def regressions(report: Mapping[str, Any], rows: list[HistoryRow]) -> list[str]:
    """The figures by which a build costs more than the last recorded one; a sentence each.

    ValueError if nothing of this board and build was recorded.
    """
    now, name = row_of(report, ""), digest(report)
    before = [row for row in rows if row["build"] == name]
    advice = f"recorded (axonloop synth --board {now['board']} --record)"
    require(bool(before), f"build {name} of {now['board']}", advice, "new")
    last = before[-1]
    found = []
    for what, growth in GROWTH.items():
        most = int(int(last[what]) * (1 + growth))
        if int(now[what]) > most:
            found.append(f"{what} must be at most {most}, not {now[what]} ({last['commit']})")
    least = float(last["MHz"]) * (1 - SLOWER)
    if float(now["MHz"]) < least:
        found.append(f"Fmax must be at least {least:.1f} MHz, not {now['MHz']} ({last['commit']})")
    return found
