"""Networks trained in float, rounded onto chips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.data import Digits
from axonloop.host.training.copies import Weights
from axonloop.host.training.surrogate import Descent, SurrogateTrainer
from axonloop.host.training.weight_bits import step_log2, with_bits
from axonloop.models.config import DECAY_ONE, ParameterSet

DESCENT = Descent(epochs=10, rate=1.0, scale=0.03, steepness=1.0, exact=False)
EPOCHS = 4
"""Times through the samples in the loop."""


def network_settings(seed: int, limit: int | None) -> Settings:
    """The network, and how it learns in the loop."""
    base = Settings(
        network=NetworkSettings(layers=(128,), weight_span=16),
        task=TaskSettings(limit=limit),
        objective=ObjectiveSettings(threshold=24.0),
        run=RunSettings(seed=seed, epochs=EPOCHS, anneal=1),
    )
    return base.changed({"network": {"parameters": {"eta_shift": 6}}})


def faster(parameters: ParameterSet, times: int) -> ParameterSet:
    """The neurons with time constants divided by `times`."""

    def shorter(decay: int) -> int:
        return round(DECAY_ONE * (decay / DECAY_ONE) ** times)

    return replace(
        parameters, alpha_n=shorter(parameters.alpha_n), beta_n=shorter(parameters.beta_n)
    )


def chips(settings: Settings) -> dict[str, Settings]:
    """The chips that the float weights are loaded on."""
    leaky = settings.changed({"network": {"parameters": faster(settings.network.parameters, 2)}})
    return {"8 bits": settings, "long tick": leaky, "4 bits": with_bits(settings, 4)}


def deployed(
    weights: NDArray[np.float64], model: Settings, chip: Settings, digits: Digits
) -> Weights:
    """Float weights of `model`, in steps of 8 bits, as the weights of a chip, int32.

    Rounded to the nearest and clipped; both have the same rows and columns.
    """
    trainer = SurrogateTrainer(chip, digits, replace(DESCENT, exact=True))
    trainer.load_weights(weights / 2 ** step_log2(model, chip.network.weight_bits))
    return trainer.module.integer_weights()
