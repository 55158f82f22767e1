"""Synthesis with Yosys: any component onto the cells of an FPGA family."""

import re
from pathlib import Path

from amaranth.back import rtlil
from amaranth.lib import wiring

from axonloop.hdl.flow.tools import Tool, find_tool, run_tool
from axonloop.hdl.flow.verilog import TOP
from axonloop.models.checks import require

FAMILIES = {
    "ecp5": "synth_ecp5 -abc9",
    "ice40": "synth_ice40 -dsp -spram -noabc9",
    "gowin": "synth_gowin -family gw2a",
}
"""By name; the Yosys command that maps to each family. iCE40 goes without ABC9, which failed there
before `design_text` changed names, and was not tried since."""
FPGA = "fpga"
"""The platform that components are told when they are synthesised."""
NETLIST = "netlist.json"
"""The file that synthesis leaves, for placement."""

UNDEFINED_WEIGHTS = (
    "delete *core*.weights/t:$meminit*; "
    "setparam -set COLLISION_X_MASK 1'1 t:$memrd_v2 r:MEMID=*disjoint* %i"
)
"""Weights start undefined, and only a memory without initial values fits single-port RAM. And no
logic to find reads of what is just being written, in memories where there are none."""


def design_text(component: wiring.Component, top: str) -> str:
    """The design for Yosys, in RTLIL, with elements of arrays named as name<0> for name[0].

    ABC9 of Yosys 0.69 takes a wire `name[0]` for bit 0 of `name`, and dies of an assertion on
    their widths.
    """
    text = rtlil.convert(component, platform=FPGA, name=top, emit_src=False)
    return re.sub(r"\\\S+", lambda name: re.sub(r"\[(\d+)\]", r"<\1>", name[0]), text)


def synthesise(
    component: wiring.Component,
    family: str,
    folder: Path,
    *,
    top: str = TOP,
    options: str = "",
    yosys: Tool | None = None,
) -> dict[str, int]:
    """Cells by type after synthesis for `family`; the netlist lies in `folder` as JSON.

    `top` names the module, `options` go to the family's Yosys command (as "-nodsp"). Raises
    ValueError for an unknown family, ToolError without Yosys or with its words if it fails.
    """
    require(family in FAMILIES, "family", f"one of {sorted(FAMILIES)}", family)
    (folder / "design.il").write_text(design_text(component, top))
    script = (
        f"read_rtlil design.il; {UNDEFINED_WEIGHTS}; "
        f"{FAMILIES[family]} {options} -top {top} -json {NETLIST}; tee -q -o cells.txt stat"
    )
    run_tool(yosys or find_tool("yosys"), ["-q", "-p", script], folder)
    told = (folder / "cells.txt").read_text()
    rows = re.findall(r"^\s+(\d+)\s+([pr]?[A-Z]\w+)$", told, re.MULTILINE)
    return {name: int(count) for count, name in rows}
