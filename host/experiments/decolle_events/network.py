"""The network of `decolle-events`: three convolutions with readouts and errors of their own.

Events of a camera of 34 x 34 pixels and two polarities, summed over 3 x 3 pixels and 10 ms, go
through 16 channels in pools of 2 x 2, 32 in pools of 2 x 2, and 64; all on one core of 4,032
neurons and 23,952 weights. All was chosen on the validation part with seed 11.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from axonloop.host.configuration import NetworkSettings, ObjectiveSettings, RunSettings, Settings
from axonloop.host.data import BUILDING, DataDescription, generator
from axonloop.host.data.formats import SETS
from axonloop.host.network import Convolution, Network, Population, Source, uniform_kernel
from axonloop.models.config import ParameterSet, ResetMode

SUMMED, TICK_US, TICKS = 3, 10_000.0, 30
IMAGE = (2, 12, 12)
"""A sample's image: 34 pixels, summed by three."""
CHANNELS, KERNELS, POOLS = (16, 32, 64), (5, 3, 3), (2, 2, 1)
SPANS, GAINS = (20, 12, 12), (4, 3, 3)
"""The largest first weights, and the shift that they are added up with."""
NEURON = ParameterSet(
    alpha_n=3686,
    beta_n=2867,
    theta=1536,
    box=1536,
    reset_mode=ResetMode.SUBTRACT,
    alpha_p=3482,
    beta_p=1024,
    q_inc=256,
    p_shift=2,
    pq_shift=4,
    pq_on=4,
    eta_shift=12,
)
OBJECTIVE = ObjectiveSettings(
    burn_in=5, every=3, logit_scale=0.03, errors="dense", error_limit=127, threshold=1 / 16
)
LANES, WEIGHT_BITS = 8, 8


def description_of(folder: str = "", limit: int | None = None) -> DataDescription:
    """The saccades of generated digits, or those of N-MNIST in a `folder`."""
    name = "n-mnist"
    bins = replace(SETS[name].bins, pool=SUMMED, tick_us=TICK_US)
    made = "" if folder else "saccade-digits"
    return DataDescription(folder, set=made, format=name, ticks=TICKS, events=bins, limit=limit)


def settings_of(seed: int, epochs: int, anneal: int, data: DataDescription) -> Settings:
    """How the network learns; the learning rate is halved after every `anneal` epochs."""
    return Settings(
        NetworkSettings(lanes=LANES, weight_bits=WEIGHT_BITS),
        objective=OBJECTIVE,
        run=RunSettings(seed=seed, epochs=epochs, anneal=anneal),
        data=data,
    )


def network_of(seed: int) -> Network:
    """The network with the first weights of a seed."""
    random, before = generator(seed, BUILDING, 0), IMAGE
    populations, kernels = [], []
    names = ["retina", *(f"layer{k + 1}" for k in range(len(CHANNELS)))]
    for k, (channels, kernel, pool) in enumerate(zip(CHANNELS, KERNELS, POOLS, strict=True)):
        own = Population.image(
            names[k + 1], (channels, *before[1:]), replace(NEURON, w_exp=GAINS[k]), pool=pool
        )
        weights = uniform_kernel(random, channels, before[0], kernel, SPANS[k])
        kernels.append(Convolution(names[k], names[k + 1], weights, padding=kernel // 2))
        populations.append(own)
        _, high, wide = own.unit_shape
        before = channels, high, wide
    return Network((Source.image("retina", IMAGE),), tuple(populations), tuple(kernels), seed)


def sizes(network: Network) -> list[tuple[int, int]]:
    """Neurons and weights, biases included, of every layer."""
    pairs = zip(network.populations, network.projections, strict=True)
    return [(own.size, int(np.size(each.weights)) + own.channels) for own, each in pairs]
