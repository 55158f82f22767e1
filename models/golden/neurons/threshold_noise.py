"""The noise at the threshold: neurons that spike with a logistic probability (section 5, step 3).

Neftci 2018, equation 3: a stochastic neuron spikes with the probability rho(U).
"""

from __future__ import annotations

import numpy as np

from axonloop.models.config import CoreConfig, Purpose
from axonloop.models.golden.arithmetic import Int64Array, noise, per_neuron

_STEPS = np.arange(256)
LOGISTIC = np.rint(32 * np.log((2 * _STEPS + 1) / (511 - 2 * _STEPS))).astype(np.int64)
"""L: the inverse of the logistic function at 256 steps between 0 and 1, in 1/32."""


class ThresholdNoise:
    """Draws N of every neuron; 0 in a build without."""

    def __init__(self, config: CoreConfig) -> None:
        self.configure(config)

    def configure(self, config: CoreConfig) -> None:
        """Take over the temperatures of the groups' parameter sets."""
        self._core = config.core
        self.temperature = per_neuron(config, "temperature")
        self._neurons = np.arange(config.geometry.neurons)
        self._silent = not self.temperature.any()
        self._none: Int64Array = np.zeros(config.geometry.neurons, dtype=np.int64)

    def draw(self, seed: int, tick: int) -> Int64Array:
        """N of a tick: int64 `(neurons,)`."""
        if self._silent:
            return self._none
        random = noise(seed, tick, self._core, self._neurons, 0, Purpose.THRESHOLD)[0]
        drawn: Int64Array = self.temperature * LOGISTIC[random & 0xFF] >> 5
        return drawn
