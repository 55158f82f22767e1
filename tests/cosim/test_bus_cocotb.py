"""A chip on a bus learns as the golden core does: the same hash of weights, through registers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from axonloop.hdl.boards import Build
from axonloop.hdl.flow import DELIVERIES, verilog_files
from axonloop.models.config import Geometry
from axonloop.sim.cocotb import run_bench

BENCH = Path(__file__).parent / "benches" / "bus_bench.py"
LANES = dict.fromkeys(("lanes", "update_lanes", "trace_lanes", "multipliers"), 1)
GEOMETRY = Geometry(axons=16, neurons=4, entries=2, parameter_sets=1, **LANES)


def learns(simulator: str, top: str, ticks: int, folder: Path) -> bool:
    """Run the bench on what `axonloop verilog --top` writes."""
    build = Build(GEOMETRY, command_depth=128, reply_depth=128)
    verilog = verilog_files(build, top, "chip")["chip.v"]
    asked = {"BENCH_BUS": top, "BENCH_TICKS": str(ticks)}
    return run_bench(simulator, verilog, DELIVERIES[top].module, BENCH, folder, asked) == (1, 0)


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("perl") is None or shutil.which("make") is None,
    reason="cocotb's Verilator needs perl and make",
)
@pytest.mark.parametrize("top", ["wishbone", "axi-lite"])
def test_learns_through_a_bus(top, tmp_path):
    assert learns("verilator", top, 30, tmp_path)


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus is not installed")
def test_learns_through_a_bus_under_icarus(tmp_path):
    assert learns("icarus", "wishbone", 4, tmp_path)
