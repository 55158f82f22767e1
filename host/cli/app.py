"""The command line `axonloop`. Commands import what they need when they run: `--help` is quick."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from axonloop.host.catalogue import CATALOGUE
from axonloop.host.cli.catalogue import group_of
from axonloop.host.cli.data.commands import data_commands
from axonloop.host.cli.debug.commands import debug_commands, window_of
from axonloop.host.cli.gateware.commands import gateware_commands
from axonloop.host.cli.memristor.commands import memristor_commands
from axonloop.host.cli.options import (
    Configuration,
    Json,
    WaveDepth,
    WaveFile,
    WaveSignals,
    WaveTicks,
)
from axonloop.host.cli.run_commands import run_commands
from axonloop.host.console import StoppedError

app = typer.Typer(
    help="Train networks with a digital neuromorphic chip in the loop.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
for _kind in CATALOGUE:
    app.add_typer(group_of(_kind), name=_kind)
app.add_typer(data_commands, name="data")
app.add_typer(memristor_commands, name="memristor")
app.add_typer(run_commands)
app.add_typer(debug_commands)
app.add_typer(gateware_commands)


def _show_version(wanted: bool) -> None:
    if wanted:
        from axonloop.host.version import __version__

        print(f"axonloop {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version."),
    ] = False,
) -> None:
    """Train networks with a digital neuromorphic chip in the loop."""


MISTAKE, FAILURE, INTERRUPTED = 2, 1, 130
"""Exit codes: the user's mistake, anything else that failed, Ctrl-C or SIGTERM."""
MOST_TOLD = 2000
"""Most characters of an error: some errors of other libraries echo what they were given."""
_USAGE: Any = typer.BadParameter.__base__
"""The error for all wrong arguments; typer gives it no public name."""


@app.command(no_args_is_help=True)
def train(
    target: Annotated[
        str,
        typer.Argument(
            help="digits, or a TOML or JSON file whose table [data] names the samples "
            "(axonloop init writes one).",
        ),
    ],
    device: Annotated[
        str | None,
        typer.Option(
            help="rtl, golden, batched, batched:cuda, serial:PORT, replay:FILE; "
            "default: rtl if it can be built."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random [1].")] = None,
    epochs: Annotated[int | None, typer.Option(help="Times through the samples [3].")] = None,
    layers: Annotated[
        str | None, typer.Option(help="Neurons of each layer, by commas [256].")
    ] = None,
    mesh: Annotated[str | None, typer.Option(help="Columns x rows of cores [1x1].")] = None,
    limit: Annotated[int | None, typer.Option(help="Use only N samples of each part.")] = None,
    memristor: Annotated[
        str | None, typer.Option(help="Synapses of this kind: a name, or a .toml or .csv file.")
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(help="cross-entropy, mse, smooth-l1, or integer: a processing node's."),
    ] = None,
    processor: Annotated[
        str,
        typer.Option(help="Who computes the loss: host, or chip (golden, rtl or a board)."),
    ] = "host",
    out: Annotated[Path | None, typer.Option(help="Run folder [runs/TARGET-TIME].")] = None,
    json: Json = None,
    config: Configuration = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    record: Annotated[
        Path | None, typer.Option(help="Record all words to and from rtl or a board.")
    ] = None,
    geometry: Annotated[
        str, typer.Option(help="Cores: smallest, or built: the smallest whose RTL is compiled.")
    ] = "smallest",
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write for TensorBoard into the run folder.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Serve a page on this machine that shows the run.")
    ] = False,
    wave: WaveFile = None,
    ticks: WaveTicks = None,
    signals: WaveSignals = None,
    depth: WaveDepth = None,
) -> None:
    """Train on handwritten digits or your own data, one sample at a time, and score the test part.

    Options win over the file.
    """
    from axonloop.host.cli import train as commands

    given = commands.named(
        seed=seed,
        epochs=epochs,
        limit=limit,
        layers=layers,
        mesh=mesh,
        memristor=memristor,
        loss=loss,
    )
    window = window_of(wave, ticks, signals, depth)
    places = (out, json, config, resume, record)
    commands.train(target, given, device, *places, geometry, tensorboard, live, window, processor)


@app.command()
def init(
    file: Annotated[Path, typer.Argument(help="A new file.")] = Path("axonloop.toml"),
) -> None:
    """Write a commented configuration file with all usual values, to change and train."""
    from axonloop.host.cli import train as commands

    commands.init(file)


@app.command()
def verify(
    devices: Annotated[
        str, typer.Option(help="Devices to compare, by commas; gates:ecp5, gates:ice40 too.")
    ] = "golden,rtl",
    mesh: Annotated[str, typer.Option(help="Columns x rows of cores.")] = "1x1",
    ticks: Annotated[int, typer.Option(help="Ticks in all.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Seed of networks and traffic.")] = 0,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="All geometries; compiling them takes a while.")
    ] = False,
    geometries: Annotated[
        str | None, typer.Option(help="Names of geometries, by commas [the quick ones].")
    ] = None,
    json: Json = None,
    wave: WaveFile = None,
    window: Annotated[
        str | None, typer.Option(help="Ticks of the waveform, as 100:300; in one run.")
    ] = None,
    signals: WaveSignals = None,
    depth: WaveDepth = None,
) -> None:
    """Run devices in lockstep on random networks and compare every state word."""
    from axonloop.host.cli import inspect as inspection

    chosen = inspection.geometries(geometries, thorough)
    shown = window_of(wave, window, signals, depth)
    inspection.verify(devices.split(","), mesh, ticks, seed, chosen, json, shown)


