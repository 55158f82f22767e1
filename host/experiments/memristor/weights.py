"""Weights that the chip learned, for what is shown on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.host.configuration import Settings
from axonloop.host.data import split_digits
from axonloop.host.devices import GoldenDevice
from axonloop.host.training import lone_trainer, program_of


def digits_weights(samples: int, seed: int = 1) -> tuple[NDArray[np.float64], int]:
    """The weights of 64 neurons after an epoch of so many digits, and the largest there can be."""
    changes = {"network": {"layers": (64,)}, "task": {"limit": samples}}
    settings = Settings().changed(changes | {"run": {"epochs": 1, "seed": seed}})
    program = program_of(settings)
    with GoldenDevice(program.config) as device:
        lone_trainer(device, settings, split_digits()).run()
        weights = device.read_weights()
    kept = weights[weights != program.geometry.no_synapse]
    return kept.astype(np.float64), program.geometry.weight_max
