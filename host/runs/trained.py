"""Training and scoring in one call, for scripts: what the commands `train` and `eval` do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from axonloop.host.configuration import Configuration, Settings, open_samples
from axonloop.host.console import Progress
from axonloop.host.data import Data, Digits
from axonloop.host.devices import open_device, weight_hash
from axonloop.host.network import Network
from axonloop.host.processing import Loss
from axonloop.host.runs.callback import Callback
from axonloop.host.runs.checkpoint import load_checkpoint
from axonloop.host.runs.restore import foreign_refused, require_origin
from axonloop.host.runs.run import CHECKPOINT, Run, require_new, results_of, resumed_settings
from axonloop.host.training import TRACED, OwnNetwork, chip_config, lone_trainer, silent
from axonloop.host.wear import age
from axonloop.models.checks import require


def train(
    model: Settings | Network,
    data: Data | None = None,
    loss: Loss | None = None,
    device: str = "golden",
    *,
    settings: Settings | None = None,
    readout: str | None = None,
    epochs: int | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    progress: Progress = silent,
    after_epoch: Callable[[dict[str, Any]], None] = lambda scored: None,
    callbacks: Sequence[Callback] = (),
) -> dict[str, Any]:
    """Train a network, score it, and return what metrics.json holds.

    `model`: settings, whose table [network] describes layers; or a network, with `settings` for all
    the rest, and `readout` and sources as of `OwnNetwork`. `data` are open; None: those that the
    settings name, or else the digits. Ticks, inputs and classes of the settings become the data's.
    `loss`: of logits `(classes,)`, float64, and a class (or numbers, `(classes,)` each), a scalar
    torch tensor; None: that of the settings. `device`: golden, batched, rtl, serial:PORT, with the
    same bits on each. The run's folder is `out`; with `resume` it goes on there, else it must be
    new; None: no file is written. `progress` is told what is done, `after_epoch` gets each entry of
    the history; `callbacks` hear of samples too, and may end the training. Raises ValueError for
    settings, network, data or a folder that do not fit.
    """
    own, asked = _parted(model, settings, readout)
    folder = None if out is None else Path(out)
    if epochs is not None:
        asked = asked.changed({"run": {"epochs": epochs}})
    require(not resume or folder is not None, "out", "the run's folder, to resume it", out)
    with fitted(asked, data) as (fit, samples):
        if resume and folder is not None:
            require_same(folder, fit)
        elif folder is not None:
            require_new(folder)
        with (
            open_device(device, chip_config(fit, own=own)) as chip,
            Run.open(folder, fit, chip, resume, samples, loss, own) as run,
        ):
            run.train(progress, after_epoch, callbacks)
            return run.finish(progress)


def evaluate(
    run: str | Path,
    data: Data | None = None,
    loss: Loss | None = None,
    device: str = "golden",
    *,
    network: Network | None = None,
    readout: str | None = None,
    seconds: float | None = None,
    celsius: float = 25.0,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Score the weights in the checkpoint of the folder `run`, on the part that the run scores.

    `data`, `network` and `readout`: those that the run was trained with, else ValueError. With
    `seconds`, its memristors are left alone for that long at `celsius` first (see `age`; the seed
    is the run's). ValueError then where the settings name no memristor.
    """
    own = None if network is None else OwnNetwork(network, readout)
    state = load_checkpoint(Path(run) / CHECKPOINT)
    with foreign_refused():
        stored = Configuration.of(state["settings"], f"settings of {CHECKPOINT}").settings
        mine = own is not None or state.get("network") is None
        require(mine, "network", "given, as the run was trained with one of Python", None)
    with (
        fitted(stored, data) as (settings, samples),
        open_device(device, chip_config(settings, own=own)) as chip,
    ):
        trainer = lone_trainer(chip, settings, samples, loss, own)
        with foreign_refused():
            require_origin(trainer, state)
            trainer.restore(state)
        if seconds is not None:
            kind = settings.network.memristor or ""
            require(kind != "", "seconds", "left out where synapses are no memristors", seconds)
            age(chip, kind, seconds, celsius, seed=settings.run.seed)
        part = trainer.test
        (score,) = trainer.scores(part, TRACED, lambda n: progress("score", n, len(part)))
        weights = weight_hash(chip.read_weights(), chip.config.geometry)
        results = results_of(trainer, score)
    return {
        **results,
        "samples": score.samples,
        "epochs_done": trainer.position.epoch,
        "weight_hash": weights,
        "trace_hash": score.trace_hash,
        "device": device,
        **({} if seconds is None else {"seconds": seconds, "celsius": celsius}),
    }


def _parted(
    model: Settings | Network, settings: Settings | None, readout: str | None
) -> tuple[OwnNetwork | None, Settings]:
    """The network of a user's own, if it is one, and the settings."""
    if isinstance(model, Network):
        return OwnNetwork(model, readout), settings or Settings()
    require(isinstance(model, Settings), "model", "Settings or a Network", model)
    for name, value in (("settings", settings), ("readout", readout)):
        require(value is None, name, "left out where the model is Settings", value)
    return None, model


@contextmanager
def fitted(settings: Settings, data: Data | None) -> Iterator[tuple[Settings, Digits | Data]]:
    """The settings fitted to `data`, or to those that they name, which are closed in the end."""
    if data is None:
        with open_samples(settings) as found:
            yield found
        return
    own = data.description
    good = settings.data in (None, own)
    require(good, "settings.data", "left out or that which the data were opened by", settings.data)
    yield replace(settings, data=own).fitted(data), data


def require_same(folder: Path, settings: Settings) -> None:
    """ValueError, naming the key, unless the run in `folder` has these settings, but for epochs."""
    stored = resumed_settings(folder, {"run": {"epochs": settings.run.epochs}})
    _require_equal("", stored.to_dict(), settings.to_dict())


def _require_equal(path: str, stored: Any, given: Any) -> None:
    if isinstance(stored, dict) and isinstance(given, dict):
        for name in {**stored, **given}:
            _require_equal(f"{path}.{name}", stored.get(name), given.get(name))
        return
    wanted = f"{stored!r}, with which the run began (by its file or options; config.json has all)"
    require(stored == given, path.removeprefix("."), wanted, given)
