"""The files of a build: netlist, placements, bitstream, report and picture, step by step."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from axonloop.hdl.boards import Board, Build
from axonloop.hdl.flow import TOOLS, Placed, Tool
from axonloop.host.files import read_json, write_json
from axonloop.host.fpga.seconds import processor_seconds, seconds_since
from axonloop.host.fpga.seeds import ROUTED, Tried, best_of, routed_file, try_seeds
from axonloop.models.cycles import speed, training_speed
from axonloop.models.protocol import build_hash

REPORT, PICTURE = "report.json", "utilisation.png"
TOP = "axonloop_board"
SYNTHESIS = "synthesis.json"
"""What Yosys counted and how long it took; written when its netlist is whole."""
BULKY = ("design.il", "netlist.json", "timing.json", SYNTHESIS, "routed*.txt", "placed.*.json")
"""Files between the steps that no one needs afterwards."""
Stage = Callable[[str], None]
"""Hears which step begins."""


@dataclass(frozen=True)
class BuildOrder:
    """What is to be made: of which board and build, with which seeds of the placer and tools.

    `verilog` is the text of modules that are no Amaranth, `gateware` the key of all sources.
    """

    board: Board
    build: Build
    seeds: tuple[int, ...]
    tools: dict[str, Tool]
    verilog: str
    gateware: str

    @property
    def clock(self) -> int:
        """The clock that the board really makes, in Hz."""
        from axonloop.hdl.boards import built_clock

        return built_clock(self.board.family, self.board.oscillator, self.build.clock)

    def tool(self, step: int) -> Tool:
        """The tool for synthesis, placement or packing."""
        return self.tools[TOOLS[self.board.family][step]]


def make_files(order: BuildOrder, stage: Stage, work: Path, folder: Path) -> None:
    """Fill the folder of a build; netlist and placements go to `work`.

    Where the two differ, `work` may have the netlist and finished seeds of an earlier call that was
    interrupted; they are not made again. Bitstream and report are made in `folder` alone.
    """
    from axonloop.hdl.flow import pack

    cells, spent = _synthesised(order, stage, work)
    tried = try_seeds(order.seeds, lambda seed: _place(order, seed, work), stage, work)
    best = best_of(tried)
    shutil.copyfile(routed_file(best.seed, work), folder / ROUTED)
    stage("bitstream")
    start = processor_seconds()
    output = pack(order.board, order.tool(2), folder)
    seconds = {
        "synthesis": spent,
        "placement and routing": round(sum(each.seconds for each in tried), 1),
        "bitstream": seconds_since(start),
    }
    stage("report")
    report = {
        "board": order.board.name,
        "title": order.board.title,
        "build": replace(order.build, seed=best.seed).to_dict(),
        "gateware": order.gateware,
        "tools": {name: tool.version for name, tool in order.tools.items()},
        "bitstream": output.name,
        "clock_hz": order.clock,
        "seconds": seconds,
        "seeds": [each.to_dict() for each in tried],
    }
    write_report(folder, report | _figures(order, cells, best, work))
    _tidy(work, folder)


def _synthesised(order: BuildOrder, stage: Stage, work: Path) -> tuple[dict[str, int], float]:
    """Cells by type and the seconds of synthesis, of this call or an earlier one."""
    from axonloop.hdl.boards import BoardTop
    from axonloop.hdl.flow import synthesise

    stage("synthesis")
    if not (work / SYNTHESIS).is_file():
        start = processor_seconds()
        design = BoardTop(order.board, order.build, build_hash(order.gateware.encode()))
        cells = synthesise(
            design,
            order.board.family,
            work,
            top=TOP,
            yosys=order.tool(0),
            verilog=order.verilog,
        )
        write_json(work / SYNTHESIS, {"cells": cells, "seconds": seconds_since(start)})
    told = read_json(work / SYNTHESIS)
    return told["cells"], told["seconds"]


def _place(order: BuildOrder, seed: int, work: Path) -> Placed:
    """Place with a seed; of several, each has a log of its own."""
    from axonloop.hdl.flow import place

    nextpnr = order.tool(1)
    try:
        return place(order.board, order.clock, seed, nextpnr, work)
    finally:
        log = work / f"{nextpnr.name}.log"
        if len(order.seeds) > 1 and log.exists():
            log.rename(work / f"{nextpnr.name}.{seed}.log")


def _figures(order: BuildOrder, cells: dict[str, int], best: Tried, work: Path) -> dict[str, Any]:
    """The figures of a build: resources, timing, speed, modules."""
    from axonloop.hdl.flow import BELS, KINDS
    from axonloop.host.fpga.utilisation import count_kinds, count_modules, module_of, module_paths

    assert best.placed is not None
    placed, build = best.placed, order.build
    paths = module_paths((work / "design.il").read_text(), TOP)
    netlist = json.loads((work / "netlist.json").read_text())
    return {
        "fmax_mhz": round(placed.fmax_mhz, 2),
        "slack_ns": round(1e9 / order.clock - 1e3 / placed.fmax_mhz, 3),
        "resources": {
            BELS[bel]: {"used": used, "there": there}
            for bel, (used, there) in sorted(
                placed.used.items(), key=lambda item: KINDS.index(BELS.get(item[0], "LUT"))
            )
            if bel in BELS
        },
        "counts": count_kinds(cells),
        "cells": cells,
        "speed": speed(build.geometry, placed.fmax_mhz * 1e6),
        "training": training_speed(build.geometry, build.built_node, placed.fmax_mhz * 1e6)
        if build.built_node
        else None,
        "modules": count_modules(netlist, TOP, paths),
        "slowest_path": [
            {"cell": cell, "module": module_of(cell, paths), "ns": ns} for cell, ns in placed.path
        ],
    }


def write_report(folder: Path, report: dict[str, Any]) -> None:
    """Write report and picture into the folder of a build."""
    from axonloop.host.fpga.utilisation import draw_utilisation
    from axonloop.host.pictures import save

    write_json(folder / REPORT, report)
    save(draw_utilisation(report), folder / PICTURE)


def _tidy(work: Path, folder: Path) -> None:
    """Bring the small files, as logs, from `work` to `folder`, and remove what is bulky."""
    if work != folder:
        for path in work.iterdir():
            path.rename(folder / path.name)
    for pattern in BULKY:
        for path in folder.glob(pattern):
            path.unlink()
