"""The commands that look into the chip; the work is imported when one of them runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from axonloop.host.cli.options import Json, WaveDepth, WaveSignals, WaveTicks

if TYPE_CHECKING:
    from axonloop.host.devices import WaveWindow

debug_commands = typer.Typer()


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


@debug_commands.command(no_args_is_help=True)
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


@debug_commands.command("bisect", no_args_is_help=True)
def find_difference(
    devices: Annotated[
        str, typer.Option(help="Two devices by commas; one, beside a recording.")
    ] = "golden,rtl",
    geometry: Annotated[
        str | None, typer.Option(help="Traffic of verify: the name of a geometry.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of that traffic, as of verify.")] = 0,
    number: Annotated[int, typer.Option(help="Number of verify's run, as its error says.")] = 0,
    mesh: Annotated[str, typer.Option(help="Columns x rows of cores of that traffic.")] = "1x1",
    run: Annotated[Path | None, typer.Option(help="A run folder: its training, anew.")] = None,
    ticks: Annotated[int, typer.Option(help="Ticks of that traffic or training.")] = 2000,
    stimulus: Annotated[
        Path | None, typer.Option(help="A stimulus.json that this command wrote.")
    ] = None,
    recording: Annotated[
        list[Path] | None, typer.Option(help="A recording; twice, to compare two of a run.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write [runs/bisect-TIME].")] = None,
    confirm: Annotated[
        bool, typer.Option(help="Compare all state of all ticks before, in the end.")
    ] = True,
    trials: Annotated[int, typer.Option(min=0, help="Plays to shrink the stimulus.")] = 400,
    json: Json = None,
) -> None:
    """Find the first tick and unit in which two devices differ, and what shows it shortest."""
    from axonloop.host.cli.debug import bisect as bisecting

    sources = bisecting.Sources(
        geometry, seed, number, mesh, run, ticks, stimulus, tuple(recording or ())
    )
    bisecting.bisect(devices.split(","), sources, out, confirm, trials, json)


@debug_commands.command("soak")
def soak_devices(
    ticks: Annotated[int, typer.Option(help="Ticks of chips in all.")] = 100_000_000,
    seed: Annotated[int, typer.Option(help="Seed of networks and traffic.")] = 0,
    shard: Annotated[int | None, typer.Option(help="Only the shard of this number.")] = None,
    out: Annotated[
        Path, typer.Option(help="Results by shard; what is in it is not run again.")
    ] = Path("runs/soak.jsonl"),
    json: Json = None,
) -> None:
    """Compare many random chips on all devices, tick by tick, in shards that can go on later."""
    from axonloop.host.cli.debug import soak as soaking

    if soaking.run(ticks, seed, shard, out, json).failures:
        raise typer.Exit(1)
