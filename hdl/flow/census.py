"""The cells of a design before it is mapped to an FPGA: adders, memories, registers, by width."""

from __future__ import annotations

import re
from dataclasses import dataclass

from amaranth.lib import wiring

from axonloop.hdl.flow.synthesis import design_text
from axonloop.hdl.flow.verilog import run_yosys

SCRIPT = """
hierarchy -top {top}
proc
flatten
opt_clean
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
_STYLE = re.compile(r"\n  attribute \\ram_style \"(\w+)\"(?:\n  attribute .*)*\Z")
"""The style of the cell behind this text: its attributes come first."""
_SIZE = re.compile(r"parameter(?: signed)? \\(\w*(?:WIDTH|SIZE|PORTS)) (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A cell: its `kind` as Yosys names it, without `$`; its `name`; widths and sizes by name.

    `style`: the kind of RAM that a memory is asked to be in, if any.
    """

    kind: str
    name: str
    sizes: dict[str, int]
    style: str = ""


def design_cells(component: wiring.Component, top: str, family: str) -> list[Cell]:
    """All cells of a design, flat: what synthesis for `family` begins with. Takes seconds."""
    text = design_text(component, top, family)
    parts = run_yosys(text, SCRIPT.format(top=top)).split("\n  cell ")
    styles = [_STYLE.search(part) for part in parts]
    return [
        _cell(*part.split("\n", 1), style[1] if style else "")
        for part, style in zip(parts[1:], styles[:-1], strict=True)
    ]


def _cell(head: str, body: str, style: str) -> Cell:
    kind, name = head.split()
    sizes = _SIZE.findall(body.partition("\n  end")[0])
    return Cell(kind.removeprefix("$"), name, {size: int(n) for size, n in sizes}, style)
