"""Placement and routing with nextpnr, and the bitstream, for a board of hdl/boards."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axonloop.hdl.boards import Board
from axonloop.hdl.flow.synthesis import NETLIST
from axonloop.hdl.flow.tools import Tool, ToolError, run_tool

TOOLS = {
    "ecp5": ("yosys", "nextpnr-ecp5", "ecppack"),
    "ice40": ("yosys", "nextpnr-ice40", "icepack"),
    "gowin": ("yosys", "nextpnr-himbaechel-gowin", "gowin_pack"),
}
"""The tools of a build, by family: for synthesis, placement, packing."""
BITSTREAMS = {"ecp5": "bit", "ice40": "bin", "gowin": "fs"}
"""The ending of a bitstream's name."""
TIMING = "timing.json"
KINDS = ("LUT", "FF", "block RAM", "SPRAM", "DSP")
"""Kinds of cells of an FPGA, by their usual names."""
BELS = {
    "TRELLIS_COMB": "LUT",
    "TRELLIS_FF": "FF",
    "DP16KD": "block RAM",
    "MULT18X18D": "DSP",
    "ICESTORM_LC": "LUT",
    "ICESTORM_RAM": "block RAM",
    "ICESTORM_SPRAM": "SPRAM",
    "ICESTORM_DSP": "DSP",
    "LUT4": "LUT",
    "DFF": "FF",
    "BSRAM": "block RAM",
}
"""The kind of each cell that nextpnr counts."""


class DoesNotFitError(ToolError):
    """A design needs more than the FPGA has; the message names what, and both numbers."""


@dataclass(frozen=True)
class Placed:
    """A placed and routed design.

    `fmax_mhz` after routing; `used` as (used, there) for every type of cell; `path`, the slowest
    path from register to register, as (cell, ns), empty where nextpnr reports none.
    """

    fmax_mhz: float
    used: dict[str, tuple[int, int]]
    path: tuple[tuple[str, float], ...]


def constraints(board: Board) -> str:
    """The file that places every port of the board, in its family's language."""
    mhz = f"{board.oscillator / 1e6:g}"
    lines = []
    for port, site in board.sites.items():
        if board.family == "ecp5":
            lines += [f'LOCATE COMP "{port}" SITE "{site}";']
            lines += [f'IOBUF PORT "{port}" IO_TYPE=LVCMOS33;']
        elif board.family == "ice40":
            lines += [f"set_io {port} {site}"]
        else:
            lines += [f'IO_LOC "{port}" {site};', f'IO_PORT "{port}" IO_TYPE=LVCMOS33;']
    if board.family == "ecp5":
        lines += [f'FREQUENCY PORT "oscillator" {mhz} MHZ;']
    elif board.family == "ice40":
        lines += [f"set_frequency oscillator {mhz}"]
    return "\n".join(lines) + "\n"


def place(board: Board, clock: int, seed: int, nextpnr: Tool, folder: Path) -> Placed:
    """Place and route the netlist in `folder` for a clock in Hz; a missed clock is no error here.

    Raises DoesNotFitError where the FPGA is too small, ToolError for other refusals.
    """
    (folder / "pins.txt").write_text(constraints(board))
    arguments = {
        "ecp5": ["--lpf", "pins.txt", "--textcfg", "routed.txt"],
        "ice40": ["--pcf", "pins.txt", "--asc", "routed.txt"],
        "gowin": ["--vopt", "cst=pins.txt", "--write", "routed.txt"],
    }[board.family]
    arguments += [*board.part, "--json", NETLIST, "--report", TIMING, "--seed", str(seed)]
    # nextpnr ends well where the clock is missed: the report is wanted then too, and whoever uses
    # the build compares its fmax with the clock.
    arguments += ["--freq", f"{clock / 1e6:g}", "--timing-allow-fail"]
    try:
        run_tool(nextpnr, arguments, folder)
    except ToolError as error:
        _require_fit(board, folder / f"{nextpnr.name}.log")
        raise ToolError(f"{board.title}: {error}") from error
    report = json.loads((folder / TIMING).read_text())
    used = {bel: (n["used"], n["available"]) for bel, n in report["utilization"].items()}
    fmax = min(clock["achieved"] for clock in report["fmax"].values())
    return Placed(fmax, used, _slowest(report["critical_paths"]))


def _slowest(paths: list[dict[str, Any]]) -> tuple[tuple[str, float], ...]:
    """Each cell of the slowest path between registers, with the delay up to its output."""
    clocked = [p["path"] for p in paths if p["from"] != "<async>" and p["to"] != "<async>"]
    steps = max(clocked, key=lambda p: sum(s["delay"] for s in p), default=())
    cells, spent = {}, 0.0
    for step in steps:
        spent += step["delay"]
        cells[step["to"]["cell"]] = round(spent, 3)
    return tuple(cells.items())


def _require_fit(board: Board, log: Path) -> None:
    """DoesNotFitError if nextpnr counted more than there is of anything."""
    pattern = r"^Info:\s+(\w+):\s*(\d+)/\s*(\d+)\s+\d+%"
    counts = re.findall(pattern, log.read_text() if log.exists() else "", re.MULTILINE)
    over = [(bel, used, there) for bel, used, there in counts if int(used) > int(there)]
    if over:
        wants = "; ".join(
            f"{BELS.get(bel, bel)} ({bel}): {used} needed, {there} there"
            for bel, used, there in over
        )
        raise DoesNotFitError(f"configuration must fit {board.title}, not exceed it in {wants}")


def pack(board: Board, packer: Tool, folder: Path) -> Path:
    """The bitstream from the routed design in `folder`, named after the board."""
    output = f"{board.name}.{BITSTREAMS[board.family]}"
    arguments = {
        "ecp5": ["--compress", "--input", "routed.txt", "--bit", output],
        "ice40": ["routed.txt", output],
        "gowin": ["-d", board.device, "-o", output, "routed.txt"],
    }[board.family]
    run_tool(packer, arguments, folder)
    if not (folder / output).is_file() or not (folder / output).stat().st_size:
        raise ToolError(f"{packer.name} must write {output}, not nothing")
    return folder / output
