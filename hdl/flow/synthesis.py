"""Synthesis with Yosys: any component onto the cells of an FPGA family."""

import re
from math import ceil
from pathlib import Path

from amaranth.back import rtlil
from amaranth.lib import wiring

from axonloop.hdl.common import CLOCKED, DISJOINT, ONE_PORT, UNDEFINED
from axonloop.hdl.flow.tools import Tool, find_tool, run_tool
from axonloop.hdl.flow.verilog import TOP, uncollected
from axonloop.models.checks import require

FAMILIES = {
    "ecp5": "synth_ecp5 -abc9",
    "ice40": "synth_ice40 -dsp -spram",
    "gowin": "synth_gowin -family gw2a",
}
"""By name; the Yosys command that maps to each family."""
FPGA = "fpga"
"""The platform that components are told when they are synthesised."""
NETLIST = "netlist.json"
"""The file that synthesis leaves, for placement."""

ECP5_BLOCKS = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))
"""Shapes of an ECP5's block RAM: bits of a word, words."""
FEW_BLOCKS = 28
"""Half the block RAMs of an ECP5-25F."""
SPRAM_COUNT, SPRAM_WORDS, SPRAM_BITS = 4, 1 << 14, 16
"""The single-port RAMs of an iCE40UP5K, and the words and the bits per word of each."""
_MEMORY = re.compile(r"((?:  attribute .*\n)+)  memory width (\d+) size (\d+) \\(\S+)\n")
_PORT = re.compile(
    r"  cell \$(mem\w+) \S+\n    parameter \\MEMID \"\\\\(\S+)\"\n(?:    .*\n)*  end\n"
)


def design_text(component: wiring.Component, top: str, family: str) -> str:
    """The design in RTLIL, as Yosys maps it best to `family`.

    The attributes of memories (hdl/common/memory.py) become what Yosys knows: no logic to find
    reads of a word that is being written, no initial contents, SPRAM. Elements of arrays are named
    name<0> for name[0]: ABC9 of Yosys 0.69 takes a wire `name[0]` for bit 0 of `name`, and dies of
    an assertion on their widths.
    """
    with uncollected():
        text = rtlil.convert(component, platform=FPGA, name=top, emit_src=False)
    if family in ("ice40", "ecp5"):
        text = _in_ram(text, family)
    text = "\nmodule ".join(_as_assumed(module) for module in text.split("\nmodule "))
    return re.sub(r"\\\S+", lambda name: re.sub(r"\[(\d+)\]", r"<\1>", name[0]), text)


def _as_assumed(module: str) -> str:
    """A module with the ports of its memories as their attributes allow."""
    marks = {memory[4]: memory[1] for memory in _MEMORY.finditer(module)}

    def port(cell: re.Match[str]) -> str:
        mark = marks.get(cell[2], "")
        if cell[1] == "memrd_v2" and DISJOINT in mark:
            return re.sub(r"(?<=COLLISION_X_MASK )1'0", "1'1", cell[0])
        return "" if cell[1] == "meminit_v2" and UNDEFINED in mark else cell[0]

    return _PORT.sub(port, module)


def without_idle_contents(text: str) -> str:
    """RTLIL without the first contents of memories that need none (`UNDEFINED`).

    Yosys' reader of Verilog takes minutes for those of 32,768 words.
    """

    def thinned(module: str) -> str:
        idle = {m[4] for m in _MEMORY.finditer(module) if UNDEFINED in m[1]}
        return _PORT.sub(
            lambda cell: "" if cell[1] == "meminit_v2" and cell[2] in idle else cell[0], module
        )

    return "\nmodule ".join(thinned(module) for module in text.split("\nmodule "))


def _in_ram(text: str, family: str) -> str:
    """The design with its memories where they cost least logic.

    iCE40: all memories of one port in SPRAM, if there are enough of them, and the others in block
    RAM; Yosys alone makes registers of a few words, which cost a multiplexer. ECP5: all in block
    RAM where that leaves most of it free; Yosys alone makes LUT RAM of small ones.
    """
    memories = list(_MEMORY.finditer(text))
    blocks = sum(_blocks(int(m[2]), int(m[3])) for m in memories if _is_clocked(m))
    single = [m for m in memories if ONE_PORT in m[1]]
    needed = sum(-(-int(m[2]) // SPRAM_BITS) * -(-int(m[3]) // SPRAM_WORDS) for m in single)

    def styled(memory: re.Match[str]) -> str:
        huge = family == "ice40" and ONE_PORT in memory[1] and needed <= SPRAM_COUNT
        block = _is_clocked(memory) and (family == "ice40" or blocks <= FEW_BLOCKS)
        style = "huge" if huge else "block" if block else None
        return f'  attribute \\ram_style "{style}"\n{memory[0]}' if style else memory[0]

    return _MEMORY.sub(styled, text)


def _is_clocked(memory: re.Match[str]) -> bool:
    return DISJOINT in memory[1] or CLOCKED in memory[1]


def _blocks(width: int, words: int) -> int:
    """Block RAMs of an ECP5 that a memory takes."""
    return min(ceil(width / wide) * ceil(words / long) for wide, long in ECP5_BLOCKS)


def synthesise(
    component: wiring.Component,
    family: str,
    folder: Path,
    *,
    top: str = TOP,
    options: str = "",
    yosys: Tool | None = None,
    verilog: str = "",
) -> dict[str, int]:
    """Cells by type after synthesis for `family`; the netlist lies in `folder` as JSON.

    `top` names the module, `options` go to the family's Yosys command (as "-nodsp"), `verilog` is
    the text of modules that the component is made of beside its own. Raises
    ValueError for an unknown family, ToolError without Yosys or with its words if it fails.
    """
    require(family in FAMILIES, "family", f"one of {sorted(FAMILIES)}", family)
    (folder / "design.il").write_text(design_text(component, top, family))
    (folder / "modules.v").write_text(verilog)
    script = (
        f"read_rtlil design.il; read_verilog -defer modules.v; "
        f"{FAMILIES[family]} {options} -top {top} -json {NETLIST}; tee -q -o cells.txt stat"
    )
    run_tool(yosys or find_tool("yosys"), ["-q", "-p", script], folder)
    told = (folder / "cells.txt").read_text()
    rows = re.findall(r"^\s+(\d+)\s+([pr]?[A-Z]\w+)$", told, re.MULTILINE)
    return {name: int(count) for count, name in rows}
