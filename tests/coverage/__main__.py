"""`python -m tests.coverage`: coverage of the RTL, of Python, and the page of both and the soak."""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from axonloop.sim.build import content_key
from axonloop.sim.cosim.chip_library import cached_verilog
from tests.coverage.counts import Counts, Totals, share
from tests.coverage.page import (
    BAR,
    PYTHON,
    RTL,
    UNEXPLAINED,
    Tally,
    explained,
    python_rooms,
    python_table,
    rtl_table,
    write_page,
)
from tests.coverage.stimulus import CHIPS, Covered, cover
from tests.coverage.tied import netlist, tied

REASONS = Path(__file__).with_name("reasons.toml")
MEASURING = ("coverage_driver.cpp", "counts.py", "covered_chip.py", "stimulus.py", "tied.py")
KEPT = Path("build/coverage")
"""What was reached in each chip, so that an interrupted run goes on."""


def measure(chip: Covered, seed: int) -> Totals:
    """What is reached in a chip: from the last time, if its sources are the same, or run now."""
    verilog = cached_verilog(chip.geometry, 0, chip.mesh)
    sources = [(REASONS.parent / name).read_bytes() for name in MEASURING]
    kept = KEPT / f"{content_key(verilog, repr((chip, seed)), *sources)}.json"
    if kept.exists():
        return Totals.read(kept)
    print(f"{chip}: {chip.ticks} ticks ...", file=sys.stderr, flush=True)
    totals, counts = Totals(), Counts()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "counts.dat"
        cover(chip, seed, path)
        counts.add(path)
    totals.add(counts, tied(netlist(verilog)), verilog)
    KEPT.mkdir(parents=True, exist_ok=True)
    totals.write(kept)
    return totals


def reasons() -> list[tuple[str, str, str]]:
    """Module, name and why, of all that may stay unreached."""
    table = tomllib.loads(REASONS.read_text())
    return [
        (module, name, each["why"])
        for each in table.get("reason", [])
        for module in each["modules"]
        for name in each["names"]
    ]


def rtl(chips: Sequence[Covered], seed: int) -> int:
    """Measure, keep and print the RTL; the exit status."""
    totals = Totals()
    for chip in chips:
        totals.join(measure(chip, seed))
    missed = [(module, line, count) for (module, line), count in sorted(totals.missed.items())]
    why = explained(missed, reasons())
    kept = {
        "chips": {str(chip): chip.ticks for chip in chips},
        "left out": [str(chip) for chip in CHIPS if chip not in chips],
        "seed": seed,
        "modules": {name: dict(found) for name, found in sorted(totals.modules.items())},
        "missed": why,
    }
    RTL.parent.mkdir(exist_ok=True)
    RTL.write_text(json.dumps(kept, indent=1) + "\n")
    print(rtl_table(totals.modules))
    for module, line, count in why.get(UNEXPLAINED, []):
        print(f"{module}: {line} ({count})")
    whole: Tally[str] = Tally()
    for found in totals.modules.values():
        whole.update(found)
    reached = share(whole)
    print(f"{100 * reached:.2f} % of the lines of Verilog; at least {100 * BAR:.0f} % must be")
    return int(reached < BAR)


def python(report: Path, suites: str) -> None:
    """Keep and print what coverage.py wrote."""
    rooms = python_rooms(json.loads(report.read_text()))
    PYTHON.parent.mkdir(exist_ok=True)
    PYTHON.write_text(json.dumps({"suites": suites, "rooms": rooms}, indent=1) + "\n")
    print(python_table(rooms))


def main() -> int:
    """The exit status: 1 where too few lines of Verilog are reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.coverage", description=__doc__)
    parser.add_argument("--python", type=Path, metavar="FILE", help="JSON of coverage.py")
    parser.add_argument("--suites", default="The suites of `make test`:", help="what it is of")
    parser.add_argument("--rtl", action="store_true", help="measure the RTL")
    parser.add_argument("--chips", help="only these, by commas")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    names = given.chips.split(",") if given.chips else [str(chip) for chip in CHIPS]
    if given.python:
        python(given.python, given.suites)
    status = rtl([c for c in CHIPS if str(c) in names], given.seed) if given.rtl else 0
    write_page()
    return status


if __name__ == "__main__":
    sys.exit(main())
