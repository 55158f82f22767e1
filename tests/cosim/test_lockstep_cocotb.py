"""Runs the cocotb bench: a handful of geometries by default, all of them when slow tests run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cocotb_tools.config import libs_dir
from cocotb_tools.runner import get_results, get_runner

from axonloop.sim.build import content_key, entry, find_toolchain
from axonloop.sim.build.toolchain import makefile_root
from axonloop.sim.cosim.chip_library import cached_verilog
from axonloop.sim.stimulus import GEOMETRIES

BENCHES = Path(__file__).parent / "benches"
QUICK = ("small", "one-lane")
PORTS = """`verilator_config
public_flat_rw -module "axonloop_chip" -var "clk"
public_flat_rw -module "axonloop_chip" -var "rst"
public_flat_rw -module "axonloop_chip" -var "commands__*"
public_flat_rw -module "axonloop_chip" -var "replies__*"
"""
# cocotb's runner makes every signal public, which costs minutes of compiling; ports are enough.
VERILATOR_ARGUMENTS = (
    *("--no-public-flat-rw", "-Wno-lint", "-Wno-style", "--no-timing"),
    *("--x-assign", "unique", "--x-initial", "unique", "-CFLAGS", "-O1"),
)
CASES = [
    pytest.param(name, seed, 60, id=f"{name}-seed{seed}", marks=[pytest.mark.slow] * slow)
    for name in GEOMETRIES
    for seed in (1, 2)
    for slow in [name not in QUICK or seed > 1]
]


def bench(simulator: str, name: str, seed: int, ticks: int, folder: Path) -> tuple[int, int]:
    """Build the bench (cached) and run it; the numbers of tests and of failed tests."""
    verilog = cached_verilog(GEOMETRIES[name])
    arguments = VERILATOR_ARGUMENTS if simulator == "verilator" else ()
    libraries = str(libs_dir)  # the bench's program loads cocotb's libraries from this very folder
    key = content_key(simulator, verilog, repr(arguments), find_toolchain().versions, libraries)
    runner = get_runner(simulator)

    def build(target: Path) -> None:
        sources = [folder / "chip.v", folder / "ports.vlt"]
        for source, text in zip(sources, (verilog, PORTS), strict=True):
            source.write_text(text)
        runner.build(
            sources=sources if simulator == "verilator" else sources[:1],
            hdl_toplevel="axonloop_chip",
            build_dir=target,
            build_args=list(arguments),
            timescale=("1ns", "1ps"),
        )

    results = runner.test(
        hdl_toplevel="axonloop_chip",
        test_module="lockstep_bench",
        build_dir=entry("bench", key, build),
        test_dir=folder,
        hdl_toplevel_lang="verilog",
        extra_env={
            "BENCH_GEOMETRY": name,
            "BENCH_SEED": str(seed),
            "BENCH_TICKS": str(ticks),
        },
    )
    tests, failed = get_results(results)
    return tests, failed


@pytest.fixture
def bench_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHES))


@pytest.fixture
def verilator(monkeypatch):
    if shutil.which("perl") is None or shutil.which("make") is None:
        pytest.skip("cocotb's Verilator needs perl and make")
    root = makefile_root(find_toolchain())
    monkeypatch.setenv("VERILATOR_ROOT", str(root))
    monkeypatch.setenv("PATH", str(root / "bin"), prepend=":")


@pytest.mark.usefixtures("bench_path", "verilator")
@pytest.mark.parametrize(("name", "seed", "ticks"), CASES)
def test_chip_agrees_with_the_golden_core(name, seed, ticks, tmp_path):
    assert bench("verilator", name, seed, ticks, tmp_path) == (1, 0)


@pytest.mark.usefixtures("bench_path")
@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus is not installed")
@pytest.mark.parametrize(("name", "seed", "ticks"), [pytest.param("one-lane", 4, 10, id="seed4")])
def test_chip_agrees_under_icarus(name, seed, ticks, tmp_path):
    assert bench("icarus", name, seed, ticks, tmp_path) == (1, 0)
