"""The bits of a design that cannot change: constants, and wires that nothing drives.

Yosys reads the Verilog and says what every bit of every wire is connected to. A bit that is a
constant, or has no driver, is *tied*; so is whatever is connected to it alone, through ports too.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from axonloop.hdl.flow import find_tool, run_tool

SCRIPT = "read_verilog design.v; hierarchy -auto-top; proc; write_json design.json"
Bit = int | str
"""A net of a module by its number, or a constant: "0", "1", "x", "z"."""
Netlist = dict[str, Any]


def netlist(verilog: str) -> Netlist:
    """The modules of a design as Yosys writes them; ToolError where it fails."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "design.v").write_text(verilog)
        run_tool(find_tool("yosys"), ["-q", "-p", SCRIPT], folder)
        modules: Netlist = json.loads((folder / "design.json").read_text())["modules"]
    return modules


def tied(modules: Netlist) -> dict[str, dict[str, set[int]]]:
    """By module and wire, the bits that are tied. Every module is instantiated once."""
    still = {name: _undriven(module, modules) for name, module in modules.items()}
    changed = True
    while changed:
        changed = False
        for name, module in modules.items():
            for cell in module["cells"].values():
                if cell["type"] in modules:
                    changed |= _through(module, cell, modules, still[name], still[cell["type"]])
    return {name: _by_wire(module, still[name]) for name, module in modules.items()}


def _undriven(module: Netlist, modules: Netlist) -> set[Bit]:
    """Constants, and nets that no cell and no input drives."""
    driven: set[Bit] = set()
    for port in module["ports"].values():
        if port["direction"] != "output":
            driven.update(port["bits"])
    for cell in module["cells"].values():
        for port, bits in cell["connections"].items():
            if _drives(cell, port, modules):
                driven.update(bits)
    nets = {bit for wire in module["netnames"].values() for bit in wire["bits"]}
    return {bit for bit in nets if isinstance(bit, str) or bit not in driven}


def _drives(cell: Netlist, port: str, modules: Netlist) -> bool:
    if cell["type"] in modules:
        return bool(modules[cell["type"]]["ports"][port]["direction"] == "output")
    return bool(cell["port_directions"][port] == "output")


def _through(
    outer: Netlist, cell: Netlist, modules: Netlist, above: set[Bit], below: set[Bit]
) -> bool:
    """Carry what is tied through the ports of an instance; say if that is anything new."""
    ports, changed = modules[cell["type"]]["ports"], False
    for port, bits in cell["connections"].items():
        pairs = zip(bits, ports[port]["bits"], strict=True)
        for outside, inside in pairs:
            if ports[port]["direction"] == "input":
                new = (isinstance(outside, str) or outside in above) and inside not in below
                below |= {inside} if new else set()
            else:
                new = (isinstance(inside, str) or inside in below) and outside not in above
                above |= {outside} if new else set()
            changed |= new
    return changed


def _by_wire(module: Netlist, still: set[Bit]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for name, wire in module["netnames"].items():
        for index, bit in enumerate(wire["bits"], wire.get("offset", 0)):
            if isinstance(bit, str) or bit in still:
                found[name].add(index)
    return dict(found)
