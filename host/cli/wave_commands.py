"""The commands that look into the chip; the work is imported when one of them runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from axonloop.host.cli.options import WaveDepth, WaveSignals, WaveTicks

if TYPE_CHECKING:
    from axonloop.host.devices import WaveWindow

wave_commands = typer.Typer()


def window_of(
    wave: Path | None, ticks: str | None, signals: str | None, depth: int | None
) -> WaveWindow | None:
    """The window that options name; ValueError for some of them without a file."""
    from axonloop.host.devices import WaveWindow
    from axonloop.models.checks import require

    if wave is not None:
        return WaveWindow.parse(wave, ticks, signals, depth)
    for name, value in (("ticks", ticks), ("signals", signals), ("depth", depth)):
        require(value is None, f"{name} of a waveform", "left out without --wave FILE", value)
    return None


@wave_commands.command(no_args_is_help=True)
def wave(
    run: Annotated[Path, typer.Option(help="A run folder.")],
    out: Annotated[Path, typer.Option(help="The waveform to write, .fst or .vcd.")],
    sample: Annotated[int, typer.Option(help="A sample of the part that the run scores.")] = 0,
    ticks: WaveTicks = None,
    signals: WaveSignals = None,
    depth: WaveDepth = None,
) -> None:
    """Write the waveform of the RTL while a trained network answers a sample."""
    from axonloop.host.cli import inspect as inspection

    inspection.wave(run, sample, out, ticks, signals, depth)
