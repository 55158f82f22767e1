"""Runs the cocotb bench: one geometry by default, all of them when slow tests run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from axonloop.hdl.boards import Build
from axonloop.hdl.flow import verilog_files
from axonloop.sim.cocotb import run_bench
from axonloop.sim.cosim.chip_library import cached_verilog
from axonloop.sim.stimulus import GEOMETRIES

BENCH = Path(__file__).parent / "benches" / "lockstep_bench.py"
QUICK = ("one-lane",)
CASES = [
    pytest.param(name, seed, 60, id=f"{name}-seed{seed}", marks=[pytest.mark.slow] * slow)
    for name in GEOMETRIES
    for seed in (1, 2)
    for slow in [name not in QUICK or seed > 1]
]


def bench(simulator: str, name: str, seed: int, ticks: int, folder: Path) -> tuple[int, int]:
    """Build the bench (cached) and run it; the numbers of tests and of failed tests."""
    verilog = cached_verilog(GEOMETRIES[name])
    asked = {"BENCH_GEOMETRY": name, "BENCH_SEED": str(seed), "BENCH_TICKS": str(ticks)}
    return run_bench(simulator, verilog, "axonloop_chip", BENCH, folder, asked)


@pytest.mark.skipif(
    shutil.which("perl") is None or shutil.which("make") is None,
    reason="cocotb's Verilator needs perl and make",
)
@pytest.mark.parametrize(("name", "seed", "ticks"), CASES)
def test_chip_agrees_with_the_golden_core(name, seed, ticks, tmp_path):
    assert bench("verilator", name, seed, ticks, tmp_path) == (1, 0)


@pytest.mark.slow
def test_board_agrees_with_the_golden_core(tmp_path):
    """What `axonloop verilog --top serial` writes, at its pins."""
    build = Build(GEOMETRIES["one-lane"], clock=100_000_000, baud=25_000_000)
    verilog = verilog_files(build, "serial", "serial")["serial.v"]
    asked = {"BENCH_GEOMETRY": "one-lane", "BENCH_SEED": "1", "BENCH_TICKS": "5"}
    bench = BENCH.with_name("serial_bench.py")
    assert run_bench("verilator", verilog, "axonloop_serial", bench, tmp_path, asked) == (1, 0)


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus is not installed")
@pytest.mark.parametrize(("name", "seed", "ticks"), [pytest.param("one-lane", 4, 10, id="seed4")])
def test_chip_agrees_under_icarus(name, seed, ticks, tmp_path):
    assert bench("icarus", name, seed, ticks, tmp_path) == (1, 0)
