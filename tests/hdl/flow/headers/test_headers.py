"""The headers for other languages say what the contract's page says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from axonloop.hdl.bus import BusRegister, Interrupt
from axonloop.hdl.flow.headers import (
    bus_sections,
    bus_systemrdl,
    c_header,
    python_header,
    sections,
    systemrdl,
)
from axonloop.hdl.flow.headers.constants import Constant, Section
from axonloop.models.config import Geometry, Mesh
from axonloop.models.protocol import FANOUT_FIELDS, Control, Region, header, region_words
from axonloop.sim.build.toolchain import find_compiler
from tests.support.contract import table

GEOMETRY = Geometry()
SECTIONS = sections(GEOMETRY, Mesh(2, 2))
PROGRAM = """\
#include <stdio.h>
#include "chip.h"
int main(void) {
    printf("%u %u %u", AXONLOOP_HEADER(AXONLOOP_KIND_READ, 3, 5),
           AXONLOOP_ADDRESS(AXONLOOP_REGION_WEIGHT, AXONLOOP_WEIGHT_STRIDE), AXONLOOP_COLUMNS);
    return 0;
}
"""


@pytest.fixture
def names() -> dict[str, int]:
    found: dict[str, int] = {}
    exec(python_header(SECTIONS, "A chip."), found)
    return found


def test_the_python_header_agrees_with_the_contract(names: dict[str, int]) -> None:
    told = {}
    for regions, codes, *_ in table("region", "code"):
        told |= dict(zip(regions.split(", "), codes.split(", "), strict=False))
    built = {region.name for region in region_words(GEOMETRY)}
    assert {name: names[f"REGION_{name}"] for name in built} == {
        name: int(told[name], 16) for name in built
    }
    counters = {names[f"COUNTER_{name.upper()}"]: name for _, name, _ in table("n", "name")}
    assert counters == {int(n): name for n, name, _ in table("n", "name")}
    assert names["CONTROL_TICK"] == Control.TICK
    assert (names["COLUMNS"], names["ROWS"], names["AXONS"]) == (2, 2, 256)


def test_the_python_header_says_what_a_constant_is_where_there_is_something_to_say() -> None:
    known = Section("Some numbers", (Constant("ONE", 1, "the first"), Constant("TEN", 10)))
    lines = python_header([known], "A chip.").splitlines()
    assert lines == ['"""A chip."""', "", "# Some numbers", "ONE = 0x1  # the first", "TEN = 0xa"]


def test_descriptor_fields_agree_with_the_contract(names: dict[str, int]) -> None:
    words = {row[0]: row[3] for row in table("region", "code")}
    for region in ("ROW", "GROUP", "FANOUT", "ENTRY"):
        for name, high, low in re.findall(r"(\w+) (\d+)(?:\.\.(\d+))?", words[region]):
            lowest = int(low or high)
            assert names[f"{region}_{name.upper()}_LOW"] == lowest
            assert names[f"{region}_{name.upper()}_WIDTH"] == int(high) - lowest + 1
    assert names["FANOUT_COUNT_LOW"] == FANOUT_FIELDS["count"].low


def test_a_c_program_makes_the_words_of_the_models(tmp_path: Path) -> None:
    (tmp_path / "chip.h").write_text(c_header(SECTIONS, "A chip."))
    (tmp_path / "main.c").write_text(PROGRAM)
    compiler, _ = find_compiler()
    strict = ("-Wall", "-Wextra", "-Werror", "-pedantic")
    command = [compiler, "-x", "c", "-std=c99", *strict, "main.c", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    told = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    assert told == f"{header(7, 3, 5)} {Region.WEIGHT << 24 | 64} 2"


def test_systemrdl_has_every_region_where_the_words_lie() -> None:
    """The byte address of a word is four times its address in a packet."""
    text = systemrdl(GEOMETRY, "A chip.")
    places = {name: int(at, 16) for name, at in re.findall(r"\} (\w+)(?:\[\d+\])? @ (0x\w+)", text)}
    for region in region_words(GEOMETRY):
        name = "MAGIC" if region is Region.CONTROL else region.name
        assert places[name] == 4 * (region << 24)
    assert places["COUNTER_TICKS_HIGH"] == 4 * 33
    assert "external mem { mementries = 256; memwidth = 32; sw = r; } GATED" in text
    assert "field { sw = rw; hw = rw; } groups[23:12];" in text
    assert text.count("{") == text.count("}")


def test_registers_on_a_bus() -> None:
    names: dict[str, int] = {}
    exec(python_header(bus_sections(), "A chip."), names)
    text = bus_systemrdl()
    for register in BusRegister:
        assert names[f"BUS_{register.name}"] == 4 * register
        assert f"}} {register.name} @ {4 * register:#x};" in text
    assert names["INTERRUPT_REFUSED"] == 1 << Interrupt.REFUSED
    pending = next(line for line in text.splitlines() if "PENDING" in line)
    assert pending.count("sw = r;") == 2
    assert "sw = rw; onwrite = woclr" in pending
