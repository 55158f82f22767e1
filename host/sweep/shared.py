"""Trials whose chips agree, in step on one population: each gets the bits that it has alone."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch

from axonloop.host.configuration import Settings, open_samples
from axonloop.host.data import Data, Digits
from axonloop.host.devices import open_device
from axonloop.host.files import NEW, write_json
from axonloop.host.runs import (
    CHECKPOINT,
    CHECKPOINT_SECONDS,
    CONFIG,
    HISTORY,
    METRICS,
    is_locked,
    load_checkpoint,
    locked_folder,
    results_of,
    save_checkpoint,
)
from axonloop.host.sweep.jobs import SHARED, TRIALS, run_alone, wait_for
from axonloop.host.sweep.trials import SEARCH, Trial
from axonloop.host.training import (
    POPULATION,
    Position,
    Score,
    Trainer,
    chip_config,
    open_copies,
    parts_for,
)
from axonloop.models.checks import require

GROUPS = "groups"
"""The folder of a sweep with the checkpoints of its populations."""
COUNTED = ("ticks", "synops", "visits", "updates", "spikes")
_OF_ALL = ("ticks", "overtaken", "spikes", "errors")
"""What an objective counts over all copies."""


class SharedTrainer(Trainer):
    """A trainer whose history holds what that of each copy would, were it alone, as "copies"."""

    def scored(self) -> dict[str, Any]:
        """Score the validation part: the epoch's entry of the history."""
        entries = self.scored_each()
        return entries[0] | {"copies": entries}


def run_shared(trials: Sequence[Trial], folder: Path) -> None:
    """Train and score trials on one population, and write a run folder for each.

    `folder` is the sweep's. A folder has config.json, checkpoint.npz, history.json and metrics.json
    with what the trial has alone, but for `trace_hash`, `channel` and pictures. Trials of the
    chosen combination end alone, behind their training, and have these too. Raises ValueError for
    settings that cannot be shared.
    """
    own = folder / GROUPS / group_name(trials)
    own.mkdir(parents=True, exist_ok=True)
    wait_for(lambda: not is_locked(own))
    with ExitStack() as stack:
        stack.enter_context(locked_folder(own))
        opened = [
            stack.enter_context(open_samples(trial.settings, trial.tables.get("task")))
            for trial in trials[:1]
        ]
        data = opened[0][1]
        every = [_fitted(trial.settings, data, trial) for trial in trials]
        seeds = [each.run.seed for each in every]
        copies = stack.enter_context(open_copies(POPULATION, chip_config(every[0]), seeds))
        trainer = SharedTrainer(copies, every, parts_for(every[0], data))
        _Population(trainer, own).run(trials, folder / TRIALS)
    for trial in trials:
        run_alone(trial, folder / TRIALS, SHARED)
    shutil.rmtree(own)


