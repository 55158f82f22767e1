"""How designs are compiled so that they count what is reached in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from axonloop.sim.cosim.verilate import Harness

FLAGS = (
    "--coverage-line",
    "--coverage-toggle",
    "--coverage-underscore",  # names that begin with one, too
    "--coverage-max-width",  # of signals; none is left out
    "1000000",
    "-Wno-UNOPTFLAT",  # signals that are counted whole are not split, which costs speed alone
)
_FOLDER = Path(__file__).parent
_MODULE = re.compile(r"^module \\?([\w.$]+)[\s\S]*?^endmodule", re.MULTILINE)
OFF, ON = "/*verilator coverage_off*/ ", " /*verilator coverage_on*/"


def covered(name: str, wrapper: str, driver: str, *included: Path) -> Harness:
    """The harness of a design that counts: `driver` lies here, and includes sources of ours."""
    own = (_FOLDER / "coverage.h", *included)
    return Harness(name, wrapper, _FOLDER / driver, FLAGS, own, "-O1")


def replaced(text: str, changes: Mapping[str, str]) -> str:
    """The text with each of `changes`, of what is in it once."""
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def silenced(verilog: str, modules: str | None) -> str:
    """The text without counters in the modules of a pattern, whose names have dots.

    Lines keep their numbers.
    """

    def mark(module: re.Match[str]) -> str:
        silent = modules is not None and re.match(modules, module[1])
        return f"{OFF}{module[0]}{ON}" if silent else module[0]

    return _MODULE.sub(mark, verilog)
