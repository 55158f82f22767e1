"""Firmware on a RISC-V core loads a network into a chip on its bus, and learns as golden does."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from axonloop.hdl.boards import Build
from axonloop.hdl.flow import header_files, verilog_files
from axonloop.host.devices import GoldenDevice, weight_hash
from axonloop.host.devices.packets import load_words, unpack_weights
from axonloop.models.arrays import Int32Array
from axonloop.models.config import CoreConfig, Geometry, ParameterSet, Row
from axonloop.models.protocol import Kind, Region, argument_of, header, region_words
from axonloop.sim.cocotb import run_bench

SOURCES = Path(__file__).parent / "soc"
BENCH = Path(__file__).parent / "benches" / "soc_bench.py"
LANES = dict.fromkeys(("lanes", "update_lanes", "trace_lanes", "multipliers"), 2)
GEOMETRY = Geometry(axons=32, neurons=8, entries=2, parameter_sets=1, **LANES)
CONFIG = CoreConfig(
    GEOMETRY, (ParameterSet(theta=500, box=3000, eta_shift=3),), rows=(Row(0, 4, True),) * 32
)
ERROR = 9
"""Value of the error event of a neuron that spikes."""


def network() -> Int32Array:
    """Weights of all synapses."""
    return np.random.default_rng(1).integers(-20, 60, (32, 8), np.int32)


def inputs(ticks: int) -> list[Int32Array]:
    """The axons that spike in each tick."""
    random = np.random.default_rng(2)
    return [np.flatnonzero(random.random(32) < 0.3).astype(np.int32) for _ in range(ticks)]


def golden(ticks: int) -> tuple[list[list[int]], str]:
    """Spikes of every tick, and the hash of the weights in the end."""
    device, spikes = GoldenDevice(CONFIG), []
    device.load_weights(network())
    for axons in inputs(ticks):
        heard = device.tick(axons)
        device.send_errors(heard, np.full(len(heard), ERROR, np.int32))
        device.learn()
        spikes.append(heard.tolist())
    return spikes, weight_hash(device.read_weights(), GEOMETRY)


def network_header(ticks: int) -> str:
    """`network.h` of the firmware."""
    rows = [f"{{{sum(1 << int(axon) for axon in axons):#x}}}" for axons in inputs(ticks)]
    words = ", ".join(f"{word:#x}" for word in load_words(CONFIG, network()))
    return (
        f"#define TICKS {ticks}u\n#define ERROR {ERROR}u\n"
        f"static const uint32_t NETWORK[] = {{{words}}};\n"
        f"static const uint32_t INPUTS[TICKS][1] = {{{', '.join(rows)}}};\n"
    )


def compiled(folder: Path, addresses: dict[str, int]) -> list[int]:
    """The words of the firmware, by the C compiler of Zig."""
    zig = [sys.executable, "-m", "ziglang"]
    for name in ("firmware.c", "axonloop_bus.h", "link.ld"):
        shutil.copy(SOURCES / name, folder)
    command = [*zig, "cc", "-target", "riscv32-freestanding-none", "-mcpu=generic_rv32", "-Os"]
    command += ["-nostdlib", "-ffreestanding", "-Wall", "-Wextra", "-Werror", "-Wl,-T,link.ld"]
    command += [f"-DAXONLOOP_ADDRESS_ON_BUS={addresses['axonloop']:#x}u"]
    command += [f"-DTOLD_ADDRESS={addresses['told']:#x}u", "firmware.c", "-o", "firmware.elf"]
    subprocess.run(command, cwd=folder, check=True)
    objcopy = [*zig, "objcopy", "-O", "binary", "firmware.elf", "firmware.bin"]
    subprocess.run(objcopy, cwd=folder, check=True)
    return np.fromfile(folder / "firmware.bin", "<u4").tolist()


def told(simulator: str, ticks: int, count: int, folder: Path) -> list[int]:
    """The words that the firmware tells."""
    pytest.importorskip("ziglang")
    pytest.importorskip("litex")
    from tests.cosim.soc.soc import ADDRESSES, soc_verilog

    build = Build(GEOMETRY, command_depth=128, reply_depth=128)
    verilog = verilog_files(build, "wishbone", "axonloop")["axonloop.v"]
    header = header_files(build, "wishbone", "axonloop")["axonloop.h"]
    (folder / "axonloop.h").write_text(header)
    (folder / "network.h").write_text(network_header(ticks))
    system = soc_verilog(compiled(folder, ADDRESSES), folder)
    asked = {"BENCH_WORDS": str(count)}
    assert run_bench(simulator, system + verilog, "soc", BENCH, folder, asked) == (1, 0)
    return [int(line) for line in (folder / "told.txt").read_text().split()]


def learns(simulator: str, ticks: int, folder: Path) -> None:
    """The firmware must hear the golden core's spikes, and read the golden core's weights."""
    spikes, wanted = golden(ticks)
    words = region_words(GEOMETRY)[Region.WEIGHT]
    count = sum(len(each) + 1 for each in spikes) + 1 + words
    heard = told(simulator, ticks, count, folder)
    rest = iter(heard)
    for tick, each in enumerate(spikes):
        found = [next(rest) for _ in range(len(each) + 1)]
        assert found.pop() == header(Kind.TICK, 0, tick)
        assert sorted(argument_of(word) for word in found) == each
    assert next(rest) == header(Kind.DATA, 0, words)
    weights = unpack_weights(GEOMETRY, np.array(list(rest), np.uint32))
    assert weight_hash(weights, GEOMETRY) == wanted != weight_hash(network(), GEOMETRY)


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("perl") is None or shutil.which("make") is None,
    reason="cocotb's Verilator needs perl and make",
)
def test_firmware_learns(tmp_path: Path) -> None:
    learns("verilator", 50, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus is not installed")
def test_firmware_learns_under_icarus(tmp_path: Path) -> None:
    learns("icarus", 2, tmp_path)
