"""`python -m tests.coverage`: coverage of the RTL and of Python, and the page of both.

It goes on where it was interrupted, and ends nonzero where too few lines of Verilog are reached or
a test fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tests.coverage import python_figures, rtl_figures
from tests.coverage.designs import DESIGNS, Design, measure, named
from tests.coverage.page import write_page
from tests.coverage.python import pieces


def rtl(designs: Sequence[Design], seed: int) -> int:
    """Measure, keep and print the RTL; the exit status. Figures of other designs stay."""
    for design in designs:
        rtl_figures.keep(str(design), design.amount, measure(design, seed))
    rtl_figures.arrange([str(design) for design in DESIGNS])
    kept = rtl_figures.read()
    print(rtl_figures.section(kept))
    return int(bool(kept["left out"]) or rtl_figures.reached(kept) < rtl_figures.BAR)


def python(known: bool) -> int:
    """Run the tests, keep and print which lines they run; the exit status."""
    of, found = pieces.sources(), {}
    for piece, tests in pieces.pieces().items():
        found[piece] = pieces.known(piece, tests, of) if known else pieces.measure(piece, tests, of)
    done = [path for path in found.values() if path is not None]
    missing = [piece for piece, path in found.items() if path is None]
    python_figures.keep(pieces.report(done), of, missing)
    print(python_figures.section(python_figures.read()))
    return int(bool(missing))


def python_at_once(workers: int) -> int:
    """As `python`, but all tests in one run, so many at a time; nothing is kept if one fails."""
    of, data = pieces.sources(), pieces.measure_all(workers)
    if data is None:
        return 1
    python_figures.keep(pieces.report([data]), of, [])
    print(python_figures.section(python_figures.read()))
    return 0


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.coverage", description=__doc__)
    parser.add_argument("--only", choices=("rtl", "python"), help="measure one of them")
    names = ", ".join(map(str, DESIGNS))
    parser.add_argument("--designs", help=f"only these parts of the RTL, by commas, of {names}")
    parser.add_argument("--known", action="store_true", help="of Python, what was measured before")
    once = "run all tests of Python in one go, so many at a time, instead of room by room"
    parser.add_argument("--at-once", type=int, help=once)
    parser.add_argument("--page", action="store_true", help="write the page alone, and measure not")
    parser.add_argument("--seed", type=int, default=1, help="of the RTL's random traffic")
    given = parser.parse_args()
    designs = named(given.designs.split(",")) if given.designs else DESIGNS
    status = 0
    if not given.page and given.only != "python":
        status |= rtl(designs, given.seed)
    if not given.page and given.only != "rtl" and not given.designs:
        status |= python_at_once(given.at_once) if given.at_once else python(given.known)
    write_page()
    return status


if __name__ == "__main__":
    sys.exit(main())