Reset = Annotated[
    str | None, typer.Option(help="For NIR: zero, subtract, late, none [the dialect's].")
]
NormInput = Annotated[bool, typer.Option(help="For NIR of sinabs: LIF scales its input.")]
NeuronSpikes = Annotated[
    int | None,
    typer.Option(help="For NIR: spikes of a neuron in a step [sinabs, rockpool: several]."),
]


@app.command()
def check(
    model: Annotated[Path, typer.Argument(help="A NIR file.")],
    dialect: Annotated[
        str,
        typer.Option(help="Whose steps: nir, snntorch, norse, sinabs, spikingjelly, rockpool."),
    ],
    dt: Annotated[
        float | None, typer.Option(help="A step, in seconds [the dialect's; nir has none].")
    ] = None,
    weight_bits: Annotated[int | None, typer.Option(help="Bits of a weight [16].")] = None,
    state_bits: Annotated[int | None, typer.Option(help="Bits of a state word [24].")] = None,
    budget: Annotated[
        float | None, typer.Option(help="Take the smallest bits with this bound, in thresholds.")
    ] = None,
    ticks: Annotated[int, typer.Option(help="Steps of generated input to compare on.")] = 200,
    rate: Annotated[float, typer.Option(help="Spikes per channel and step of it.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Seed of it.")] = 1,
    inputs: Annotated[
        Path | None, typer.Option(help="Spikes instead: .npz, an array (steps, ...) per Input.")
    ] = None,
    mesh: Annotated[str, typer.Option(help="Columns x rows of cores.")] = "1x1",
    device: Annotated[str, typer.Option(help="golden, batched, rtl.")] = "golden",
    reset: Reset = None,
    norm_input: NormInput = True,
    spikes: NeuronSpikes = None,
    counts: Annotated[int, typer.Option(help="Spikes of an input channel in a step.")] = 1,
    json: Json = None,
) -> None:
    """Show what becomes of a NIR file on the chip, and how far it is from the float network."""
    from axonloop.host.cli import check as checking

    bits = checking.Bits(weight_bits, state_bits, budget)
    given = checking.GeneratedInputs(ticks, rate, seed, inputs)
    unsaid = checking.Unsaid(reset, norm_input, spikes, counts)
    checking.check(model, dialect, dt, bits, given, mesh, device, json, unsaid)


ModelFile = Annotated[
    Path, typer.Argument(help="A NIR file, a run folder, or a settings file that was trained.")
]
DataFile = Annotated[
    Path | None,
    typer.Option(help=".npz or HDF5, or a TOML file with a table [data] [the run's own]."),
]
Dialect = Annotated[str | None, typer.Option(help="For NIR: whose steps it means, as for check.")]
StepSeconds = Annotated[float | None, typer.Option(help="For NIR: a step, in seconds.")]
WeightBits = Annotated[int | None, typer.Option(help="For NIR: bits of a weight [16].")]
StateBits = Annotated[int | None, typer.Option(help="For NIR: bits of a state word [24].")]
Budget = Annotated[float | None, typer.Option(help="For NIR: take the bits with this bound.")]


