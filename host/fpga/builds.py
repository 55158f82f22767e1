"""The bitstream of a board and a build, with a report, cached by content in build/."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axonloop.hdl.boards import Board, Build
from axonloop.hdl.flow import BITSTREAMS, TOOLS, Tool, ToolError, find_tool
from axonloop.host.console import progress_bars, steps
from axonloop.host.files import read_json, write_json
from axonloop.models.cycles import speed, training_speed
from axonloop.models.protocol import build_hash
from axonloop.sim.build import content_key, entry_in
from axonloop.sim.cosim import sources_key

BUILDS = Path("build")
REPORT, PICTURE = "report.json", "utilisation.png"
TOP = "axonloop_board"
BULKY = ("design.il", "netlist.json", "routed.txt", "timing.json")
"""Files between the steps that no one needs afterwards."""
Stage = Callable[[str], None]
"""Hears which step begins: one of `STAGES`."""
STAGES = ("tools", "synthesis", "placement and routing", "bitstream", "report")


class TimingError(RuntimeError):
    """A build is whole, but slower than its clock; the message has both."""


def gateware_key() -> str:
    """Changes with every source that decides about a bitstream or its report."""
    parts: list[str | bytes] = [sources_key()]
    for name in ("builds.py", "utilisation.py"):
        parts += [name, Path(__file__).with_name(name).read_bytes()]
    return content_key(*parts)


def build_board(board: Board, build: Build, stage: Stage, builds: Path = BUILDS) -> Path:
    """The folder of a build, made now or found; bitstream, report.json, picture, logs.

    A build that misses its clock is kept like any other: see `require_timing`. Raises ToolError
    for a tool that is missing or fails, DoesNotFitError where the FPGA is too small, ValueError
    for a clock that the board cannot make, BuildError where the disk is full. The message of a
    tool that failed names the folder of the logs, `builds`/KEY.logs.
    """
    stage("tools")
    tools = {name: find_tool(name) for name in TOOLS[board.family]}
    versions = {name: tool.version for name, tool in tools.items()}
    parts = (repr(board), repr(build), repr(versions), _verilog(build))
    key = content_key(gateware_key(), *parts)
    logs = builds / f"{key}.logs"

    def make(folder: Path) -> None:
        shutil.rmtree(logs, ignore_errors=True)
        try:
            _make(board, build, tools, stage, folder)
        except ToolError as error:
            shutil.copytree(folder, logs, ignore=_no_log)
            raise type(error)(f"{error}; logs in {logs}") from error

    return entry_in(builds, key, make, "work in another folder")


def _no_log(folder: str, names: list[str]) -> list[str]:
    """The files that are not kept of a build that failed."""
    return [name for name in names if not name.endswith(".log")]


def _verilog(build: Build) -> str:
    """What a build is made of that is no Amaranth: the processor of its node, if it has one."""
    from axonloop.hdl.processing import processor_source

    if not (build.processor and build.node.program):
        return ""
    try:
        return processor_source()
    except ImportError as error:
        raise ToolError(str(error)) from error


def read_report(folder: Path) -> dict[str, Any]:
    """The report of a build."""
    return read_json(folder / REPORT)


def bitstream_of(board: Board, folder: Path) -> Path:
    """The bitstream in the folder of a build."""
    return folder / f"{board.name}.{BITSTREAMS[board.family]}"


def require_timing(report: dict[str, Any], folder: Path) -> None:
    """TimingError if the build missed its clock."""
    if report["slack_ns"] < 0:
        raise TimingError(
            f"clock must be met after routing, not missed by {-report['slack_ns']:.2f} ns: "
            f"{report['clock_hz'] / 1e6:.2f} MHz asked, {report['fmax_mhz']:.2f} MHz reached; "
            f"see {folder / REPORT}"
        )


def _make(board: Board, build: Build, tools: dict[str, Tool], stage: Stage, folder: Path) -> None:
    """Fill the folder of a build, step by step."""
    from axonloop.hdl.boards import BoardTop, built_clock
    from axonloop.hdl.flow import pack, place, synthesise

    names, seconds = TOOLS[board.family], {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        stage(name)
        start = processor_seconds()
        result = work()
        seconds[name] = round(processor_seconds() - start, 1)
        return result

    key = gateware_key()
    clock = built_clock(board.family, board.oscillator, build.clock)
    design = BoardTop(board, build, build_hash(key.encode()))
    cells = timed(
        "synthesis",
        lambda: synthesise(
            design, board.family, folder, top=TOP, yosys=tools[names[0]], verilog=_verilog(build)
        ),
    )
    placed = timed(
        "placement and routing",
        lambda: place(board, clock, build.seed, tools[names[1]], folder),
    )
    output = timed("bitstream", lambda: pack(board, tools[names[2]], folder))
    stage("report")
    report = {
        "board": board.name,
        "title": board.title,
        "build": build.to_dict(),
        "gateware": key,
        "tools": {name: tool.version for name, tool in tools.items()},
        "bitstream": output.name,
        "clock_hz": clock,
        "seconds": seconds,
    }
    write_report(folder, report | _figures(build, clock, cells, placed, folder))


def _figures(
    build: Build, clock: int, cells: dict[str, int], placed: Any, folder: Path
) -> dict[str, Any]:
    """The figures of a build: resources, timing, speed, modules."""
    from axonloop.hdl.flow import BELS, KINDS
    from axonloop.host.fpga.utilisation import count_kinds, count_modules, module_of, module_paths

    paths = module_paths((folder / "design.il").read_text(), TOP)
    netlist = json.loads((folder / "netlist.json").read_text())
    return {
        "fmax_mhz": round(placed.fmax_mhz, 2),
        "slack_ns": round(1e9 / clock - 1e3 / placed.fmax_mhz, 3),
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


def processor_seconds() -> float:
    """Processor seconds of this process and of its children that ended."""
    return sum(os.times()[:4])


def write_report(folder: Path, report: dict[str, Any]) -> None:
    """Write report and picture into the folder of a build, and remove what is bulky."""
    from axonloop.host.fpga.utilisation import draw_utilisation
    from axonloop.host.pictures import save

    write_json(folder / REPORT, report)
    save(draw_utilisation(report), folder / PICTURE)
    for name in BULKY:
        (folder / name).unlink(missing_ok=True)


def build_and_tell(board: Board, build: Build) -> tuple[Path, dict[str, Any]]:
    """Build, with a line per step."""
    with progress_bars() as progress:
        folder = build_board(board, build, steps(progress, board.name))
    return folder, read_report(folder)
