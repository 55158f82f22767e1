"""Training with the loss in integers: a device is as good as another, and a run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from axonloop.host.configuration import ObjectiveSettings, RunSettings, Settings, TaskSettings
from axonloop.host.data import split_digits
from axonloop.host.devices import open_device
from axonloop.host.runs import load_checkpoint
from axonloop.host.runs.checkpoint import save_checkpoint
from axonloop.host.training import Trainer, chip_config, lone_trainer, population_trainer

DIGITS = split_digits()
TINY = Settings(
    task=TaskSettings(limit=12, ticks=20, tune=True),
    objective=ObjectiveSettings(burn_in=5, loss="integer"),
    run=RunSettings(epochs=1),
)


def trained(name: str, settings: Settings) -> tuple[str, str, float]:
    with open_device(name, chip_config(settings)) as device:
        run = lone_trainer(device, settings, DIGITS)
        run.run()
        score = run.score(run.validation).value
        return run.weight_hashes()[0], run.spike_hashes()[0], score


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"objective": {"event_rate": 0.05, "latency": 2, "feedback": "sign-concordant"}},
        {"network": {"layers": [32, 16]}, "objective": {"errors": "dense", "error_limit": 127}},
    ],
)
def test_all_devices_learn_the_same(changes: dict[str, Any]) -> None:
    settings = TINY.changed(changes)
    golden = trained("golden", settings)
    assert trained("batched", settings) == golden
    population = population_trainer([settings, settings.changed({"run": {"seed": 2}})], DIGITS)
    population.run()
    assert population.weight_hashes()[0] == golden[0]
    assert population.weight_hashes()[1] != golden[0]


def test_the_loss_decides_what_is_learned() -> None:
    usual = TINY.changed({"objective": {"loss": "cross-entropy"}})
    assert trained("golden", usual)[0] != trained("golden", TINY)[0]


@pytest.mark.parametrize("stop", [1, 17])
def test_goes_on_from_any_sample(tmp_path: Path, stop: int) -> None:
    """Residues and thresholds of the node lie in the checkpoint."""
    settings = TINY.changed({"objective": {"event_rate": 0.05}, "run": {"epochs": 2}})
    path, done = tmp_path / "checkpoint.npz", 0

    def trainer() -> Trainer:
        return lone_trainer(open_device("golden", chip_config(settings)), settings, DIGITS)

    first, second = trainer(), trainer()

    def save_once() -> None:
        nonlocal done
        done += 1
        if done == stop:
            save_checkpoint(path, first.state())

    first.run(save_once)
    second.restore(load_checkpoint(path))
    second.run()
    assert second.weight_hashes() == first.weight_hashes()
    assert second.spike_hashes() == first.spike_hashes()
    states = first.objective.state(), second.objective.state()
    assert all((states[0][name] == states[1][name]).all() for name in states[0])
    assert (states[0]["0_residue"] != 0).any()
