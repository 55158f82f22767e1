"""Spikes at wanted times (Neftci 2018, figure 3; Zenke & Ganguli 2018): the task.

One fixed Poisson pattern feeds a few neurons, each of which is to spike at times of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from axonloop.host.data import BUILDING, TRAINING, generator
from axonloop.host.network import (
    Network,
    Population,
    Program,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
    uniform_weights,
)
from axonloop.host.processing import Flags
from axonloop.models.checks import require, require_range
from axonloop.models.config import Mesh, ParameterSet, ResetMode

NAME = "output"
NEURON = ParameterSet(
    alpha_n=3400,
    beta_n=2458,
    gamma=3400,
    rho=1024,
    theta=1024,
    box=4096,
    w_exp=4,
    reset_mode=ResetMode.NONE,
    alpha_p=3400,
    beta_p=2458,
    q_inc=512,
    p_shift=0,
    pq_shift=4,
    eta_shift=7,
)
"""Traces decay as the states do. The box is wide: a neuron at rest must hear a missing spike."""


@dataclass(frozen=True)
class SpikeTimes:
    """The task; the defaults were found with seeds above 10.

    `rate` of the input in spikes per tick; each neuron has `wanted` spikes, at least `apart` ticks
    from one to the next and none in the first `lead`. First weights are even in +-`weight_span`;
    `rise` and `fall` are decays in 1/4096. Raises ValueError out of range.
    """

    seed: int = 1
    ticks: int = 500
    inputs: int = 256
    neurons: int = 4
    wanted: int = 6
    lead: int = 40
    apart: int = 30
    rate: float = 0.01
    weight_span: int = 8
    rise: int = 1638
    fall: int = 2867
    parameters: ParameterSet = field(default=NEURON)

    def __post_init__(self) -> None:
        require_range("seed", self.seed, 0, 2**32 - 1)
        require(0 < self.rate <= 1, "rate of the input", "above 0 and at most 1", self.rate)
        room = self.lead + self.wanted * self.apart
        require_range("ticks", self.ticks, room, 1_000_000)


def pattern_of(task: SpikeTimes) -> Flags:
    """The input: bool `(ticks, inputs)`."""
    random = generator(task.seed, TRAINING, 0)
    raster: Flags = random.random((task.ticks, task.inputs)) < task.rate
    return raster


def wanted_of(task: SpikeTimes) -> Flags:
    """Who is to spike when: bool `(ticks, neurons)`, drawn evenly from all that keep apart."""
    random = generator(task.seed, TRAINING, 1)
    raster = np.zeros((task.ticks, task.neurons), dtype=bool)
    free = task.ticks - task.lead - (task.wanted - 1) * (task.apart - 1)
    for neuron in range(task.neurons):
        places = np.sort(random.choice(free, task.wanted, replace=False))
        raster[task.lead + places + np.arange(task.wanted) * (task.apart - 1), neuron] = True
    return raster


def program_of(task: SpikeTimes) -> Program:
    """Inputs and neurons on the smallest core that holds them."""
    weights = uniform_weights(
        generator(task.seed, BUILDING, 0), task.inputs, task.neurons, task.weight_span
    )
    network = Network(
        (Source("input", task.inputs),),
        (Population(NAME, task.neurons, task.parameters, bias=False),),
        (Projection("input", NAME, weights),),
        task.seed,
    )
    geometry = smallest_geometry(network, Mesh(), 4)
    return compile_network(network, geometry, Mesh())


def offsets(spikes: Flags, wanted: Flags) -> list[int]:
    """Ticks from each wanted spike to the nearest one of its neuron, neuron by neuron.

    A neuron that is silent is off by the number of ticks.
    """
    found = []
    for own, aim in zip(spikes.T, wanted.T, strict=True):
        (at,) = own.nonzero()
        for place in aim.nonzero()[0]:
            found.append(int(np.abs(at - place).min(initial=len(own))))
    return found
