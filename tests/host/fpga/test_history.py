"""What builds cost: counts by module, the cost model, history and budget, the study of areas."""

from __future__ import annotations

import copy
import gc
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from amaranth._unused import MustUse

from axonloop.hdl.boards import BOARDS
from axonloop.hdl.flow import synthesis
from axonloop.host.cli.app import FAILURE, MISTAKE, run
from axonloop.host.console import markdown
from axonloop.host.fpga import history as quality
from axonloop.host.fpga import utilisation
from axonloop.host.studies import area
from axonloop.models.config import Geometry
from axonloop.models.cycles import learn_cycles, speed, tick_cycles
from tests.support.contract import DOCS
from tests.support.fake_tools import MODULES, UTILISATION, timing, write_ecp5_tools, write_tool

PATHS = utilisation.module_paths(MODULES, "axonloop_board")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty git repository with a folder docs, and good tools on the PATH."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    (tmp_path / "docs").mkdir()
    write_ecp5_tools(tmp_path / "bin")
    monkeypatch.setattr(synthesis.rtlil, "convert", lambda design, **_: MODULES)
    monkeypatch.setattr(MustUse, "_MustUse__silence", True)  # designs that are never elaborated
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for command in (["init", "-q"], [*who, "commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *command], check=True)
    yield tmp_path
    gc.collect()


@pytest.mark.parametrize(
    ("cell", "module"),
    [
        ("top.chip.core.neurons.lane_0.v_LUT4_Z", "neurons"),
        ("top.chip.core.state_LUT4_Z", "core"),
        ("top.link.inbox.memory.0.0", "link"),
        ("top.tx_LUT4", "board"),
        ("beat_TRELLIS_FF_Q", "board"),
        ("$abc$1", "board"),
    ],
)
def test_the_module_of_a_cell(cell: str, module: str) -> None:
    assert utilisation.module_of(cell, PATHS) == module


def test_cores_of_a_mesh_count_together() -> None:
    paths = {("top",), ("top", "chip", "core_3"), ("top", "chip", "core_3", "neurons")}
    assert utilisation.module_of("top.chip.core_3.neurons.v", paths) == "neurons"


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("SB_DFFESR", "FF"),
        ("SB_RAM40_4KNRNW", "block RAM"),
        ("DPX9B", "block RAM"),
        ("SDPB", "block RAM"),
        ("SB_MAC16", "DSP"),
        ("MULT9X9", "DSP"),
        ("RAM16SDP4", "LUT RAM"),
        ("LUT2", "LUT"),
        ("MUX2_LUT5", None),
        ("EHXPLLL", None),
    ],
)
def test_the_kind_of_a_cell(cell: str, kind: str | None) -> None:
    assert utilisation.kind_of(cell) == kind


def test_the_cost_model() -> None:
    geometry = Geometry()
    scan = 32 // 4  # of 32 blocks, four in a cycle; the blocks of traces hide behind the rest
    assert tick_cycles(geometry, 0) == 32 + 5 + 20
    assert tick_cycles(geometry, 256) == 256 * 16 + scan + 16 + 5 + 20
    assert learn_cycles(geometry, 10) == 10 * 16 + 35
    rates = speed(geometry, 1e6)
    assert rates["peak_synops_per_s"] == 16e6
    assert 0.95 * 16e6 < rates["dense_synops_per_s"] < 16e6


@pytest.fixture
def report() -> dict[str, Any]:
    board = BOARDS["ulx3s-85f"]
    used = {"LUT": 1000, "FF": 500, "block RAM": 30, "DSP": 16}
    return {
        "board": board.name,
        "build": board.build.to_dict(),
        "resources": {kind: {"used": n, "there": 10**5} for kind, n in used.items()},
        "counts": {"LUT": 800, "FF": 500},
        "fmax_mhz": 60.0,
        "clock_hz": 50_000_000,
    }


