"""Counts of a chip so small that all of them are known, what they add up to, and the page."""

from __future__ import annotations

import json
from collections import Counter as Tally

import numpy as np
import pytest

from axonloop.hdl.flow import DELIVERIES
from axonloop.host.console import with_section
from axonloop.models.config import Datapath
from axonloop.models.protocol import Kind, header
from axonloop.sim.cosim.verilate import build
from tests.coverage import page, python_figures, rtl_figures
from tests.coverage.designs import DESIGNS, named
from tests.coverage.rtl.chips import ChipDesign
from tests.coverage.rtl.counts import Counts, Totals, module_name, share
from tests.coverage.rtl.covered_chip import COVERED, CoveredChip
from tests.coverage.rtl.pins import Pins
from tests.coverage.rtl.tied import netlist, tied

ECHO = """
module axonloop_chip(clk, rst, commands__payload, commands__valid, commands__ready,
    replies__payload, replies__valid, replies__ready);
  input clk; wire clk;
  input rst; wire rst;
  input [31:0] commands__payload; wire [31:0] commands__payload;
  input commands__valid; wire commands__valid;
  output commands__ready; wire commands__ready;
  output [31:0] replies__payload; wire [31:0] replies__payload;
  output replies__valid; wire replies__valid;
  input replies__ready; wire replies__ready;
  reg [31:0] word = 0;
  reg full = 0;
  reg never;
  wire [3:0] half;
  wire spare;
  assign half = { 2'h0, word[1:0] };
  \\axonloop_chip.lane_1  lane_1 (.given(half), .taken(commands__ready), .full(full));
  assign replies__valid = full;
  assign replies__payload = word;
  always @(posedge clk)
    if (rst) full <= 0;
    else if (!full && commands__valid) begin
      full <= 1;
      word <= commands__payload;
    end else if (replies__ready) full <= 0;
  always @(posedge clk)
    if (word == 32'd5)
      never <= 1'h1;
endmodule
module \\axonloop_chip.lane_1 (given, taken, full);
  input [3:0] given; wire [3:0] given;
  input full; wire full;
  output taken; wire taken;
  wire [3:0] \\given[0].field ;
  assign \\given[0].field = given;
  assign taken = !full;
endmodule
"""
"""A chip that says every word again; bit 0 alone of the words that it hears changes."""
STILL = {
    "axonloop_chip": {"half": {2, 3}, "spare": {0}},
    "axonloop_chip.lane_1": {"given": {2, 3}, "given[0].field": {2, 3}},
}
"""The bits of its named wires that cannot change: what is assigned, and through a port."""


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    """Counts of two runs, merged."""
    counts = Counts()
    library = build(ECHO, harness=COVERED)
    for run in range(2):
        path = tmp_path_factory.mktemp("run") / "counts.dat"
        with CoveredChip(library, run, 1000) as chip:
            words = np.array([header(Kind.TICK, 0, k % 2) for k in range(run * 4 + 2)], np.uint32)
            assert chip.exchange(words, len(words)).tolist() == words.tolist()
            chip.write_counts(path)
        counts.add(path)
    return counts


def signal(counts: Counts, name: str):
    return next(each for each in counts.signals.values() if each.name == name)


@pytest.mark.slow
def test_bits_that_rise_and_fall_are_told_from_the_others(echo):
    word = signal(echo, "word")
    assert word.bits["[0]"] == [4, 2]
    assert word.bits["[28]"] == [2, 0]
    assert word.bits["[5]"] == [0, 0]
    assert signal(echo, "rst").bits[""] == [2, 2], "a pulse in every run"
    assert signal(echo, "given[0].field").module == "axonloop_chip.lane_1"


@pytest.mark.slow  # the first use of Yosys compiles it, for two minutes
def test_what_cannot_move_is_tied():
    found = tied(netlist(ECHO))
    named = {
        name: {w: bits for w, bits in wires.items() if w[0] != "$"} for name, wires in found.items()
    }
    assert named == STILL


def test_what_is_tied_does_not_live(echo):
    assert signal(echo, "half").live(STILL) == [True, False]
    assert signal(echo, "spare").live(STILL) == []


def test_totals_name_what_is_missing(echo):
    totals = Totals()
    totals.add(echo, STILL, ECHO)
    chip, lane = totals.modules["chip"], totals.modules["lane"]
    assert (chip["tied"], chip["signals"] - chip["toggled"]) == (1, 2)
    assert (lane["signals"], lane["toggled"], lane["whole"]) == (4, 4, 2)
    assert totals.missed["chip", "never"] == 1
    assert totals.missed["chip", "never <= 1'h1;"] == 1
    assert totals.missed["chip", "replies__ready"] == 1, "it rose and stayed"
    assert (chip["code"], chip["reached"]) == (9, 8), "without what runs at power-up"
    assert 0.8 < share(chip) < 1 == share(lane)


def test_totals_are_kept_and_joined(echo, tmp_path):
    totals, both = Totals(), Totals()
    totals.add(echo, STILL, ECHO)
    totals.write(tmp_path / "totals.json")
    kept = Totals.read(tmp_path / "totals.json")
    assert kept == totals
    both.join(kept)
    both.join(kept)
    assert both.modules["chip"]["bits"] == 2 * totals.modules["chip"]["bits"] > 0
    assert both.missed["chip", "never"] == 2


