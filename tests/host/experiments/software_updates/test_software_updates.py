"""Software updates with chips in the loop: gradients, devices, and what they repair."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from axonloop.host.configuration import NetworkSettings, ObjectiveSettings, Settings, TaskSettings
from axonloop.host.data import split_digits
from axonloop.host.experiments.recurrence import chip as recurrence
from axonloop.host.experiments.software_updates import experiment
from axonloop.host.experiments.software_updates.trainer import SoftwareUpdates
from axonloop.host.order import Order
from axonloop.host.pictures import save
from axonloop.host.training import (
    POPULATION,
    Copies,
    Descent,
    SurrogateTrainer,
    chips,
    open_copies,
    program_of,
)
from axonloop.models.config import ResetMode, Rounding

DIGITS = split_digits()
TINY = Settings(
    network=NetworkSettings(layers=(24,), weight_span=16),
    task=TaskSettings(limit=20, ticks=12, tune=True),
    objective=ObjectiveSettings(burn_in=3),
)
DESCENT = Descent(epochs=1, batch=6, rate=2.0, scale=0.03, steepness=1.0)
RECURRENT = TINY.changed(
    {
        "network": {
            "recurrent_span": 16,
            "parameters": {"rho": 100, "refractory": 2, "reset_mode": ResetMode.SUBTRACT},
        }
    }
)
DEEP = TINY.changed({"network": {"layers": (24, 16), "deep_span": 30}})


def quiet(phase: str, done: int, total: int) -> None:
    pass


def gradient_of(trainer: SurrogateTrainer) -> torch.Tensor:
    trainer.votes(trainer.train.at(np.arange(14)), 0).square().sum().backward()  # type: ignore[no-untyped-call]
    found = trainer.module.weights.grad
    assert found is not None
    assert (found != 0).any()
    return found


@pytest.mark.parametrize("settings", [TINY, RECURRENT, DEEP], ids=["one layer", "loop", "deep"])
def test_the_nominal_chip_gives_the_gradient_of_the_exact_model(settings: Settings) -> None:
    """Its spikes and states are the model's own, so nothing changes where they replace them."""
    plain = gradient_of(SurrogateTrainer(settings, DIGITS, DESCENT))
    with open_copies(POPULATION, program_of(settings).config, [1] * 6) as copies:
        recorded = gradient_of(SoftwareUpdates(settings, DIGITS, DESCENT, copies=copies))
    torch.testing.assert_close(recorded, plain, rtol=1e-12, atol=0)


def test_what_another_chip_does_is_what_the_loss_hears() -> None:
    """Its spikes, not the model's, forward; and the gradient is another one for it."""
    leaky = chips(RECURRENT)["long tick"]
    plain = SurrogateTrainer(RECURRENT, DIGITS, DESCENT)
    own = SurrogateTrainer(leaky, DIGITS, DESCENT)
    part = plain.train.at(np.arange(14))
    with open_copies(POPULATION, program_of(leaky).config, [1] * 6) as copies:
        loop = SoftwareUpdates(RECURRENT, DIGITS, DESCENT, copies=copies)
        votes = loop.votes(part, 0)
        assert votes.requires_grad
        assert torch.equal(votes, own.votes(part, 0))
        assert not torch.equal(votes, plain.votes(part, 0))
        assert loop.accuracy(loop.test) == own.accuracy(own.test)
        assert not torch.allclose(gradient_of(loop), gradient_of(plain))


def trained(copies: Copies) -> SoftwareUpdates:
    trainer = SoftwareUpdates(RECURRENT, DIGITS, DESCENT, copies=copies)
    trainer.run()
    return trainer


@pytest.mark.parametrize(
    "device", ["golden", "batched", pytest.param("rtl", marks=pytest.mark.slow)]
)
def test_a_lone_device_ends_with_the_weights_of_a_population(device: str) -> None:
    config = program_of(chips(RECURRENT)["long tick"]).config
    with open_copies(POPULATION, config, [1] * 6) as copies:
        many = trained(copies).module.weights.detach()
    with open_copies(device, config, [1]) as copies:
        lone = trained(copies)
        lone.write_weights()
        assert np.array_equal(copies.weights()[0], lone.module.integer_weights())
    assert torch.equal(lone.module.weights.detach(), many)
    assert not np.array_equal(lone.module.integer_weights(), lone.program.weights)


def test_descents_that_the_chips_do_not_follow_are_refused() -> None:
    with open_copies(POPULATION, program_of(TINY).config, [1]) as copies:
        for bad in ({"exact": False}, {"rounding": Rounding.STOCHASTIC}):
            with pytest.raises(ValueError, match="^descent with chips in the loop must be exact"):
                SoftwareUpdates(TINY, DIGITS, replace(DESCENT, **bad), copies=copies)
        with pytest.raises(ValueError, match="^geometry of the chips must be the model's"):
            SoftwareUpdates(DEEP, DIGITS, DESCENT, copies=copies)


@pytest.mark.slow
def test_software_updates_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chip whose leaks are squared loses digits, and software updates bring them back."""
    monkeypatch.setattr(experiment, "SHORT_RANDMAN", replace(recurrence.DESCENT, epochs=1))
    monkeypatch.setattr(experiment, "DESCENT", replace(experiment.DESCENT, epochs=6, batch=10))
    metrics = experiment.measure(Order(POPULATION, limit=60), quiet)
    found = {name: values[0] for name, values in metrics["accuracies"].items()}
    assert found["digits, loop"] > 0.5
    assert found["long tick, loop"] > found["long tick, deployed"]
    save(experiment.draw(metrics), tmp_path / "picture.png")
