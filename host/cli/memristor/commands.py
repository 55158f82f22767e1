"""The commands `axonloop memristor`; the work is imported when one of them runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from axonloop.host.cli.options import Json

memristor_commands = typer.Typer(help="Memristors by name and from files.", no_args_is_help=True)


@memristor_commands.command("list")
def list_memristors() -> None:
    """Show all memristors that have a name."""
    from axonloop.host.cli.memristor import work as memristors

    memristors.list_all()


@memristor_commands.command("show")
def show_memristor(
    memristor: Annotated[str, typer.Argument(help="A name, or a .toml or .csv file.")],
) -> None:
    """Print a memristor as a file, to change and use."""
    from axonloop.host.cli.memristor import work as memristors

    memristors.show(memristor)


@memristor_commands.command("fit")
def fit_memristor(
    file: Annotated[Path, typer.Argument(help="CSV: pulse, conductance, polarity (up, down).")],
    unit: Annotated[str, typer.Option(help="Unit of conductances: nS, uS, mS, S.")] = "nS",
    out: Annotated[Path | None, typer.Option(help="The memristor [FILE.toml].")] = None,
    picture: Annotated[Path | None, typer.Option(help="Points and fit [FILE.png].")] = None,
    json: Json = None,
) -> None:
    """Fit a measured pulse curve; write it as a memristor, with a picture and the error."""
    from axonloop.host.cli.memristor import work as memristors

    memristors.fit(file, unit, out, picture, json)
