"""The utilisation of an FPGA by a netlist: counts of cells by module, and their picture."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from axonloop.host.pictures import BLUE, SMALL, Picture, styled

KINDS = {
    "LUT": r"LUT4|SB_LUT4|LUT[1-3]",
    "carry": r"CCU2C|SB_CARRY|ALU",
    "FF": r"TRELLIS_FF|SB_DFF\w*|DFF\w*",
    "LUT RAM": r"TRELLIS_DPR16X4|RAM16S\w+",
    "block RAM": r"DP16KD|PDPW16KD|SB_RAM40_4K\w*|S?DPX?9?B|SPX?9?|pROMX?9?",
    "SPRAM": r"SB_SPRAM256KA",
    "DSP": r"MULT\w+|ALU54\w+|SB_MAC16",
}
"""Cells of all three families, as Yosys names them."""
Counts = dict[str, int]


def kind_of(cell: str) -> str | None:
    """The kind in `KINDS` that a type of cell belongs to, if any."""
    return next((kind for kind, types in KINDS.items() if re.fullmatch(types, cell)), None)


def count_kinds(cells: Mapping[str, int]) -> Counts:
    """The number of cells of every kind, from their numbers by type."""
    counts = dict.fromkeys(KINDS, 0)
    for cell, number in cells.items():
        if (kind := kind_of(cell)) is not None:
            counts[kind] += number
    return counts


def module_paths(rtlil: str, top: str) -> set[tuple[str, ...]]:
    """The paths of all modules below `top` in Amaranth's text, as ("chip", "core")."""
    names = re.findall(rf"^module \\{re.escape(top)}\.(\S+)$", rtlil, re.MULTILINE)
    return {tuple(name.split(".")) for name in names}


def count_modules(
    netlist: Mapping[str, Any], top: str, paths: set[tuple[str, ...]]
) -> dict[str, Counts]:
    """Cells of every kind by module, from a flat netlist of Yosys.

    A cell belongs to the module of the net that Yosys named it after: exact for registers and
    memories, nearly so for logic, which may be shared or moved over a border.
    """
    modules: dict[str, Counter[str]] = {}
    for name, cell in netlist["modules"][top]["cells"].items():
        if (kind := kind_of(cell["type"])) is not None:
            modules.setdefault(module_of(name, paths), Counter())[kind] += 1
    return {name: {kind: modules[name][kind] for kind in KINDS} for name in sorted(modules)}


def module_of(cell: str, paths: set[tuple[str, ...]]) -> str:
    """The usual name of a cell's module: a part of the core, a part of the link, the rest."""
    parts = tuple(cell.split("."))
    longest = next((parts[:n] for n in range(len(parts), 0, -1) if parts[:n] in paths), ())
    inner = [part for part in longest if part != "chip"][1:]
    if inner and inner[0].startswith("core"):
        return inner[1] if len(inner) > 1 else "core"
    return inner[0] if inner else "board"


@styled
def draw_utilisation(report: Mapping[str, Any]) -> Picture:
    """Bars for every kind of cell that is used, a row for each module; of how many, above them."""
    modules: dict[str, Counts] = report["modules"]
    kinds = [kind for kind in KINDS if any(counts[kind] for counts in modules.values())]
    rows = sorted(modules, key=lambda name: sum(modules[name][k] for k in ("LUT", "FF")))
    picture = Picture(2.1 * len(kinds) + 1.2, 0.27 * len(rows) + 1.5)
    panels = picture.subplots(1, len(kinds), sharey=True, squeeze=False)
    for axes, kind in zip(panels[0], kinds, strict=True):
        values = [modules[name][kind] for name in rows]
        bars = axes.barh(rows, values, color=BLUE)
        axes.bar_label(bars, [f"{n:,}" if n else "" for n in values], padding=2, fontsize=SMALL)
        axes.set(xlim=(0, 1.4 * max(values)), xticks=[], title=_of_how_many(kind, values, report))
        axes.margins(y=0.01)
        axes.tick_params(length=0)
    clock = f"{report['fmax_mhz']:.1f} MHz after routing"
    picture.suptitle(f"{report['title']}: cells by module; {clock}")
    return picture


def _of_how_many(kind: str, counts: list[int], report: Mapping[str, Any]) -> str:
    """The cells of a kind in the netlist, and what of the FPGA's they took when placed.

    A placed cell may hold several of the netlist (carries and LUT RAM become LUTs).
    """
    title = f"{kind}: {sum(counts):,}"
    placed = report["resources"].get(kind)
    return title if placed is None else f"{title}\nplaced {placed['used']:,} of {placed['there']:,}"
