"""The bitstream of a board and a build, with a report, cached by content in build/."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from axonloop.hdl.boards import Board, Build
from axonloop.hdl.flow import BITSTREAMS, TOOLS, ToolError, find_tool
from axonloop.host.console import progress_bars, steps
from axonloop.host.files import read_json
from axonloop.host.fpga.making import REPORT, BuildOrder, Stage, make_files
from axonloop.host.fpga.seeds import seeds_from
from axonloop.sim.build import content_key, entry_in
from axonloop.sim.cosim import sources_key

BUILDS = Path("build")


class TimingError(RuntimeError):
    """A build is whole, but slower than its clock; the message has both."""


def gateware_key() -> str:
    """Changes with every source that decides about a bitstream or its report."""
    parts: list[str | bytes] = [sources_key()]
    for name in ("builds.py", "making.py", "seeds.py", "utilisation.py"):
        parts += [name, Path(__file__).with_name(name).read_bytes()]
    return content_key(*parts)


def build_board(
    board: Board, build: Build, stage: Stage, builds: Path = BUILDS, seeds: int = 1
) -> Path:
    """The folder of a build, made now or found; bitstream, report.json, picture, logs.

    With `seeds` the placer tries so many, from the build's own on, and the best is kept. What is
    done of several stays in `builds`/KEY.seeds where the build is interrupted, and the same call
    goes on from there.
    A build that misses its clock is kept like any other: see `require_timing`. Raises ToolError
    for a tool that is missing or fails, DoesNotFitError where the FPGA is too small, ValueError
    for a clock that the board cannot make or a wrong number of seeds, BuildError where the disk is
    full. The message of a tool that failed names the folder of the logs, `builds`/KEY.logs.
    """
    tried = seeds_from(build.seed, seeds)
    stage("tools")
    tools = {name: find_tool(name) for name in TOOLS[board.family]}
    order = BuildOrder(board, build, tried, tools, _verilog(build), gateware_key())
    versions = {name: tool.version for name, tool in tools.items()}
    parts = (repr(board), repr(build), repr(tried), repr(versions), order.verilog)
    key = content_key(order.gateware, *parts)
    logs, kept = builds / f"{key}.logs", builds / f"{key}.seeds"

    def make(folder: Path) -> None:
        shutil.rmtree(logs, ignore_errors=True)
        work = folder if seeds == 1 else kept
        work.mkdir(exist_ok=True)
        try:
            _make(order, stage, work, folder, logs)
        except Exception:
            shutil.rmtree(kept, ignore_errors=True)
            raise
        shutil.rmtree(kept, ignore_errors=True)

    return entry_in(builds, key, make, "work in another folder")


def _make(order: BuildOrder, stage: Stage, work: Path, folder: Path, logs: Path) -> None:
    """Fill the folder of a build; where a tool fails, its words go to `logs`."""
    try:
        make_files(order, stage, work, folder)
    except ToolError as error:
        for made in (work, folder):
            shutil.copytree(made, logs, ignore=_no_log, dirs_exist_ok=True)
        raise type(error)(f"{error}; logs in {logs}") from error


def _no_log(folder: str, names: list[str]) -> list[str]:
    """The files that are not kept of a build that failed."""
    return [name for name in names if not name.endswith(".log")]


def _verilog(build: Build) -> str:
    """What a build is made of that is no Amaranth: the processor of its node, if it has one."""
    from axonloop.hdl.processing import processor_source

    if not (build.processor and build.node.program):
        return ""
    try:
        return processor_source()
    except ImportError as error:
        raise ToolError(str(error)) from error


def read_report(folder: Path) -> dict[str, Any]:
    """The report of a build."""
    return read_json(folder / REPORT)


def bitstream_of(board: Board, folder: Path) -> Path:
    """The bitstream in the folder of a build."""
    return folder / f"{board.name}.{BITSTREAMS[board.family]}"


def require_timing(report: dict[str, Any], folder: Path) -> None:
    """TimingError if the build missed its clock."""
    if report["slack_ns"] < 0:
        raise TimingError(
            f"clock must be met after routing, not missed by {-report['slack_ns']:.2f} ns: "
            f"{report['clock_hz'] / 1e6:.2f} MHz asked, {report['fmax_mhz']:.2f} MHz reached; "
            f"see {folder / REPORT}"
        )


def build_and_tell(board: Board, build: Build, seeds: int = 1) -> tuple[Path, dict[str, Any]]:
    """Build, with a line per step."""
    with progress_bars() as progress:
        folder = build_board(board, build, steps(progress, board.name), seeds=seeds)
    return folder, read_report(folder)
