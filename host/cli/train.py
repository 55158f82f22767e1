"""The work behind the command line; imported only when a command runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from axonloop.host.configuration import Configuration, nested, open_samples, usual_file
from axonloop.host.console import (
    StoppedError,
    notice,
    percent,
    print_metrics,
    print_table,
    progress_bars,
)
from axonloop.host.devices import Device, WaveWindow, WindowDevice, open_device
from axonloop.host.files import require_writable, write_json, write_text
from axonloop.host.live import Live
from axonloop.host.runs import (
    CHECKPOINT,
    Callback,
    Run,
    TensorBoard,
    evaluate,
    require_new,
    require_same,
    resumed_settings,
)
from axonloop.host.training import (
    Processor,
    Trainer,
    chip_config,
    on_built_chip,
    require_processor,
)
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.sim.build import MissingToolError

RUNS = Path("runs")
SMALLEST, BUILT = "smallest", "built"
"""The cores of a network: the smallest that hold it, or the smallest whose RTL is compiled."""
DIGITS = "digits"
"""What is trained where no file is named."""


def open_any(
    name: str | None,
    config: ChipConfig | CoreConfig,
    record: Path | None = None,
    window: WaveWindow | None = None,
) -> Device:
    """The device asked for; if none was, the RTL, or the golden model where it cannot be built.

    With a `window` it is the RTL.
    """
    if window is not None:
        require(name in (None, "rtl"), "device with a waveform", "rtl", name)
        return WindowDevice(config, window, record)
    if name is not None or record is not None:
        return open_device(name or "rtl", config, record)
    try:
        return open_device("rtl", config)
    except MissingToolError as error:
        notice(f"notice: training on the golden model, with the same results: {error}")
        return open_device("golden", config)


def named(**options: Any) -> dict[str, Any]:
    """The settings that options name, in their tables; None is what was left out."""
    flat = {name: value for name, value in options.items() if value is not None}
    if "layers" in flat:
        flat["layers"] = sizes(flat["layers"])
    return nested(flat)


def sizes(text: str) -> tuple[int, ...]:
    """Sizes of layers from text as "128,128"."""
    parts = text.split(",")
    good = all(part.isdecimal() for part in parts)
    require(good, "layers", "whole numbers by commas, as 128,128", text)
    return tuple(int(part) for part in parts)


def train(
    target: str,
    given: dict[str, Any],
    device: str | None,
    out: Path | None,
    json_file: Path | None,
    config: Path | None,
    resume: bool,
    record: Path | None = None,
    geometry: str = SMALLEST,
    tensorboard: bool = False,
    live: bool = False,
    window: WaveWindow | None = None,
    processor: str = Processor.HOST,
) -> None:
    """Train, or go on with, a run on digits or on what a file says.

    `given` are the settings named on the command line.
    """
    kinds = (SMALLEST, BUILT)
    require(geometry in kinds, "geometry", f"one of {', '.join(kinds)}", geometry)
    usual = geometry == SMALLEST or not resume
    require(usual, "geometry", "left out with --resume: the run keeps its own", geometry)
    require(not resume or out is not None, "out", "given with --resume, as --out runs/NAME", None)
    require(not resume or config is None, "config", "left out with --resume", str(config))
    file = None if target == DIGITS else Path(target)
    known = file is None or file.suffix in (".toml", ".json")
    require(known, "target", "digits, or a TOML or JSON file, as mine.toml", target)
    require(file is None or config is None, "config", f"left out beside {target}", str(config))
    folder = out or _new_folder(target)
    callbacks: list[Callback] = [TensorBoard()] if tensorboard else []
    callbacks += [Live()] if live else []
    require_writable(json_file)
    require_writable(record)
    configuration = Configuration.read(file or config)
    if resume and file is None:
        settings = resumed_settings(folder, given)
    else:
        settings = configuration.settings.changed(given)
    own = "the file with its [data], or the run's config.json"
    require(file is not None or settings.data is None, "target", own, target)
    require_processor(processor, device, settings.objective)
    with open_samples(settings, configuration.tables.get("task")) as (fit, data):
        if not resume:
            require_new(folder)
            fit = on_built_chip(fit) if geometry == BUILT else fit
        elif file is not None:
            require_same(folder, fit)
        with (
            open_any(device, chip_config(fit), record, window) as chip,
            Run.open(folder, fit, chip, resume, data) as run,
        ):
            if window is not None:
                window.require_within(_ticks(run.trainer), "the run")
            run.trainer.place_processor(processor)
            notice(f"run folder: {folder}")
            with going_on(folder), progress_bars() as progress:
                run.train(progress, lambda scored: notice(epoch_line(run, scored)), callbacks)
                metrics = run.finish(progress)
    print_metrics(metrics)
    if json_file is not None:
        write_json(json_file, metrics)


def epoch_line(run: Run, scored: dict[str, Any]) -> str:
    """What is said behind an epoch: which, of how many, and how it did."""
    measure = run.trainer.layers.measure.name
    value = scored[f"validation_{measure}"]
    how = f"accuracy {percent(value)}" if measure == "accuracy" else f"{measure} {value:.4g}"
    done, epochs = len(run.trainer.position.history), run.trainer.settings.run.epochs
    return f"epoch {done} of {epochs}: validation {how}"


def _ticks(trainer: Trainer) -> int:
    """The most ticks that are left of a run: training, and what is scored."""
    settings, done = trainer.settings, trainer.position
    train, validation, test = len(trainer.train), len(trainer.validation), len(trainer.test)
    left = (settings.run.epochs - done.epoch) * (train + validation) - done.sample
    return settings.task.ticks * (left + test)


@contextmanager
def going_on(folder: Path) -> Iterator[None]:
    """Where Ctrl-C stops a run that has a checkpoint, say how it goes on."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if not (folder / CHECKPOINT).exists():
            raise
        how = f"a run goes on from its last checkpoint with --resume --out {folder}"
        raise StoppedError(how) from stop


def _new_folder(target: str) -> Path:
    return RUNS / f"{Path(target).stem}-{datetime.now():%Y%m%d-%H%M%S-%f}"


def init(file: Path) -> None:
    """Write a configuration file that says what is usual; ValueError where there is one."""
    require(file.suffix == ".toml", "file", "one that ends with .toml, as mine.toml", str(file))
    require(not file.exists(), "file", "new", str(file))
    require_writable(file)
    write_text(file, usual_file())
    notice(f"written: {file}; change it, then: axonloop train {file}")


def score(
    run: Path, device: str, json_file: Path | None, seconds: float | None, celsius: float
) -> None:
    """Score the weights in a run's checkpoint, `seconds` later if there are any."""
    require_writable(json_file)
    with progress_bars() as progress:
        results = evaluate(run, device=device, seconds=seconds, celsius=celsius, progress=progress)
    print_table(results)
    if json_file is not None:
        write_json(json_file, results)
