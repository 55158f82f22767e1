"""Programs on the PATH that act as synthesis tools: quick, and as wrong as a test wants."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

NETLIST = {
    "modules": {
        "axonloop_board": {
            "cells": {
                "top.chip.core.neurons.lane_0.v_LUT4_Z": {"type": "LUT4"},
                "top.chip.core.neurons.v_TRELLIS_FF_Q": {"type": "TRELLIS_FF"},
                "top.link.inbox.memory.0.0": {"type": "DP16KD"},
                "beat_TRELLIS_FF_Q": {"type": "TRELLIS_FF"},
            }
        }
    }
}
PARTS = ("top", "top.link", "top.link.inbox", "top.chip.core", "top.chip.core.neurons")
MODULES = "".join(f"module \\axonloop_board.{part}\nend\n" for part in PARTS)
"""What Amaranth would write of the board; the real text takes seconds."""
CELLS = "        1   DP16KD\n        1   LUT4\n        2   TRELLIS_FF\n"
STEPS = [
    {"delay": 1.0, "to": {"cell": "top.chip.core.neurons.v_TRELLIS_FF_Q"}},
    {"delay": 2.5, "to": {"cell": "top.link.inbox.memory.0.0"}},
]

UTILISATION = """Info: Device utilisation:
Info: \t          DP16KD:     300/   208  144%
Info: \t    TRELLIS_COMB:    9227/ 83640   11%
Info: \t      MULT18X18D:     200/   156  128%
ERROR: Unable to place cell 'x', no BELs remaining to implement cell type 'DP16KD'"""
"""What nextpnr says of a design that is too large."""


def timing(mhz: float = 80.0) -> dict[str, Any]:
    """What nextpnr reports."""
    used = {"TRELLIS_COMB": 3, "TRELLIS_FF": 2, "DP16KD": 1}
    return {
        "fmax": {"$glbnet$clk": {"achieved": mhz, "constraint": 50}},
        "utilization": {bel: {"used": n, "available": 100} for bel, n in used.items()},
        "critical_paths": [{"from": "posedge clk", "to": "posedge clk", "path": STEPS}],
    }


def write_tool(folder: Path, name: str, version: str, body: str) -> None:
    """A program `name` that tells `version`, or else runs `body` (Python) in its folder."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(
        f"#!{sys.executable} -S\nimport os, sys, time\nfrom pathlib import Path\n"
        f"if sys.argv[1] in ('-V', '--version'):\n    print({version!r})\n    sys.exit()\n{body}\n"
    )
    path.chmod(0o755)


def write_ecp5_tools(folder: Path, mhz: float = 80.0) -> None:
    """Tools for ECP5 that make something of any design, and count how often Yosys ran."""
    log = folder / "runs"
    write_tool(
        folder,
        "yosys",
        "Yosys 0.69 (git sha1 0)",
        f"Path('netlist.json').write_text({json.dumps(NETLIST)!r})\n"
        f"Path('cells.txt').write_text({CELLS!r})\n"
        f"Path({str(log)!r}).open('a').write('yosys\\n')",
    )
    write_tool(
        folder,
        "nextpnr-ecp5",
        "nextpnr-0.11",
        f"Path('timing.json').write_text({json.dumps(timing(mhz))!r})\n"
        "Path('routed.txt').write_text('routed')",
    )
    write_tool(folder, "ecppack", "ecppack 1.4", "Path(sys.argv[-1]).write_text('bits')")


def write_seeded_nextpnr(folder: Path, results: dict[int, float | str]) -> None:
    """A nextpnr that reaches so many MHz with each seed, or runs Python text instead.

    `folder`/seeds lists the seeds that it was called with.
    """
    bodies = {
        seed: result
        if isinstance(result, str)
        else f"Path('timing.json').write_text({json.dumps(timing(result))!r})\n"
        f"Path('routed.txt').write_text('routed with {seed}')\nprint('seed {seed}')"
        for seed, result in results.items()
    }
    log = str(folder / "seeds")
    write_tool(
        folder,
        "nextpnr-ecp5",
        "nextpnr-0.11",
        "seed = sys.argv[sys.argv.index('--seed') + 1]\n"
        f"Path({log!r}).open('a').write(seed + ' ')\n"
        f"exec({bodies!r}[int(seed)])",
    )
