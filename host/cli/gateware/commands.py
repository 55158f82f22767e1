"""The commands for boards and gateware; the work is imported when one of them runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from axonloop.host.cli.options import Configuration, Json

gateware_commands = typer.Typer()

BoardName = Annotated[str, typer.Option(help="ulx3s-85f, icebreaker... axonloop boards lists all.")]


@gateware_commands.command()
def board(
    layers: Annotated[
        str | None, typer.Option(help="Neurons of each layer, by commas [256].")
    ] = None,
    mesh: Annotated[str | None, typer.Option(help="Columns x rows of cores [1x1].")] = None,
    config: Configuration = None,
    baud: Annotated[int | None, typer.Option(help="Rate of the line, in bit/s [1000000].")] = None,
    faults: Annotated[
        str, typer.Option(help="Chance per byte: 1e-3, or lost=1e-4,flipped=1e-4,...")
    ] = "0",
    seed: Annotated[int, typer.Option(min=0, help="Seed of faults and undefined contents.")] = 0,
    hang_after: Annotated[
        int | None, typer.Option(min=0, help="Hear nothing more after so many bytes.")
    ] = None,
    reset_after: Annotated[
        int | None, typer.Option(min=0, help="Lose power for a moment after so many bytes.")
    ] = None,
) -> None:
    """Run a co-simulated board for the digits network behind a pseudo-terminal, until Ctrl-C."""
    from axonloop.host.cli import train as commands
    from axonloop.host.cli.gateware import board as serving
    from axonloop.sim.cosim import FaultRates, Misbehaviour

    given = commands.named(layers=layers, mesh=mesh)
    wrong = Misbehaviour(FaultRates.parse(faults), seed, hang_after, reset_after)
    serving.serve(given, config, baud, wrong)


@gateware_commands.command()
def identify(
    device: Annotated[str, typer.Argument(help="serial:PORT[@BAUD]; PORT may be a URL.")],
) -> None:
    """Show what a board says of itself: protocol, clock, build, geometry. Resets its chip."""
    from axonloop.host.cli import inspect as inspection

    inspection.identify(device)


@gateware_commands.command()
def verilog(
    out: Annotated[Path | None, typer.Option(help="File to write [MODULE.v].")] = None,
    config: Configuration = None,
    top: Annotated[
        str, typer.Option(help="stream, serial, wishbone, wishbone-pipelined, axi-lite.")
    ] = "stream",
    with_headers: Annotated[
        bool,
        typer.Option(
            "--with-headers", help="Register map for C, Python and SystemRDL, and a .core file."
        ),
    ] = False,
) -> None:
    """Write the chip as Verilog, and what Verilator's lint may find in it."""
    from axonloop.host.cli.gateware import fpga

    fpga.verilog(out, config, top, with_headers)


@gateware_commands.command("boards")
def list_boards() -> None:
    """Show the boards that a chip can be built for, and those that are plugged in."""
    from axonloop.host.cli.gateware import fpga

    fpga.boards()


@gateware_commands.command()
def synth(
    board: BoardName,
    config: Configuration = None,
    json: Json = None,
    record: Annotated[
        bool, typer.Option("--record", help="Append the figures to docs/synthesis.csv.")
    ] = False,
    seeds: Annotated[
        int, typer.Option(help="Place with so many seeds, and keep the fastest [1].")
    ] = 1,
) -> None:
    """Build the bitstream of a board with open tools, and report what it uses (minutes)."""
    from axonloop.host.cli.gateware import fpga

    fpga.synth(board, config, json, record, seeds)


@gateware_commands.command()
def estimate(
    board: Annotated[str | None, typer.Option(help="A board of axonloop boards.")] = None,
    config: Configuration = None,
    json: Json = None,
    record: Annotated[
        Path | None, typer.Option(help="Put the report of a build on record first.")
    ] = None,
    errors: Annotated[
        bool, typer.Option("--errors", help="Show how far it is from each build on record.")
    ] = False,
) -> None:
    """Say what a build will take and how fast it will be, without synthesis (seconds)."""
    from axonloop.host.cli.gateware.estimate import estimate as tell

    tell(board, config, json, record, errors)


@gateware_commands.command()
def budget(
    board: Annotated[
        list[str] | None, typer.Option(help="Check this board only; may be repeated.")
    ] = None,
) -> None:
    """Build all boards; fail if one is larger or slower than docs/synthesis.csv says."""
    from axonloop.host.cli.gateware import fpga

    fpga.budget(board or [])


@gateware_commands.command()
def program(
    bitstream: Annotated[
        Path | None, typer.Argument(help="A bitstream, named after its board.")
    ] = None,
    board: Annotated[
        str | None, typer.Option(help="Build for this board first, if need be.")
    ] = None,
    config: Configuration = None,
) -> None:
    """Load a bitstream into a board with openFPGALoader."""
    from axonloop.host.cli.gateware import fpga

    if (board is None) == (bitstream is None):
        raise ValueError("either a bitstream or --board must be given, not both or none")
    fpga.program(str(bitstream) if board is None else board, config)
