"""The neuron sweep: current, membrane, reset trace, countdown, boxcar and spikes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import CoreConfig, ResetMode
from axonloop.models.golden.arithmetic import Int64Array, decay, per_neuron, saturate
from axonloop.models.golden.neurons.pools import Pools

_ZERO = np.int64(0)


class Neurons:
    """State arrays `(neurons,)`: `current`, `membrane`, `reset`, `countdown`, `box`, `spike`."""

    def __init__(self, config: CoreConfig) -> None:
        self.geometry = config.geometry
        self.clear()
        self.configure(config)

    def clear(self) -> None:
        """Zero all state."""
        count = self.geometry.neurons
        self.current: Int64Array = np.zeros(count, dtype=np.int64)
        self.membrane: Int64Array = np.zeros(count, dtype=np.int64)
        self.reset: Int64Array = np.zeros(count, dtype=np.int64)
        self.countdown: Int64Array = np.zeros(count, dtype=np.int64)
        self.box: NDArray[np.bool_] = np.zeros(count, dtype=bool)
        self.spike: NDArray[np.bool_] = np.zeros(count, dtype=bool)

    def configure(self, config: CoreConfig) -> None:
        """Take over the groups' parameter sets, the bias and the pools."""
        self._pools = Pools(config) if any(c.pool > 1 for c in config.convolutions) else None
        self.alpha_n = per_neuron(config, "alpha_n")
        self.beta_n = per_neuron(config, "beta_n")
        self.gamma = per_neuron(config, "gamma")
        self.rho = per_neuron(config, "rho")
        self.theta = per_neuron(config, "theta")
        self.box_width = per_neuron(config, "box")
        self.w_exp = per_neuron(config, "w_exp")
        self.i_shift = per_neuron(config, "i_shift")
        self.reset_mode = per_neuron(config, "reset_mode")
        self.refractory = per_neuron(config, "refractory")
        self.bias = np.array(config.bias, dtype=np.int64)

    def step(self, acc: Int64Array, noise: Int64Array | int = 0) -> tuple[int, int]:
        """Run one tick with the sums `acc` and, at the threshold, `noise`, both `(neurons,)`.

        Returns how many neurons spiked and how many state words were clipped.
        """
        limit = self.geometry.state_max
        current, clipped_i = saturate(decay(self.current, self.beta_n) + (acc << self.w_exp), limit)
        free = self.countdown == 0
        drive = decay(self.membrane, self.alpha_n) + (current >> self.i_shift) + self.bias
        membrane, clipped_v = saturate(drive, limit)
        membrane = np.where(free, membrane, self.membrane)
        above = membrane - self.reset - self.theta
        spike = (above + noise >= 0) & free
        box = np.abs(above) < self.box_width
        if self._pools:
            box &= self._pools.largest(above + self.theta)
        reset, clipped_r = saturate(decay(self.reset, self.gamma) + self.rho * spike, limit)
        countdown = np.maximum(self.countdown - 1, 0)
        fired = spike.nonzero()[0]
        membrane[fired], below = self._after_spike(membrane[fired], fired)
        clipped_v[fired] |= below
        countdown[fired] = self.refractory[fired]
        self.current, self.membrane, self.reset = current, membrane, reset
        self.countdown, self.box, self.spike = countdown, box, spike
        clipped = (np.count_nonzero(c) for c in (clipped_i, clipped_v & free, clipped_r))
        return len(fired), int(sum(clipped))

    def _after_spike(
        self, membrane: Int64Array, fired: Int64Array
    ) -> tuple[Int64Array, NDArray[np.bool_]]:
        """V of the neurons `fired`, by reset mode: kept, 0, or less the threshold; also clips.

        Without noise V - theta is in range: the neuron fired, so it is at least R.
        """
        less, mode = membrane - self.theta[fired], self.reset_mode[fired]
        below = np.zeros(len(fired), dtype=bool)
        if self.geometry.threshold_noise:
            less, below = saturate(less, self.geometry.state_max)
        return np.choose(mode, (membrane, _ZERO, less)), below & (mode == ResetMode.SUBTRACT)