def test_history_keeps_lines_and_repeats_none(bench: Path, report: dict[str, Any]) -> None:
    path = bench / "history.csv"
    first = quality.record(report, path)
    assert quality.record(report, path) == first
    slower = report | {"fmax_mhz": 55.0}
    quality.record(slower, path)
    rows = quality.read_history(path)
    assert [row["MHz"] for row in rows] == ["60.0", "55.0"]
    assert (rows[0]["LUT"], rows[0]["LUT4"], rows[0]["SPRAM"]) == ("1000", "800", "0")
    assert rows[0]["chip"] == "1x1 of 256x256x8 bit; 32 lanes"
    path.write_text("a,b\n")
    with pytest.raises(ValueError, match=r"history.csv must be a table of commit, board, "):
        quality.read_history(path)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("LUT", 1020, None),
        ("LUT", 1021, "LUT must be at most 1020, not 1021 (abc)"),
        ("block RAM", 31, "block RAM must be at most 30, not 31 (abc)"),
        ("DSP", 15, None),
        ("MHz", 55.2, None),
        ("MHz", 55.1, "Fmax must be at least 55.2 MHz, not 55.1 (abc)"),
    ],
)
def test_budget(report: dict[str, Any], kind: str, value: float, message: str | None) -> None:
    rows = [quality.row_of(report, "abc")]
    now = copy.deepcopy(report)
    if kind == "MHz":
        now["fmax_mhz"] = value
    else:
        now["resources"][kind]["used"] = value
    assert quality.regressions(now, rows) == ([message] if message else [])


def test_a_build_that_was_never_recorded_has_no_budget(report: dict[str, Any]) -> None:
    rows = [quality.row_of(report, "abc")]
    other = report | {"build": report["build"] | {"clock": 70_000_000}}
    advice = r"must be recorded \(axonloop synth --board ulx3s-85f --record\), not 'new'"
    with pytest.raises(ValueError, match=advice):
        quality.regressions(other, rows)


def test_a_new_option_breaks_no_history(report: dict[str, Any]) -> None:
    """A report from before an option was there, and one of today where it is at its default."""
    older = copy.deepcopy(report)
    del older["build"]["geometry"]["pq_bits"]
    assert quality.digest(older) == quality.digest(report)
    for part, name in ((older["build"]["geometry"], "lanes"), (older["build"], "seed")):
        part[name] += 1
        assert quality.digest(older) != quality.digest(report)
        part[name] -= 1


def test_builds_with_convolutions_have_lines_of_their_own(report: dict[str, Any]) -> None:
    """Their geometry has fields that the usual one has not."""
    with_kernels, larger = copy.deepcopy(report), copy.deepcopy(report)
    with_kernels["build"]["geometry"]["convolutions"] = 1
    larger["build"]["geometry"]["convolutions"] = 2
    assert len({quality.digest(each) for each in (report, with_kernels, larger)}) == 3


def test_budget_command(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["budget", "--board", "ulx3s-85f"]
    assert run(arguments) == MISTAKE
    assert run(["synth", "--board", "ulx3s-85f", "--record"]) == 0
    assert run(arguments) == 0
    assert "ulx3s-85f: within its budget" in capsys.readouterr().err
    write_ecp5_tools(bench / "bin", mhz=60.0)
    write_tool(bench / "bin", "ecppack", "ecppack 2", "Path(sys.argv[-1]).write_text('bits')")
    assert run(arguments) == FAILURE
    told = capsys.readouterr().err
    assert "ulx3s-85f: Fmax must be at least 73.6 MHz, not 60.0" in told
    assert "error: 1 figures are worse than in docs/synthesis.csv" in told


def test_a_commit_with_changes_is_marked_but_not_for_the_history(bench: Path) -> None:
    files = [bench / quality.HISTORY, bench / "source"]
    for file in files:
        file.write_text("as it was")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "add", *files], check=True)
    subprocess.run(["git", *who, "commit", "-q", "-m", "y"], check=True)
    clean = quality.present_commit()
    files[0].write_text("longer")
    assert quality.present_commit() == clean
    files[1].write_text("changed")
    assert quality.present_commit() == f"{clean}+"


def test_what_nextpnr_names_no_place_for_is_counted_as_cells(report: dict[str, Any]) -> None:
    del report["resources"]["DSP"]
    report["counts"]["DSP"] = 9
    assert quality.row_of(report, "")["DSP"] == "9"


def test_recording_needs_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="history must be written in a git repository"):
        quality.present_commit()


def test_the_points_of_the_study_are_of_one_board() -> None:
    board = BOARDS["ulx3s-85f"]
    builds = area.points(board, full=True)
    lanes = [build.geometry.lanes for build in builds.values()]
    assert lanes == [4, 8, 16, 32, *[8] * 4, 64, *[8] * 3]
    assert len(set(builds.values())) == len(builds)
    sizes = {(build.geometry.axons, build.geometry.neurons) for build in builds.values()}
    assert sizes == {(256, 256), (64, 64), (128, 128), (512, 256), (512, 512)}
    assert list(area.points(board)) == list(builds)[:6]
    assert repr(builds["32 lanes"]) == repr(board.build), "one build, one entry in build/"


