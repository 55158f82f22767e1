"""Commands that measure speed."""

from __future__ import annotations

import dataclasses
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from axonloop.host.files import require_writable, write_json

if TYPE_CHECKING:  # NumPy and torch are slow to load
    from axonloop.host.bench import Figure


def bench_core(json_file: Path | None) -> None:
    """Print the table of `bench core`."""
    from axonloop.host.bench import bench_core as measure

    require_writable(json_file)
    console = Console(stderr=True)
    with console.status("") as status:
        figures = measure(lambda what: status.update(f"measuring: {what}"))
    _print_beside_peers(figures, json_file)


def bench_batched(json_file: Path | None) -> None:
    """Print the table of `bench batched`."""
    from axonloop.host.bench import bench_batched as measure

    require_writable(json_file)
    with Console(stderr=True).status("") as status:
        figures = measure(lambda what: status.update(f"measuring: {what}"))
    _print_beside_peers(figures, json_file)


def bench_link(json_file: Path | None) -> None:
    """Print the table of `bench link`."""
    from axonloop.host.bench import bench_link as measure

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
    from axonloop.host.bench import bench_mesh as measure
    from axonloop.host.bench import draw_load
    from axonloop.host.pictures import save

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
        save(draw_load(points), picture)
