"""Verilog text: what other tools make of it; contents of memories are the same, in fewer lines."""

import gc
import os
import re
import subprocess

import pytest

from axonloop.hdl.flow import chip_verilog, core_verilog, shared_verilog
from axonloop.hdl.flow.verilog import folded, uncollected
from axonloop.models.config import Geometry, Mesh
from axonloop.models.config.geometry import MAX_CORES
from axonloop.sim.build import find_toolchain

WORDS = {0: "8'h00", 1: "8'h00", 2: "8'h05", 3: "8'h00", 4: "8'h00", 5: "8'h00", 9: "8'h00"}
LOOP = re.compile(r"for \(index = (\d+); index <= (\d+); index = index \+ 1\) m\[index\] = (\S+);")


def test_garbage_is_looked_for_again_whatever_happens():
    seen = []

    def fail():
        with uncollected():
            seen.append(gc.isenabled())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [*seen, gc.isenabled()] == [False, True]


@pytest.mark.parametrize(("name", "block"), [("m", "m"), ("\\core.m ", "core.m ")])
def test_loops_write_the_words_that_lines_wrote(name, block):
    lines = "".join(f"    {name}[{index}] = {value};\n" for index, value in WORDS.items())
    before, after = f"  reg [7:0] {name} [9:0];\n", "  always @(posedge clk) begin\n  end\n"
    text = folded(f"{before}  initial begin\n{lines}  end\n{after}")
    label = f"{name[: -len(block)]}contents_of_{block}"
    assert text.startswith(before + f"  initial begin : {label}\n    integer index;\n")
    assert text.endswith("  end\n" + after)
    loops = LOOP.findall(text.replace(name, "m"))
    assert len(loops) == 4
    found = {k: value for a, b, value in loops for k in range(int(a), int(b) + 1)}
    assert found == WORDS


@pytest.mark.parametrize("core", [-1, MAX_CORES])
def test_a_core_has_a_number_that_packets_can_name(core):
    with pytest.raises(ValueError, match=rf"^core must be a whole number in 0\.\.254, not {core}$"):
        chip_verilog(Geometry(), core)


LANES = dict.fromkeys(("lanes", "update_lanes", "trace_lanes", "multipliers"), 2)
SMALL = Geometry(axons=8, neurons=8, entries=8, parameter_sets=2, **LANES)


@pytest.mark.parametrize("flat", [False, True])
def test_all_ports_of_a_shared_core_are_connected(flat):
    """An input that is not would be 0 or anything; what is left out is 1 by its rule."""
    mesh = Mesh(2, 1)
    core, chip = core_verilog(SMALL, mesh, flat), shared_verilog(SMALL, mesh, flat)
    ports = re.search(r"^module axonloop_core\((.*?)\);", core, re.M | re.S)[1]
    used = re.findall(r"^  axonloop_core \S+ +\((.*?)\);", chip, re.M | re.S)
    assert len(used) == mesh.cores
    assert (core.count("endmodule"), chip.count("endmodule")) == (1, 1) or not flat
    for instance in used:
        found = re.findall(r"\.(\w+)\(\S", instance)
        assert {*found, "incoming__ready"} == set(re.findall(r"\w+", ports))


@pytest.fixture(scope="module")
def verilog() -> str:
    return chip_verilog(SMALL)


def test_no_function_is_named_like_a_system_function(verilog):
    """Icarus Verilog 11 took the function `$procmux$4748` for one."""
    functions = re.findall(r"function (?:\[\S+\] )?(\S+);", verilog)
    assert functions
    assert not [name for name in functions if "$" in name]


def test_verilator_finds_no_fault(verilog, tmp_path):
    (tmp_path / "chip.v").write_text(verilog)
    root = find_toolchain().verilator_root
    command = [str(root / "bin" / "verilator_bin"), "--lint-only", "chip.v"]
    environment = os.environ | {"VERILATOR_ROOT": str(root)}
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
