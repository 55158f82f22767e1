"""The Verilog that others get: three tools take it without a word, and its head tells the truth."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import pytest

from axonloop.hdl.boards import BOARDS, Build
from axonloop.hdl.flow import DELIVERIES, WAIVERS, header_files, verilog_files
from axonloop.hdl.flow.portable import (
    _CHOICE,
    _sum_of_products,
    _with_own_instances,
    _with_plain_names,
)
from axonloop.models.config import ConvolutionGeometry, Geometry, Mesh
from tests.support.outside.verilog_tools import icarus, lint, yosys

LANES = dict.fromkeys(("lanes", "update_lanes", "trace_lanes", "multipliers"), 2)
TINY = Geometry(axons=8, neurons=8, entries=8, parameter_sets=2, **LANES)
CONVOLUTIONS = ConvolutionGeometry(
    **asdict(replace(TINY, lanes=4, multipliers=2, neurons=12, terms=2, threshold_noise=1)),
    convolutions=2,
    kernel_rows=6,
    kernel_columns=4,
)
FAR = ConvolutionGeometry(
    **asdict(TINY) | {"neurons": 4096, "parameter_sets": 1}, kernel_rows=2100, kernel_columns=2
)
BUILDS = {
    "mesh": Build(TINY, Mesh(2, 1)),
    "analogue": Build(
        replace(TINY, terms=2, blank_out=1, memristor=2, mask=1, threshold_noise=1), Mesh(1, 2)
    ),
    "convolutions": Build(CONVOLUTIONS, Mesh(2, 1)),
    "far convolutions": Build(FAR),
    "serial core": Build(replace(BOARDS["icebreaker"].build.geometry, axons=64, neurons=32)),
}
QUICK = [("mesh", "stream"), ("serial core", "serial")]
CASES = [
    pytest.param(name, top, marks=[pytest.mark.slow] * ((name, top) not in QUICK))
    for name in BUILDS
    for top in DELIVERIES
]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """The folder with the Verilog of a build and a top, written when it is first asked for."""

    @cache
    def write(name: str, top: str) -> Path:
        folder = tmp_path_factory.mktemp("verilog")
        for file, text in verilog_files(BUILDS[name], top, DELIVERIES[top].module).items():
            (folder / file).write_text(text)
        return folder

    return write


@pytest.mark.parametrize(("name", "top"), CASES)
def test_no_tool_complains(name: str, top: str, written: Callable[[str, str], Path]) -> None:
    folder, module = written(name, top), DELIVERIES[top].module
    assert lint(folder, f"{module}.vlt", f"{module}.v") == ""


@pytest.mark.parametrize(("name", "top"), CASES)
def test_icarus_elaborates(name: str, top: str, written: Callable[[str, str], Path]) -> None:
    assert icarus(written(name, top), f"{DELIVERIES[top].module}.v") == ""


@pytest.mark.slow  # the first use of Yosys compiles it, for two minutes
@pytest.mark.parametrize(("name", "top"), CASES)
def test_yosys_reads_all(name: str, top: str, written: Callable[[str, str], Path]) -> None:
    module = DELIVERIES[top].module
    assert yosys(written(name, top), module, f"{module}.v") == []


def test_every_waiver_is_needed_and_has_a_reason(written: Callable[[str, str], Path]) -> None:
    """Without them, Verilator finds these rules broken in the mesh, and no others."""
    folder = written("mesh", "stream")
    (folder / "other.v").write_text((folder / "axonloop_chip.v").read_text())
    found = re.findall(r"^%Warning-(\w+)", lint(folder, "other.v"), re.MULTILINE)
    assert set(found) == set(WAIVERS)
    assert all(WAIVERS.values())


def test_the_head_names_every_port_and_parameter(written: Callable[[str, str], Path]) -> None:
    for name, top in QUICK:
        text = (written(name, top) / f"{DELIVERIES[top].module}.v").read_text()
        head, _, rest = text.partition("\n\n")
        ports = re.search(r"module \w+\(([^)]*)\)", rest)[1].split(", ")
        told = re.findall(r"^//   (?:in|out)put +(\d+)  (\w+) +\S", head, re.MULTILINE)
        assert sorted(ports) == sorted(port for _, port in told)
        assert f"//   axons {BUILDS[name].geometry.axons}\n" in head
        assert f"//   mesh {BUILDS[name].mesh}\n" in head
    assert (
        "input   32  commands__payload"
        in written("mesh", "stream").joinpath("axonloop_chip.v").read_text()
    )


def test_the_same_build_gives_the_same_texts() -> None:
    build = BUILDS["serial core"]
    first, second = (verilog_files(build, "stream", "chip") for _ in range(2))
    assert first == second


def test_the_headers_beside_it() -> None:
    assert header_files(BUILDS["mesh"], "stream", "chip").keys() == {
        "chip.h",
        "chip_map.py",
        "chip.rdl",
        "chip.core",
    }


@pytest.mark.parametrize("top", ["stream", "wishbone"])
def test_the_headers_name_the_registers_of_a_bus_where_there_is_one(top: str) -> None:
    files = header_files(BUILDS["mesh"], top, "chip")
    for name, part in (("chip.h", "AXONLOOP_BUS_"), ("chip_map.py", "BUS_"), ("chip.rdl", "_bus")):
        assert (part in files[name]) == (top == "wishbone")


def test_the_core_file_names_module_and_files() -> None:
    text = header_files(BUILDS["mesh"], "stream", "chip")["chip.core"]
    assert text.startswith("CAPI=2:\nname: axonloop:neuromorphic:axonloop_chip:")
    assert "      - chip.v: {file_type: verilogSource-2005}\n" in text
    assert "      - chip.vlt: {file_type: vlt}\n" in text
    assert "    toplevel: axonloop_chip\n" in text


def test_weights_have_no_first_contents(written: Callable[[str, str], Path]) -> None:
    """They are written before they are read; all other memories begin with 0."""
    text = (written("mesh", "stream") / "axonloop_chip.v").read_text()
    modules = dict(re.findall(r"^module (\w+)\(.*?\);(.*?)^endmodule", text, re.M | re.S))
    banks = {name: body for name, body in modules.items() if name.endswith("weights")}
    assert len(banks) == 2
    assert all(re.search(r"reg \[\d+:0\] \w+ \[", body) for body in banks.values())
    with_contents = {name for name, body in modules.items() if "place_of_word" in body}
    assert with_contents
    assert not with_contents & set(banks)


def test_a_choice_becomes_a_sum() -> None:
    lines = (
        "    casez (s) // synopsys parallel_case\n"
        "      2'b?1:\n        _1_ = b[3:0];\n      2'b1?:\n        _1_ = b[7:4];\n"
        "      default:\n        _1_ = a;\n    endcase\n"
    )
    found = _CHOICE.sub(_sum_of_products, lines)
    wanted = "_1_ = |s ? (({4{s[0]}} & b[3:0]) | ({4{s[1]}} & b[7:4])) : a;"
    assert " ".join(found.split()) == wanted


def test_plain_names_do_not_meet() -> None:
    text = "wire a_1; wire \\a$1 ; wire \\a.1 ; wire \\reg ; assign \\a.1  = \\a$1 ;"
    found = _with_plain_names(text)
    assert found == "wire a_1; wire a_1_2; wire a_1_3; wire reg_; assign a_1_3 = a_1_2;"


def test_no_signal_is_named_like_the_instance_around_it() -> None:
    """Verilator's VARHIDDEN; an instance of the same name elsewhere stays."""
    inner = "module {}(a);\n  input [3:0] a;\n  reg {};\nendmodule\n"
    outer = (
        "module top(a);\n  one mark (\n    .a(a)\n  );\n  two mark (\n    .a(a)\n  );\nendmodule\n"
    )
    text = inner.format("one", "mark") + inner.format("two", "other") + outer
    assert _with_own_instances(text) == text.replace("one mark (", "one mark_inside (")


def test_a_node_is_refused() -> None:
    with pytest.raises(ValueError, match=r"board\.processor must be false in Verilog to deliver"):
        verilog_files(Build(TINY, processor=True), "stream", "chip")


def test_an_unknown_top_is_refused() -> None:
    with pytest.raises(ValueError, match="top must be one of stream, serial.*, not 'vhdl'"):
        verilog_files(BUILDS["mesh"], "vhdl", "chip")
