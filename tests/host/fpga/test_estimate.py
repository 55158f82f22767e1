"""Estimates: what is counted of a design, and how far they are from builds that were made."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from axonloop.hdl.boards import find_board
from axonloop.hdl.flow import Cell
from axonloop.host.cli.app import MISTAKE, run
from axonloop.host.fpga import estimate
from tests.support.tiny_chips import TINY

RECORDS = estimate.read_records()
MEMRISTORS = "0b4c844d"
"""The build with memristors, which has more hashes than any other."""


def memory(width: int, words: int, style: str = "", reads: int = 1) -> Cell:
    sizes = {"WIDTH": width, "SIZE": words, "RD_PORTS": reads}
    return Cell("mem_v2", "core.table", sizes, style)


def two_sided(kind: str, left: int, right: int) -> Cell:
    return Cell(kind, "core.x", {"A_WIDTH": left, "B_WIDTH": right})


@pytest.mark.parametrize(
    ("cell", "family", "counted"),
    [
        (memory(8, 16384), "ecp5", {"block RAM": 8}),
        (memory(8, 16384, reads=2), "ecp5", {"block RAM": 16}),
        (memory(33, 256), "gowin", {"block RAM": 1}),
        (memory(33, 256), "ice40", {"block RAM": 3}),
        (memory(33, 32), "ecp5", {"LUT RAM": 18}),
        (memory(33, 32, "block"), "ecp5", {"block RAM": 1}),
        (memory(60, 32), "gowin", {"LUT RAM": 30}),
        (memory(24, 64), "ecp5", {"block RAM": 1}),
        (memory(2, 8), "ice40", {"block RAM": 1}),
        (memory(16, 32768, "huge"), "ice40", {"SPRAM": 2}),
        (two_sided("mul", 8, 9), "ecp5", {"DSP": 1}),
        (two_sided("mul", 2, 9), "ecp5", {"DSP": 1}),
        (two_sided("mul", 1, 9), "ecp5", {"DSP": 0}),
        (two_sided("lt", 8, 9), "ecp5", {"less": 9}),
        (Cell("reduce_or", "x", {"A_WIDTH": 7}), "ecp5", {"reduce": 7}),
        (Cell("sdffe", "x", {"WIDTH": 5}), "ecp5", {"FF": 5}),
        (two_sided("xor", 3, 8), "gowin", {"xor": 8}),
        (Cell("mux", "x", {"WIDTH": 5}), "ecp5", {}),
    ],
)
def test_what_a_cell_becomes(cell: Cell, family: str, counted: dict[str, int]) -> None:
    assert estimate.count_design([cell], family) == counted


def test_errors_are_those_that_the_page_tells() -> None:
    """Of each build on record, by a model of all the others."""
    rows = estimate.errors(RECORDS)
    assert len(rows) >= 10
    for row in rows:
        assert max(abs(row[kind]) for kind in ("LUT", "LUT4", "FF")) < 0.09, row
        assert abs(row["block RAM"]) < 0.07, row
        assert row["DSP"] == 0, row


def test_the_errors_of_a_build_are_those_of_a_model_that_never_saw_it() -> None:
    for row in estimate.errors(RECORDS):
        (own,) = (r for r in RECORDS if (r.board, r.chip) == (row["board"], row["chip"]))
        model = estimate.SizeModel([r for r in RECORDS if r is not own])
        found = estimate.took(model, own.family, own.datapath, own.counts)
        assert row["LUT"] == found["LUT"] / own.took["LUT"] - 1
    whole = estimate.SizeModel(RECORDS)
    (own,) = (r for r in RECORDS if r.chip.endswith(MEMRISTORS))
    seen = estimate.took(whole, own.family, own.datapath, own.counts)["LUT"]
    (row,) = (row for row in estimate.errors(RECORDS) if row["chip"] == own.chip)
    assert abs(row["LUT"]) > abs(seen / own.took["LUT"] - 1)


def test_a_model_returns_a_build_of_which_there_is_no_other() -> None:
    """A family of one build: its factor makes that build exact."""
    (ice,) = [r for r in RECORDS if r.board == "icebreaker"][:1]
    model = estimate.SizeModel([r for r in RECORDS if r.family == "ecp5"] + [ice])
    found = estimate.took(model, "ice40", ice.datapath, ice.counts)
    assert {k: found[k] for k in ("LUT", "LUT4", "FF")} == {
        k: ice.took[k] for k in ("LUT", "LUT4", "FF")
    }
    assert model.band(find_board("icebreaker"), ice.datapath) == (ice.mhz, ice.mhz)


@pytest.mark.parametrize("kind", ["LUT", "LUT4"])
def test_a_round_of_the_hash_is_32_luts(kind: str) -> None:
    """Of its 48 bits of exclusive or; whatever the builds on record take for the rest."""
    model = estimate.SizeModel(RECORDS)
    own = next(record for record in RECORDS if record.family == "ecp5")
    more = own.counts | {"xor": own.counts["xor"] + 100 * 48}
    before, after = (model.logic(kind, "ecp5", own.datapath, each) for each in (own.counts, more))
    assert after - before == 100 * 32


def report(mhz: float) -> dict[str, Any]:
    build = replace(find_board("ulx3s-25f").build, geometry=TINY)
    return {
        "board": "ulx3s-25f",
        "build": build.to_dict(),
        "resources": {"LUT": {"used": 4000}, "FF": {"used": 2000}},
        "counts": {"LUT": 3000},
        "fmax_mhz": mhz,
        "clock_hz": 50e6,
    }


def test_a_report_goes_on_record_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "count_board", lambda board, build: {"FF": build.geometry.axons})
    path = tmp_path / "records.json"
    path.write_text(json.dumps({"builds": [vars(each) for each in RECORDS]}))
    for mhz in (50.0, 60.0):
        estimate.remember(report(mhz), path)
    found = estimate.read_records(path)
    assert found[:-1] == RECORDS
    assert (found[-1].took["LUT"], found[-1].took["LUT4"], found[-1].mhz) == (4000, 3000, 60.0)
    assert found[-1].counts == {"FF": TINY.axons}


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, told = tmp_path / "a.toml", tmp_path / "a.json"
    lanes = "lanes = 2\nupdate_lanes = 2\ntrace_lanes = 2\nmultipliers = 2\n"
    config.write_text(f"[geometry]\naxons = 4\nneurons = 4\nentries = 8\n{lanes}")
    command = ["estimate", "--board", "ulx3s-85f", "--config", str(config), "--json", str(told)]
    assert run(command) == 0
    assert "ticks/s" in capsys.readouterr().out
    found = json.loads(told.read_text())
    assert found["places"]["DSP"] == 12  # of two lanes; a neuron takes three, a trace two
    assert 2000 < found["places"]["LUT4"] < found["places"]["LUT"] < 12_000
    low, high = found["fmax_mhz"]
    assert low < high
    assert run(["estimate", "--errors"]) == 0
    assert "orangecrab-25f" in capsys.readouterr().out
    assert run(["estimate"]) == MISTAKE
    assert "board must be named" in capsys.readouterr().err


def test_a_node_is_not_estimated() -> None:
    board = find_board("ulx3s-85f")
    build = replace(board.build, geometry=TINY, processor=True)
    with pytest.raises(ValueError, match=r"board\.processor must be false in an estimate"):
        estimate.estimate(board, build)