def group_name(trials: Sequence[Trial]) -> str:
    """The name of a population's folder: other trials, or other settings, have another."""
    told = json.dumps([[trial.name, trial.tables] for trial in trials], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _fitted(settings: Settings, data: Digits | Data, trial: Trial) -> Settings:
    return settings if isinstance(data, Digits) else settings.fitted(data, trial.tables.get("task"))


class _Population:
    """The run of a population, with its checkpoint in `folder`."""

    def __init__(self, trainer: SharedTrainer, folder: Path) -> None:
        self._trainer, self._folder = trainer, folder
        self._began = self._saved = perf_counter()

    def run(self, trials: Sequence[Trial], folder: Path) -> None:
        """Train to the end, score, and write what each trial has alone to its run folder."""
        trainer = self._trainer
        _tidy(self._folder)
        if (self._folder / CHECKPOINT).exists():
            state = load_checkpoint(self._folder / CHECKPOINT)
            same = state["data"] == trainer.parts.fingerprint
            require(same, "data", "those that the sweep began with", trainer.parts.fingerprint)
            trainer.restore(state)
        trainer.run(self._after_sample)
        self._save()
        ended, history = _plain(trainer.state()), trainer.position.history
        searched = trials[0].part == SEARCH
        scores, hashes = trainer.final_each() if searched else [], trainer.weight_hashes()
        with open_device("golden", trainer.copies.config) as lone:
            geometry = lone.snapshot()["geometry"]
        for place, trial in enumerate(trials):
            own = folder / trial.name
            own.mkdir(parents=True, exist_ok=True)
            _tidy(own)
            entries = [entry["copies"][place] for entry in history]
            settings = trainer.every[place]
            alone = _alone(ended, place, len(trials), settings, entries, geometry)
            write_json(own / CONFIG, settings.to_dict())
            save_checkpoint(own / CHECKPOINT, alone)
            epochs = {"epochs_done": len(entries), "epochs": settings.run.epochs}
            write_json(own / HISTORY, epochs | {"warnings": [], "history": entries})
            if searched:
                write_json(
                    own / METRICS, self._metrics(place, scores[place], hashes[place], entries)
                )

    def _after_sample(self) -> None:
        if perf_counter() - self._saved > CHECKPOINT_SECONDS:
            self._save()

    def _save(self) -> None:
        save_checkpoint(self._folder / CHECKPOINT, _plain(self._trainer.state()))
        self._saved = perf_counter()

    def _metrics(
        self, place: int, score: Score, weights: str, history: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """What metrics.json holds of a trial; times are its share of the population's."""
        trainer, count = self._trainer, len(self._trainer.every)
        settings, counters = trainer.every[place], trainer.copies.counters()[place]
        return {
            **results_of(trainer, score),
            "weight_hash": weights,
            "spike_hash": trainer.spike_hashes()[place],
            "seed": settings.run.seed,
            "device": POPULATION,
            "copies": count,
            "epochs": settings.run.epochs,
            "samples": {
                "train": len(trainer.train),
                "validation" if settings.task.tune else "test": score.samples,
            },
            "trained_on": "train" if trainer.parts.held_out else "train + validation",
            "data": trainer.parts.fingerprint,
            **{name: counters[name] for name in COUNTED},
            "seconds": (perf_counter() - self._began) / count,
            "time": {who: spent / count for who, spent in self._times().items()},
            "warnings": [],
            "history": history,
            "counters": counters,
            "line": {},
        }

    def _times(self) -> dict[str, float]:
        times, trainer = self._trainer.times, self._trainer
        ticks = max(1, trainer.epochs * len(trainer.train)) * trainer.settings.task.ticks
        spent = {"host": times.host, "device": times.device, "loss": times.loss}
        return spent | {f"{who}_us_per_tick": 1e6 * each / ticks for who, each in spent.items()}


def _tidy(folder: Path) -> None:
    """Remove the files that killed processes left half written."""
    for leftover in folder.glob(f"*{NEW}"):
        leftover.unlink()


def _plain(tree: Any) -> Any:
    """A tree with arrays in place of tensors, as `save_checkpoint` takes it."""
    if isinstance(tree, dict):
        return {name: _plain(value) for name, value in tree.items()}
    return tree.cpu().numpy() if isinstance(tree, torch.Tensor) else tree


def _alone(
    state: dict[str, Any],
    place: int,
    count: int,
    settings: Settings,
    history: list[dict[str, Any]],
    geometry: str,
) -> dict[str, Any]:
    """The state of a lone run, of that of a population of `count`; counts over all are shared out.

    The mean of all copies stands for what an objective counts of a layer's spikes and errors.
    """
    device, rates = dict(state["device"]), state["rates"]
    seeds, modulation = device.pop("seeds"), device.pop("modulation")
    for name in ("gated", "ungated"):
        device.pop(name)
    own = {k: v[place] if isinstance(v, np.ndarray) else v for k, v in device.items()}
    return {
        "settings": settings.to_dict(),
        "data": state["data"],
        "network": None,
        "position": asdict(Position(len(history), 0, history)),
        "times": {who: spent / count for who, spent in state["times"].items()},
        "spike_hashes": [state["spike_hashes"][place]],
        "objective": {
            name: _share(name, value, place, count) for name, value in state["objective"].items()
        },
        "rates": rates | {"spikes": rates["spikes"][place : place + 1]},
        "device": own
        | {"seed": seeds[place], "modulation": int(modulation[place]), "geometry": geometry},
    }


def _share(name: str, value: Any, place: int, count: int) -> Any:
    """A copy's part of what an objective keeps."""
    if not isinstance(value, np.ndarray) or name in ("ticks", "overtaken"):
        return value
    return value // count if name in _OF_ALL else value[place : place + 1]
