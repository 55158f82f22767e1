"""The compiled chip that counts what was reached in it."""

from __future__ import annotations

import ctypes
from pathlib import Path

from axonloop.models.config import ONE_CORE, Geometry, Mesh
from axonloop.sim.cosim import RtlChip
from axonloop.sim.cosim.chip_library import cached_verilog
from axonloop.sim.cosim.verilate import DRIVER, WRAPPER, build
from tests.coverage.rtl.harness import covered, replaced, silenced

PULSE = """
    wire taken;
    reg [2:0] up = 0;
    wire rst = up == 3 || up == 4, on = up == 7;
    assign commands_ready = taken & on;
    always @(posedge clk) if (!on) up <= up + 1;
    axonloop_chip chip ("""
"""A reset of two cycles behind power-up; the host's words wait for its end."""
_CHANGES = {
    "\n    axonloop_chip chip (": PULSE,
    ".rst(1'b0)": ".rst(rst)",
    ".commands__valid(valid), .commands__ready(commands_ready)": (
        ".commands__valid(valid & on), .commands__ready(taken)"
    ),
}


_OTHER_CORES = r"axonloop_chip\.core_[1-9]"
COVERED = covered("covered", replaced(WRAPPER, _CHANGES), "covered_chip.cpp", DRIVER)


def build_covered(geometry: Geometry, mesh: Mesh = ONE_CORE) -> Path:
    """The library of a chip with counters, from the cache or compiled now.

    Of the cores of a mesh, which are equal, the first one has them.
    """
    verilog = silenced(cached_verilog(geometry, 0, mesh), _OTHER_CORES)
    return build(verilog, harness=COVERED)


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
