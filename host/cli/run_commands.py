"""The commands that look at runs; the work is imported when one of them runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from axonloop.host.cli.options import Json

run_commands = typer.Typer()


@run_commands.command("eval")
def evaluate(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    device: Annotated[str, typer.Option(help="rtl, golden, batched, serial:PORT.")] = "golden",
    seconds: Annotated[
        float | None, typer.Option(help="Leave its memristors alone for so long before.")
    ] = None,
    celsius: Annotated[float, typer.Option(help="The temperature meanwhile.")] = 25.0,
    json: Json = None,
) -> None:
    """Score the network in a run's last checkpoint, also after its memristors have aged."""
    from axonloop.host.cli import train as commands

    commands.score(run, device, json, seconds, celsius)


@run_commands.command()
def runs(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Run folders, or folders of them [runs].")
    ] = None,
    json: Json = None,
) -> None:
    """List runs: what each trains, how far it is, whether it goes on, and how it did."""
    from axonloop.host.cli import report as reporting

    reporting.runs(folders, json)


@run_commands.command(no_args_is_help=True)
def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders; several are compared.")],
    out: Annotated[
        Path | None, typer.Option(help="The page [RUN/report.html; comparison.html].")
    ] = None,
) -> None:
    """Write a page of a run, or one that compares several: curves, rasters, weights, settings."""
    from axonloop.host.cli import report as reporting

    reporting.report(runs, out)


@run_commands.command()
def export(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    nir: Annotated[Path, typer.Option("--nir", help="The NIR file to write.")],
    dt: Annotated[float, typer.Option(help="Seconds that a tick stands for.")] = 1e-3,
) -> None:
    """Write the network in a run's last checkpoint as a NIR file, with the chip's integers."""
    from axonloop.host.cli import report as reporting

    reporting.export(run, nir, dt)


@run_commands.command(no_args_is_help=True)
def sweep(
    file: Annotated[
        Path, typer.Argument(help="A TOML or JSON file with a table [sweep] (docs/sweeps.md).")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Sweep folder, new or to go on with [runs/sweep-FILE].")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="batched, golden, rtl, serial:PORT; farm: the next free board."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes at a time [one for each core].")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(help="A cluster of Ray, HOST:PORT or auto; or slurm [this machine]."),
    ] = None,
    board: Annotated[
        list[str] | None, typer.Option(help="serial:PORT, a board of the farm; repeated.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the table as CSV, too.")] = None,
    json: Json = None,
) -> None:
    """Train many trials of settings, seeds and devices, choose, and score the chosen one.

    The same command goes on with a sweep that was stopped.
    """
    from axonloop.host.cli import sweep as sweeps

    where = sweeps.Where(jobs, address, tuple(board or ()))
    sweeps.sweep(file, out, device, where, csv, json)
