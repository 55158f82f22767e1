"""The trace of the neurons' own spikes: Z, for the terms of a learning rule."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import CoreConfig
from axonloop.models.golden.arithmetic import (
    Int64Array,
    decay_unsigned,
    per_neuron,
    saturate_unsigned,
)


class NeuronTrace:
    """State array `trace_z` `(neurons,)`, trace_bits, unsigned; 0 in a build without terms."""

    def __init__(self, config: CoreConfig) -> None:
        self.geometry = config.geometry
        self.clear()
        self.configure(config)

    def clear(self) -> None:
        """Zero all state."""
        self.trace_z: Int64Array = np.zeros(self.geometry.neurons, dtype=np.int64)

    def configure(self, config: CoreConfig) -> None:
        """Take over the groups' parameter sets."""
        self.zeta = per_neuron(config, "zeta")
        self.z_inc = per_neuron(config, "z_inc")
        self.z_shift = per_neuron(config, "z_shift")

    def step(self, spike: NDArray[np.bool_]) -> int:
        """Run one tick with the neurons' spikes, bool `(neurons,)`; return the number of clips."""
        if not self.geometry.terms:
            return 0
        raised = decay_unsigned(self.trace_z, self.zeta) + self.z_inc * spike
        self.trace_z, clipped = saturate_unsigned(raised, self.geometry.trace_max)
        return clipped

    def factor(self) -> Int64Array:
        """Zq, the shifted trace: int64 `(neurons,)`, at most error_max."""
        shifted: Int64Array = np.minimum(self.trace_z >> self.z_shift, self.geometry.error_max)
        return shifted