def test_lanes_and_cores_are_one_module():
    assert module_name("axonloop_chip") == "chip"
    assert module_name("axonloop_chip.core_3.neurons.lane_11.gains$2") == "core.neurons.lane.gains"
    assert module_name("axonloop_mesh.router_4") == "mesh.router"
    assert module_name("axonloop_top.link.inbox") == "top.link.inbox"


def test_reasons_are_found_by_module_and_name():
    why = rtl_figures.explained(
        [("core.a", "x", 2), ("core.a", "y", 1)], [("core.*", "x", "because"), ("*", "z", "no")]
    )
    assert why == {"because": [("core.a", "x", 2)], rtl_figures.UNEXPLAINED: [("core.a", "y", 1)]}


def test_every_reason_fits_something_that_was_not_reached():
    used = set(rtl_figures.missed(rtl_figures.read())) - {rtl_figures.UNEXPLAINED}
    listed = {why for *_, why in rtl_figures.reasons()}
    assert used == listed, f"{rtl_figures.REASONS} has entries that nothing needs"


def test_the_chips_have_every_option_of_a_build():
    chips = [design for design in DESIGNS if isinstance(design, ChipDesign)]
    geometries = [chip.geometry for chip in chips]
    layouts = {(each.layout.name, each.weight_ports) for each in geometries}
    assert len(layouts) == 4
    assert {each.datapath for each in geometries} == set(Datapath)
    for name in ("terms", "blank_out", "memristor", "mask", "threshold_noise", "convolutions"):
        assert {bool(getattr(each, name)) for each in geometries} == {True, False}, name
    assert {each.memristor for each in geometries} == {0, 1, 2}
    assert any(chip.mesh.cores > 1 for chip in chips)


def test_all_tops_of_the_verilog_are_measured():
    names = {str(design) for design in DESIGNS}
    assert len(names) == len(DESIGNS)
    assert names >= set(DELIVERIES) - {"stream", "serial"}, "those two are the chips and the link"
    assert [str(each) for each in named(["axi-lite", "plain"])] == ["axi-lite", "plain"]
    with pytest.raises(ValueError, match="designs must be of small, .*, not big"):
        named(["big"])


ADDER = """
module axonloop_adder(clk, rst, a, b, sum, flag);
  input clk;
  input rst;
  input [3:0] a;
  input b;
  output [4:0] sum;
  output flag;
  \\axonloop_adder.inner  inner (.a(a), .b(b), .sum(sum));
  assign flag = rst;
endmodule
module \\axonloop_adder.inner (a, b, sum);
  input [3:0] a;
  input b;
  output [4:0] sum;
  assign sum = a + b;
endmodule
"""


def test_a_design_is_driven_at_its_pins(tmp_path):
    pins = Pins(ADDER, "axonloop_adder", 1, silent=r"axonloop_adder\.inner")
    assert pins.given == {"rst": 0, "a": 0, "b": 0}
    for a, b in ((3, 1), (15, 1), (0, 0)):
        pins.given |= {"a": a, "b": b}
        pins.cycle()
        assert pins.told == {"sum": a + b, "flag": 0}
    pins.finish(tmp_path / "counts.dat")
    counts = Counts()
    counts.add(tmp_path / "counts.dat")
    assert signal(counts, "rst").bits[""] == [1, 1], "it is pulsed"
    assert {each.module for each in counts.signals.values()} == {"axonloop_adder"}


def test_figures_of_other_designs_stay(echo, tmp_path, monkeypatch):
    monkeypatch.setattr(rtl_figures, "PATH", tmp_path / "rtl.json")
    totals, empty = Totals(), Totals()
    totals.add(echo, STILL, ECHO)
    rtl_figures.keep("echo", "6 words", totals)
    rtl_figures.keep("other", "nothing", empty)
    rtl_figures.keep("other", "nothing, again", empty)
    kept = rtl_figures.read()
    assert list(kept["designs"]) == ["echo", "other"]
    assert rtl_figures.modules(kept)["lane"] == totals.modules["lane"]
    assert rtl_figures.reached(kept) == share(sum(totals.modules.values(), Tally()))
    told = rtl_figures.section(kept)
    assert "| other | 0 | 100.0 % | nothing, again |" in told
    assert "`chip: never`" in told
    rtl_figures.arrange(["more", "other"])
    assert list(rtl_figures.read()["designs"]) == ["other"]
    assert "Not measured: more." in rtl_figures.section(rtl_figures.read())


def test_the_page_says_what_is_kept():
    text = page.PAGE.read_text()
    for name, path, section in (
        ("soak", page.SOAK, page.soak_section),
        ("proofs", page.PROOFS, page.proofs),
        ("rtl coverage", rtl_figures.PATH, rtl_figures.section),
        ("python coverage", python_figures.PATH, python_figures.section),
    ):
        assert with_section(text, name, section(json.loads(path.read_text()))) == text, name
