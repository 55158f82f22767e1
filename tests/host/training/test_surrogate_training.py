"""Training off the chip: it learns, and what it scores is what any device scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from axonloop.host.configuration import NetworkSettings, ObjectiveSettings, Settings, TaskSettings
from axonloop.host.data import split_digits
from axonloop.host.devices import open_device
from axonloop.host.training import Descent, SurrogateTrainer, chip_config, lone_trainer
from axonloop.models.config import Rounding

DIGITS = split_digits()
TINY = Settings(
    network=NetworkSettings(layers=(48,), weight_span=16),
    task=TaskSettings(limit=200, ticks=20, tune=True),
    objective=ObjectiveSettings(burn_in=5),
)
DESCENT = Descent(epochs=3, rate=2.0, scale=0.03, steepness=1.0)


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "float"])
def test_learns_digits(exact: bool) -> None:
    """200 samples, seen three times, give far more than chance (10 %) on samples never seen."""
    trainer = SurrogateTrainer(TINY, DIGITS, replace(DESCENT, exact=exact))
    assert trainer.accuracy(trainer.test) < 0.3
    trainer.run()
    assert trainer.accuracy(trainer.test) > 0.7


NETWORKS = {
    "one layer": TINY,
    "two layers": TINY.changed(
        {"network": {"layers": (32, 24), "deep_span": 24}, "task": {"limit": 60}}
    ),
    "two layers on a mesh": TINY.changed(
        {"network": {"layers": (32, 24), "mesh": "2x1", "deep_span": 24}, "task": {"limit": 60}}
    ),
    "4 bits": TINY.changed(
        {"network": {"weight_bits": 4, "weight_span": 4}, "task": {"limit": 60}}
    ),
    "stochastic": TINY.changed({"task": {"limit": 60}}),
}


@pytest.mark.parametrize("device", ["golden", "batched"])
@pytest.mark.parametrize("name", list(NETWORKS))
def test_scores_as_a_device_does(name: str, device: str) -> None:
    """Weights trained off the chip and loaded on a device read the same digits wrongly there."""
    settings = NETWORKS[name]
    rounding = Rounding.STOCHASTIC if name == "stochastic" else Rounding.NEAREST
    trainer = SurrogateTrainer(settings, DIGITS, replace(DESCENT, rounding=rounding))
    before = trainer.module.integer_weights()
    trainer.run()
    weights = trainer.module.integer_weights()
    assert (weights != before).any()
    with open_device(device, chip_config(settings)) as chip:
        deployed = lone_trainer(chip, settings, DIGITS)
        chip.load_weights(weights)
        score = deployed.score(deployed.test)
    assert trainer.accuracy(trainer.test) == score.value
    assert 0.1 < score.value < 1


def test_gradients_reach_the_first_layer() -> None:
    settings = NETWORKS["two layers"]
    trainer = SurrogateTrainer(settings, DIGITS, replace(DESCENT, epochs=1))
    before = trainer.module.weights.detach().clone()
    trainer.run()
    first = trainer.program.plan.network.projections[0]
    moved = trainer.module.weights.detach() - before
    rows = trainer.program.axons[first.source].ravel()
    columns = torch.tensor(trainer.program.neurons[first.target])
    assert (moved[rows][:, columns] != 0).float().mean() > 0.5
    assert (moved[~trainer.module.synapses] == 0).all()


def test_a_seed_repeats_itself() -> None:
    found = []
    for _ in range(2):
        trainer = SurrogateTrainer(TINY.changed({"task": {"limit": 40}}), DIGITS, DESCENT)
        trainer.run()
        found.append(trainer.module.weights.detach().numpy())
    assert np.array_equal(*found)


def test_progress_counts_batches() -> None:
    told: list[tuple[str, int, int]] = []
    trainer = SurrogateTrainer(
        TINY.changed({"task": {"limit": 50}}), DIGITS, replace(DESCENT, epochs=2)
    )
    trainer.run(lambda *given: told.append(given))
    assert told == [("descend", done, 4) for done in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": -1}, "epochs off the chip must be a whole number in 0..1000000, not -1"),
        ({"batch": 0}, "batch must be a whole number in 1..1000000, not 0"),
        ({"rate": 0.0}, "rate must be above 0, not 0.0"),
        ({"scale": float("nan")}, "scale must be a finite number, not nan"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_descents(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        Descent(**change)  # type: ignore[arg-type]
