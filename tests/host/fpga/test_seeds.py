"""Several seeds of the placer in one build, with tools that are fakes."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from amaranth._unused import MustUse

from axonloop.hdl.boards import find_board
from axonloop.hdl.flow import Tool, nextpnr, run_tool, synthesis
from axonloop.host.cli.app import FAILURE, MISTAKE, run
from axonloop.host.fpga import build_board
from axonloop.host.fpga.history import digest
from tests.support.fake_tools import (
    MODULES,
    UTILISATION,
    write_ecp5_tools,
    write_seeded_nextpnr,
    write_tool,
)

SYNTH = ("synth", "--board", "ulx3s-85f", "--config", "fast.json", "--seeds", "3")
ROUTES_NOT = "print('ERROR: no route')\nsys.exit(1)"
PACKS = "told = Path(sys.argv[sys.argv.index('--input') + 1]).read_text()\n"
PACKS += "Path(sys.argv[-1]).write_text(told)"


@pytest.fixture(autouse=True)
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder, good tools on the PATH, in `bin`, and 50 MHz asked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "fast.json").write_text(json.dumps({"board": {"clock": 50_000_000}}))
    write_ecp5_tools(tmp_path / "bin")
    write_tool(tmp_path / "bin", "ecppack", "ecppack 1.4", PACKS)
    write_seeded_nextpnr(tmp_path / "bin", {1: 70.0, 2: 80.0, 3: 75.0, 4: 90.0})
    monkeypatch.setattr(synthesis.rtlil, "convert", lambda design, **_: MODULES)
    monkeypatch.setattr(MustUse, "_MustUse__silence", True)  # designs that are never elaborated
    yield tmp_path
    gc.collect()


def called(bench: Path, tool: str = "seeds") -> list[str]:
    """The seeds that nextpnr was called with, or the runs of Yosys."""
    return (bench / "bin" / tool).read_text().split()


def whole(bench: Path) -> list[Path]:
    """The builds that are whole, or look so."""
    return [path.parent for path in (bench / "build").glob("*/report.json")]


def report_of(bench: Path) -> dict[str, Any]:
    (folder,) = whole(bench)
    return dict(json.loads((folder / "report.json").read_text()))


def reached(report: dict[str, Any]) -> list[tuple[int, float | str]]:
    """What the report says of every seed."""
    return [(each["seed"], each.get("fmax_mhz", each.get("failure"))) for each in report["seeds"]]


def test_the_best_seed_is_kept_and_all_are_told(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*SYNTH, "--json", "out.json"]) == 0
    report, (folder,) = report_of(bench), whole(bench)
    assert report["fmax_mhz"] == 80.0
    assert report["build"]["seed"] == 2
    assert reached(report) == [(1, 70.0), (2, 80.0), (3, 75.0)]
    assert json.loads((bench / "out.json").read_text()) == report
    assert (folder / "ulx3s-85f.bit").read_text() == "routed with 2"
    assert called(bench) == ["1", "2", "3"]
    assert called(bench, "runs") == ["yosys"], "one synthesis for all seeds"
    logs = {path.name: path.read_text() for path in folder.glob("nextpnr*.log")}
    assert logs == {f"nextpnr-ecp5.{seed}.log": f"seed {seed}\n" for seed in (1, 2, 3)}
    assert not [*folder.glob("*routed*"), *folder.glob("placed*"), *folder.glob("*.il")]
    assert not list((bench / "build").glob("*.seeds"))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["Fmax,", "seed", "3", "75.00", "MHz"] in lines
    assert ["seed", "kept", "2"] in lines


def test_the_progress_names_the_seeds(bench: Path) -> None:
    stages: list[str] = []
    board = find_board("ulx3s-85f")
    build_board(board, board.build, stages.append, seeds=2)
    placing = [f"placement and routing, seed {seed} ({seed}/2)" for seed in (1, 2)]
    assert stages == ["tools", "synthesis", *placing, "bitstream", "report"]


def test_seeds_go_on_from_that_of_the_file(bench: Path) -> None:
    wanted = {"board": {"clock": 50_000_000, "seed": 2}}
    (bench / "fast.json").write_text(json.dumps(wanted))
    assert run([*SYNTH]) == 0
    assert reached(report_of(bench)) == [(2, 80.0), (3, 75.0), (4, 90.0)]


def test_the_number_of_seeds_makes_another_build(bench: Path) -> None:
    for number in ("3", "2", "3", "1"):
        assert run([*SYNTH[:-1], number]) == 0
    assert len(whole(bench)) == 3
    assert called(bench) == ["1", "2", "3", "1", "2", "1"]


def test_the_best_seed_alone_is_the_same_build_in_the_history(bench: Path) -> None:
    assert run([*SYNTH, "--json", "many.json"]) == 0
    (bench / "fast.json").write_text(json.dumps({"board": {"clock": 50_000_000, "seed": 2}}))
    assert run([*SYNTH[:-2], "--json", "one.json"]) == 0
    many, one = (json.loads((bench / f"{name}.json").read_text()) for name in ("many", "one"))
    assert digest(many) == digest(one)
    assert many["build"] == one["build"]
    assert reached(one) == [(2, 80.0)]


def test_a_seed_that_fails_does_not_lose_the_others(bench: Path) -> None:
    write_seeded_nextpnr(bench / "bin", {1: 70.0, 2: ROUTES_NOT, 3: 75.0})
    assert run([*SYNTH]) == 0
    told = reached(report_of(bench))
    assert told[::2] == [(1, 70.0), (3, 75.0)]
    assert "nextpnr-ecp5 must succeed, not exit 1: ERROR: no route" in str(told[1])
    (folder,) = whole(bench)
    assert (folder / "nextpnr-ecp5.2.log").read_text() == "ERROR: no route\n"


def test_no_seed_that_routes_is_an_error_with_all_logs(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_seeded_nextpnr(bench / "bin", dict.fromkeys((1, 2, 3), ROUTES_NOT))
    assert run([*SYNTH]) == FAILURE
    line = capsys.readouterr().err.splitlines()[-1]
    assert "ERROR: no route; logs in build/" in line
    (logs,) = (bench / "build").glob("*.logs")
    assert {path.name for path in logs.iterdir()} == {
        "yosys.log",
        *(f"nextpnr-ecp5.{seed}.log" for seed in (1, 2, 3)),
    }
    assert not whole(bench)
    assert not list((bench / "build").glob("*.seeds"))


def test_what_does_not_fit_is_tried_once(bench: Path) -> None:
    body = f"print({UTILISATION!r})\nsys.exit(255)"
    write_seeded_nextpnr(bench / "bin", dict.fromkeys((1, 2, 3), body))
    assert run([*SYNTH]) == FAILURE
    assert called(bench) == ["1"]


def test_an_interrupted_build_goes_on_with_the_seed_that_it_was_at(
    bench: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(tool: Tool, arguments: Sequence[str], folder: Path) -> str:
        if arguments[-4:-2] == ["2", "--freq"]:
            raise KeyboardInterrupt
        return run_tool(tool, arguments, folder)

    with monkeypatch.context() as patch:
        patch.setattr(nextpnr, "run_tool", interrupted)
        assert run([*SYNTH]) == 130
    assert not whole(bench)
    assert not list((bench / "build").glob("**/*.bit"))
    assert run([*SYNTH]) == 0
    assert called(bench) == ["1", "2", "3"]
    assert called(bench, "runs") == ["yosys"]
    assert reached(report_of(bench)) == [(1, 70.0), (2, 80.0), (3, 75.0)]
    assert report_of(bench)["slowest_path"][0]["module"] == "neurons"


@pytest.mark.parametrize("number", ["0", "-1", "65"])
def test_a_wrong_number_of_seeds(
    number: str, bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*SYNTH[:-1], number]) == MISTAKE
    line = capsys.readouterr().err.splitlines()[-1]
    assert line == f"error: seeds must be a whole number in 1..64, not {number}"
    assert not (bench / "build").exists()


def test_seeds_end_with_the_last_one(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = {"board": {"clock": 50_000_000, "seed": 2**31 - 2}}
    (bench / "fast.json").write_text(json.dumps(wanted))
    assert run([*SYNTH]) == MISTAKE
    assert "seeds must be a whole number in 1..2, not 3" in capsys.readouterr().err
