"""Training with the loss in integers: a device is as good as another, and a run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop.host.configuration import ObjectiveSettings, RunSettings, Settings, TaskSettings
from axonloop.host.data import DataDescription, open_data, split_digits
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


@pytest.mark.parametrize(
    "changes", [{"objective": {"event_rate": 0.05}}, {"network": {"layers": [32, 16]}}]
)
def test_the_chip_learns_alone(changes: dict[str, Any]) -> None:
    """With the processor on the chip all is as with the host in the loop, half of a run too."""
    settings = TINY.changed(changes)
    runs = []
    for where in ("host", "chip", "both"):
        run = lone_trainer(open_device("golden", chip_config(settings)), settings, DIGITS)
        run.place_processor("host" if where == "host" else "chip")
        done = 0

        def after_sample(run: Trainer = run, where: str = where) -> None:
            nonlocal done
            done += 1
            if where == "both" and done == 5:
                run.place_processor("host")

        run.run(after_sample)
        runs.append(run)
    first = runs[0]
    for run in runs[1:]:
        assert run.weight_hashes() == first.weight_hashes()
        assert run.spike_hashes() == first.spike_hashes()
        assert run.device.counters() == first.device.counters()
        states = run.objective.state(), first.objective.state()
        assert all((states[0][name] == states[1][name]).all() for name in states[1])
    assert sum(first.layers.errors) > 100


@pytest.mark.parametrize(
    ("device", "changes", "message"),
    [
        (
            "batched",
            {},
            "device with the processor on the chip must be golden, rtl or serial:PORT, not",
        ),
        ("golden", {"loss": "cross-entropy"}, "objective.loss with the processor on the chip must"),
        ("golden", {"latency": 1}, "objective.latency with the processor on the chip must be 0"),
        ("golden", {"activity": 1}, "objective.activity with the processor on the chip must be 0"),
    ],
)
def test_what_the_chip_cannot_compute_is_refused(
    device: str, changes: dict[str, Any], message: str
) -> None:
    settings = TINY.changed({"objective": changes})
    with open_device(device, chip_config(settings)) as chip:
        run = lone_trainer(chip, settings, DIGITS)
        with pytest.raises(ValueError, match=message):
            run.place_processor("chip")
        with pytest.raises(ValueError, match="processor must be one of host, chip, not 'board'"):
            run.place_processor("board")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"every": 2}, "every with the loss integer must be 1, not 2"),
        ({"dropout": 0.5}, "dropout with the loss integer must be 0, not 0.5"),
        ({"readout_rate": 0.1}, "readout_rate with the loss integer must be 0, not 0.1"),
        (
            {"errors": "sample"},
            "errors with the loss integer must be one of dense, threshold, sigma-delta, not 'sam",
        ),
    ],
)
def test_what_a_node_cannot_compute_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TINY.changed({"objective": changes})


@pytest.mark.parametrize("series", [False, True])
def test_numbers_are_learned_in_integers(series: bool) -> None:
    """Of each sample or of each tick, better than the mean of all, and on the chip alone too."""
    random = np.random.default_rng(2)
    inputs, ticks = random.random((60, 8)), 12
    numbers = inputs[:, :4].sum(1, keepdims=True) - 2
    targets = numbers[:, None] * np.linspace(0, 1, ticks)[:, None] if series else numbers
    described = DataDescription(target="numbers", ticks=ticks)
    settings = Settings().changed(
        {
            "network": {"layers": [64]},
            "objective": {"burn_in": 4, "threshold": 1.0, "loss": "integer"},
            "run": {"epochs": 4},
        }
    )
    found = []
    with open_data(described, {"inputs": inputs, "targets": targets}) as data:
        fit = settings.fitted(data)
        for where in ("host", "chip"):
            with open_device("golden", chip_config(fit)) as device:
                run = lone_trainer(device, fit, data)
                run.place_processor(where)
                run.run()
                found.append((run.weight_hashes()[0], run.final_scores()[0]))
                mean = run.baseline(run.test)
    assert found[0] == found[1]
    assert mean is not None
    assert found[0][1] < 0.7 * mean


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