@app.command("run")
def run_samples(
    model: ModelFile,
    data: DataFile = None,
    dialect: Dialect = None,
    dt: StepSeconds = None,
    weight_bits: WeightBits = None,
    state_bits: StateBits = None,
    budget: Budget = None,
    reset: Reset = None,
    norm_input: NormInput = True,
    spikes: NeuronSpikes = None,
    part: Annotated[str, typer.Option(help="Part of the data: train, validation, test.")] = "test",
    samples: Annotated[
        int | None, typer.Option(min=1, help="Show the first N samples only.")
    ] = None,
    device: Annotated[str, typer.Option(help="golden, batched, rtl, serial:PORT.")] = "golden",
    record: Annotated[
        Path | None, typer.Option(help="Write all state of all ticks: .npz or .h5.")
    ] = None,
    json: Json = None,
) -> None:
    """Show samples to a model without learning: spikes, accuracy, and the hash of the spikes."""
    from axonloop.host.cli import model as models

    bits = (weight_bits, state_bits, budget)
    options = models.nir_options(dialect, dt, *bits, part, reset, norm_input, spikes)
    models.run(model, data, options, device, samples, record, json)


@app.command()
def profile(
    model: ModelFile,
    data: DataFile = None,
    dialect: Dialect = None,
    dt: StepSeconds = None,
    weight_bits: WeightBits = None,
    state_bits: StateBits = None,
    budget: Budget = None,
    reset: Reset = None,
    norm_input: NormInput = True,
    spikes: NeuronSpikes = None,
    part: Annotated[str, typer.Option(help="Part of the data: train, validation, test.")] = "test",
    samples: Annotated[
        int | None, typer.Option(min=1, help="Show the first N samples only.")
    ] = None,
    device: Annotated[str, typer.Option(help="golden, batched, rtl, serial:PORT.")] = "golden",
    picture: Annotated[Path | None, typer.Option(help="Draw it, as PNG.")] = None,
    json: Json = None,
) -> None:
    """Say what every layer does with samples: ranges, silent neurons, work, distance to float."""
    from axonloop.host.cli import model as models

    bits = (weight_bits, state_bits, budget)
    options = models.nir_options(dialect, dt, *bits, part, reset, norm_input, spikes)
    models.profile(model, data, options, device, samples, picture, json)


@app.command()
def info() -> None:
    """Show versions, tools, devices and the geometry of a core by default."""
    from axonloop.host.cli import inspect as inspection

    inspection.info()


@app.command()
def results(
    folder: Annotated[Path, typer.Option(help="Metrics of experiments.")] = Path("docs/results"),
    out: Annotated[Path | None, typer.Option(help="The page to write [FOLDER.md].")] = None,
) -> None:
    """Make the results page of the metrics that experiments wrote.

    Sections of speed on pages beside it come from the metrics of bench all.
    """
    from axonloop.host.catalogue import pages_of
    from axonloop.host.console import notice
    from axonloop.host.files import write_text

    for path, text in pages_of(folder, out or folder.with_suffix(".md")).items():
        write_text(path, text)
        notice(f"written: {path}")


def _fail(message: str, code: int) -> int:
    line = " ".join(message.split())
    print(f"error: {line[:MOST_TOLD]}{'...' * (len(line) > MOST_TOLD)}", file=sys.stderr)
    return code


def run(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code. Errors are one line on stderr."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        _require_values(words)
        code = int(app(arguments, prog_name="axonloop", standalone_mode=False) or 0)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except _USAGE as error:
        return _usage(str(error.format_message()))
    except ValueError as error:
        return _fail(str(error), MISTAKE)
    except StoppedError as stop:
        return _fail(f"stopped; {stop}", INTERRUPTED)
    except (OSError, RuntimeError) as error:
        return _fail(str(error), FAILURE)
    if code == INTERRUPTED:
        _fail("stopped", code)
    return code


def _require_values(words: list[str]) -> None:
    """ValueError for an option without its value: an empty path would be the current folder."""
    for before, word in zip(["", *words], words, strict=False):
        name = word[:-1] if word.startswith("--") and word.endswith("=") else before
        if word == "" or name != before:
            raise ValueError(f"{name or 'command'} must be followed by a value, not by nothing")


def _usage(message: str) -> int:
    """What a command without arguments is answered (its help), or a wrong argument."""
    if message.startswith("Usage:"):
        print(message, file=sys.stderr)
        return MISTAKE
    return _fail(message, MISTAKE)


def main() -> None:
    """The program `axonloop`. SIGTERM and SIGHUP end it as Ctrl-C does: a checkpoint is kept."""
    if os.name != "posix":  # locks of files, pseudo-terminals, shared libraries
        sys.exit(_fail("axonloop must run on a POSIX system, not Windows itself; try WSL", MISTAKE))
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup sets it
            signal.signal(number, signal.default_int_handler)
    sys.exit(run())


if __name__ == "__main__":
    main()
