"""The work behind the command line; imported only when a command runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from axonloop.host.configuration import Configuration, nested
from axonloop.host.console import StoppedError, notice, print_metrics, print_table, progress_bars
from axonloop.host.data import split_digits
from axonloop.host.devices import Device, open_device, weight_hash
from axonloop.host.files import require_writable, write_json
from axonloop.host.runs import (
    CHECKPOINT,
    Run,
    foreign_refused,
    load_checkpoint,
    require_new,
    resumed_settings,
)
from axonloop.host.training import TRACED, chip_config, lone_trainer
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.sim.build import MissingToolError

RUNS = Path("runs")


def open_any(
    name: str | None, config: ChipConfig | CoreConfig, record: Path | None = None
) -> Device:
    """The device asked for; if none was, the RTL, or the golden model where it cannot be built."""
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


def train_digits(
    given: dict[str, Any],
    device: str | None,
    out: Path | None,
    json_file: Path | None,
    config: Path | None,
    resume: bool,
    record: Path | None = None,
) -> None:
    """Train, or go on with, a run; `given` are the settings named on the command line."""
    require(not resume or out is not None, "out", "given with --resume, as --out runs/NAME", None)
    require(not resume or config is None, "config", "left out with --resume", str(config))
    folder = out or _new_folder()
    require_writable(json_file)
    require_writable(record)
    if resume:
        settings = resumed_settings(folder, given)
    else:
        settings = Configuration.read(config).settings.changed(given)
        require_new(folder)
    with (
        open_any(device, chip_config(settings), record) as chip,
        Run.open(folder, settings, chip, resume) as run,
    ):
        notice(f"run folder: {folder}")
        with going_on(folder), progress_bars() as progress:
            run.train(progress)
            metrics = run.finish(progress)
    print_metrics(metrics)
    if json_file is not None:
        write_json(json_file, metrics)


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


def _new_folder() -> Path:
    return RUNS / f"digits-{datetime.now():%Y%m%d-%H%M%S-%f}"


def evaluate(run: Path, device: str, json_file: Path | None) -> None:
    """Score the weights in a run's checkpoint."""
    require_writable(json_file)
    state = load_checkpoint(run / CHECKPOINT)
    with foreign_refused():
        settings = Configuration.of(state["settings"], f"settings of {CHECKPOINT}").settings
    with open_device(device, chip_config(settings)) as chip, progress_bars() as progress:
        trainer = lone_trainer(chip, settings, split_digits())
        with foreign_refused():
            trainer.restore(state)
        part = trainer.test
        (score,) = trainer.scores(part, TRACED, lambda n: progress("score", n, len(part)))
        weights = weight_hash(chip.read_weights(), chip.config.geometry)
    scored = "validation" if settings.task.tune else "test"
    results = {
        f"{scored}_accuracy": score.accuracy,
        "layer_accuracies": list(score.layers),
        "samples": score.samples,
        "epochs_done": trainer.position.epoch,
        "weight_hash": weights,
        "trace_hash": score.trace_hash,
        "device": device,
    }
    print_table(results)
    if json_file is not None:
        write_json(json_file, results)
