"""The cells of a design before it is mapped to an FPGA: adders, memories, registers, by width."""

from __future__ import annotations

import re
from dataclasses import dataclass

from amaranth.back import rtlil
from amaranth.lib import wiring

from axonloop.hdl.flow.verilog import run_yosys

SCRIPT = """
hierarchy -top {top}
proc
flatten
opt_expr
opt_merge
opt_dff
opt_clean
wreduce
opt_expr
opt_clean
memory_collect
write_rtlil
"""
_SIZE = re.compile(r"parameter(?: signed)? \\(\w*(?:WIDTH|SIZE|PORTS)) (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A cell: its `kind` as Yosys names it, without `$`; its `name`; widths and sizes by name."""

    kind: str
    name: str
    sizes: dict[str, int]


def design_cells(component: wiring.Component, top: str) -> list[Cell]:
    """All cells of a design, flat: what synthesis begins with. Takes seconds."""
    text = rtlil.convert(component, name=top, emit_src=False)
    parts = run_yosys(text, SCRIPT.format(top=top)).split("\n  cell ")[1:]
    return [_cell(*part.split("\n", 1)) for part in parts]


def _cell(head: str, body: str) -> Cell:
    kind, name = head.split()
    sizes = _SIZE.findall(body.partition("\n  end")[0])
    return Cell(kind.removeprefix("$"), name, {size: int(value) for size, value in sizes})