def test_the_front() -> None:
    costs = {"small": (10, 1.0), "big": (20, 3.0), "worse": (20, 2.0), "waste": (30, 3.0)}
    rows: list[dict[str, Any]] = [
        {"name": name, "used": {"LUT": lut}, "dense_synops_per_s": rate}
        for name, (lut, rate) in costs.items()
    ]
    rows.append({"name": "too big", "misfit": "LUT"})
    assert [row["name"] for row in rows if area.on_front(row, rows)] == ["small", "big"]


def test_a_point_that_does_not_fit_says_so_in_the_table() -> None:
    rows = [{"name": "big", "misfit": "DSP: 200 needed, 156 there", "front": False}]
    head, rule, row = markdown(area.COLUMNS, rows).splitlines()
    assert row.startswith("| big | DSP: 200 needed, 156 there |  | ")
    assert head.count("|") == rule.count("|") == row.count("|")


def test_study_area_goes_on(
    bench: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second point does not fit; the third one fails at first, and only it is built again."""
    monkeypatch.setattr(area, "LANES", (4, 8, 16))
    monkeypatch.setattr(area, "REST", {})
    runs = bench / "bin" / "placed"
    body = (
        f"runs = Path({str(runs)!r})\nruns.open('a').write('x')\n"
        "done = len(runs.read_text())\n"
        f"if done == 2:\n    print({UTILISATION!r})\n    sys.exit(1)\n"
        "if done == 3:\n    sys.exit('killed')\n"
        f"Path('timing.json').write_text({json.dumps(timing())!r})\n"
        "Path('routed.txt').write_text('routed')"
    )
    write_tool(bench / "bin", "nextpnr-ecp5", "nextpnr-0.11", body)
    out = bench / "study"
    assert run(["study", "area", "--out", str(out)]) == FAILURE
    assert not out.exists()
    capsys.readouterr()
    assert run(["study", "area", "--out", str(out)]) == 0
    rows = json.loads((out / "area.json").read_text())["rows"]
    assert len(runs.read_text()) == 5
    assert [row.get("front") for row in rows] == [False, False, True]
    assert (out / "area.png").read_bytes().startswith(b"\x89PNG")
    page = (out / "area.md").read_text()
    assert "--board ulx3s-85f --out docs\n" in page
    assert "(area.png)" in page
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(rows)
    assert table[2].startswith("| 4 lanes | 3 | 1 | 2 | 1 | 0 | 80.0 | 320 | ")
    before = (out / "area.json").read_bytes()
    runs.write_text("x" * 2)  # the next build fails
    monkeypatch.setattr(area, "LANES", (32,))
    assert run(["study", "area", "--out", str(out)]) == FAILURE
    assert (out / "area.json").read_bytes() == before, "good results are not written over"


def test_the_page_of_areas_is_made_of_the_metrics_beside_it() -> None:
    metrics = json.loads((DOCS / "area.json").read_text())
    assert area.page_of(metrics) == (DOCS / "area.md").read_text()


def test_a_row_names_the_node() -> None:
    build = BOARDS["ulx3s-25f"].build
    rest = {"resources": {}, "counts": {"LUT": 1}, "fmax_mhz": 1, "clock_hz": 1}
    plain, noded = (
        {"board": "ulx3s-25f", "build": each.to_dict(), **rest}
        for each in (build, replace(build, processor=True))
    )
    assert quality.row_of(noded, "")["chip"].endswith("; 4 lanes; node of 256x16; 16 lanes")
    assert quality.row_of(plain, "")["chip"].endswith("; 4 lanes")
    assert quality.digest(plain) == "ba6f99b5"
    assert quality.digest(noded) != quality.digest(plain)


def test_lines_of_the_history_are_of_what_was_usual_when_they_were_written() -> None:
    """A digest leaves out what is usual, as the placer's seed 1: so that must stay as it is."""
    usual = {"clock": 12_000_000, "baud": 1_000_000, "seed": 1, "processor": False}
    usual |= {"command_depth": 1024, "reply_depth": 1024}
    board = BOARDS["ulx3s-25f"]
    told = {name: value for name, value in board.build.to_dict().items() if name not in usual}
    build = told | usual | {"clock": board.build.clock}
    assert quality.digest({"board": board.name, "build": build}) == "ba6f99b5"
