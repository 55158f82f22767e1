"""The commands `axonloop data`; the work is imported when one of them runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

data_commands = typer.Typer(help="Recordings of events, and generated sets.", no_args_is_help=True)


@data_commands.command("show")
def show_recording(
    file: Annotated[Path, typer.Argument(help=".bin, .aedat, .aedat4, .npz or HDF5 (SHD, SSC).")],
    sample: Annotated[int, typer.Option(min=0, help="Sample of an HDF5 file.")] = 0,
    picture: Annotated[Path | None, typer.Option(help="Frames and events over time, PNG.")] = None,
) -> None:
    """Say what is in a recording of events, and draw it."""
    from axonloop.host.cli.data import work as recordings

    recordings.show(file, sample, picture)


@data_commands.command("make")
def make_set(
    name: Annotated[str, typer.Argument(help="saccade-digits, shape-gestures, spoken-digits.")],
    out: Annotated[Path, typer.Option(help="A new folder.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of all that is drawn.")] = 0,
    limit: Annotated[
        int | None, typer.Option(min=1, help="So many digits or recordings of a part [all].")
    ] = None,
) -> None:
    """Write a generated set into a folder, in the format of the real one."""
    from axonloop.host.cli.data import work as recordings

    recordings.make(name, out, seed, limit)
