"""Spikes at wanted times in float: the rules that the chip's is held against."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from axonloop.host.experiments.spike_timing.chip import (
    SpikeTimes,
    pattern_of,
    program_of,
    wanted_of,
)
from axonloop.host.processing import one_thread
from axonloop.models.config import DECAY_ONE
from axonloop.models.reference import AxonTraces, DoubleExponential, Lif, LifConstants, SuperSpike

STEEPNESS = 1.0
"""Of SuperSpike's surrogate."""


class AxonSpike:
    """SuperSpike with a trace per axon: the eligibility is not filtered as the error is."""

    def __init__(self, network: Lif, rise: float, fall: float) -> None:
        self._traces, self._error = AxonTraces(network), DoubleExponential(rise, fall)
        self.distance = 0.0

    def step(self, arriving: Tensor, wanted: Tensor) -> Tensor:
        """Run a tick with inputs and wanted spikes; the step of learning, `(inputs, neurons)`."""
        error = self._error.step(self._traces.step(arriving) - wanted)
        self.distance += float(error.square().sum()) / 2
        return self._traces.gradient(error)


RULES: dict[str, tuple[Callable[[Lif, float, float], SuperSpike | AxonSpike], float]] = {
    "SuperSpike": (SuperSpike, 1e-3),
    "one trace per axon": (AxonSpike, 1e-2),
}
"""The rules, and their rates of learning."""


def network_of(task: SpikeTimes) -> Lif:
    """The chip's network with its first weights, in units of theta."""
    own = task.parameters
    (projection,) = program_of(task).plan.network.projections
    weights = torch.tensor(projection.weights * 2**own.w_exp / own.theta, dtype=torch.float64)
    decays = own.alpha_n / DECAY_ONE, own.beta_n / DECAY_ONE
    return Lif(weights, None, LifConstants(*decays, steepness=STEEPNESS))


@one_thread()
def float_distances(
    task: SpikeTimes, rule: str, epochs: int, progress: Callable[[str, int, int], None]
) -> list[float]:
    """Van Rossum's distance in each pass; with 0 it stays at 0, so the run ends there."""
    kind, rate = RULES[rule]
    network = network_of(task)
    arriving = torch.from_numpy(pattern_of(task)).to(torch.float64)
    wanted = torch.from_numpy(wanted_of(task)).to(torch.float64)
    found: list[float] = []
    for epoch in range(epochs):
        learner = kind(network, task.rise / DECAY_ONE, task.fall / DECAY_ONE)
        for tick in range(task.ticks):
            network.weights.sub_(learner.step(arriving[tick], wanted[tick]), alpha=rate)
        found.append(2 * learner.distance)
        progress("descend", epoch + 1, epochs)
        if not learner.distance:
            break
    return found
