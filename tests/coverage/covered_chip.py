"""The compiled chip that counts what was reached in it."""

from __future__ import annotations

import ctypes
from pathlib import Path

from axonloop.models.config import ONE_CORE, Geometry, Mesh
from axonloop.sim.cosim import RtlChip
from axonloop.sim.cosim.chip_library import cached_verilog
from axonloop.sim.cosim.verilate import DRIVER, WRAPPER, Harness, build

PULSE = """
    wire taken;
    reg [2:0] up = 0;
    wire rst = up == 3 || up == 4, on = up == 7;
    assign commands_ready = taken & on;
    always @(posedge clk) if (!on) up <= up + 1;
    axonloop_chip chip ("""
"""A reset of two cycles behind power-up; the host's words wait for its end."""
FLAGS = (
    "--coverage-line",
    "--coverage-toggle",
    "--coverage-underscore",  # names that begin with one, too
    "--coverage-max-width",  # of signals; none is left out
    "1000000",
    "-Wno-UNOPTFLAT",  # signals that are counted whole are not split, which costs speed alone
)
_CHANGES = {
    "\n    axonloop_chip chip (": PULSE,
    ".rst(1'b0)": ".rst(rst)",
    ".commands__valid(valid), .commands__ready(commands_ready)": (
        ".commands__valid(valid & on), .commands__ready(taken)"
    ),
}


def _wrapper() -> str:
    text = WRAPPER
    for old, new in _CHANGES.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


COVERED = Harness(
    "covered", _wrapper(), Path(__file__).with_name("coverage_driver.cpp"), FLAGS, (DRIVER,)
)


def build_covered(geometry: Geometry, mesh: Mesh = ONE_CORE) -> Path:
    """The library of a chip with counters, from the cache or compiled now."""
    return build(cached_verilog(geometry, 0, mesh), harness=COVERED)


class CoveredChip(RtlChip):
    """A simulated chip whose counts can be written down.

    What changes when registers and memories take their random first contents is not counted.
    """

    def __init__(self, library: Path, seed: int, patience: int) -> None:
        super().__init__(library, seed, patience)
        handle, text = ctypes.c_void_p, ctypes.c_char_p
        self._code.axonloop_forget_coverage.argtypes = [handle]
        self._code.axonloop_write_coverage.argtypes = [handle, text]
        self._code.axonloop_forget_coverage(self._open_handle())

    def write_counts(self, path: Path) -> None:
        """Write what was reached since power-up, as Verilator does."""
        self._code.axonloop_write_coverage(self._open_handle(), str(path).encode())
