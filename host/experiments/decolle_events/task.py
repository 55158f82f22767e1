"""A task on events for layers of convolutions that learn by DECOLLE: data, network, settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from axonloop.host.configuration import NetworkSettings, ObjectiveSettings, RunSettings, Settings
from axonloop.host.data import BUILDING, DataDescription, EventBins, generator
from axonloop.host.network import Convolution, Network, Population, Source, uniform_kernel
from axonloop.models.config import ParameterSet

LANES, WEIGHT_BITS = 8, 8


@dataclass(frozen=True)
class EventLayer:
    """A layer: channels, width of its kernels, pools and stride, and its first weights.

    These are drawn from -`span` to `span` and added up in 2^`gain`.
    """

    channels: int
    kernel: int
    span: int
    gain: int
    pool: int = 1
    stride: int = 1


@dataclass(frozen=True)
class EventTask:
    """What an experiment learns, and how.

    The generated `set`, or the published one of `format` in a folder, becomes rasters of `ticks`
    by `bins`, images of `(polarities, height, width)`. The chip's learning rate is halved after
    every `anneal` of `epochs`, as is AdaMax's `rate` of the network in float; `batch` samples
    learn at once.
    """

    set: str
    format: str
    bins: EventBins
    ticks: int
    image: tuple[int, int, int]
    layers: tuple[EventLayer, ...]
    neuron: ParameterSet
    objective: ObjectiveSettings
    epochs: int
    anneal: int
    rate: float
    batch: int = 32

    def description(self, folder: str = "", limit: int | None = None) -> DataDescription:
        """The generated set, or the published one in a `folder`; `limit` samples of each part."""
        made = "" if folder else self.set
        return DataDescription(
            folder, set=made, format=self.format, ticks=self.ticks, events=self.bins, limit=limit
        )

    def settings(self, seed: int, data: DataDescription) -> Settings:
        """How the network learns."""
        return Settings(
            NetworkSettings(lanes=LANES, weight_bits=WEIGHT_BITS),
            objective=self.objective,
            run=RunSettings(seed=seed, epochs=self.epochs, anneal=self.anneal),
            data=data,
        )

    def network(self, seed: int) -> Network:
        """The network with the first weights of a seed."""
        random = generator(seed, BUILDING, 0)
        before: tuple[int, ...] = self.image
        populations, kernels = [], []
        names = ["retina", *(f"layer{k + 1}" for k in range(len(self.layers)))]
        for k, own in enumerate(self.layers):
            rows, columns = (-(-side // own.stride) for side in before[1:])
            population = Population.image(
                names[k + 1],
                (own.channels, rows, columns),
                replace(self.neuron, w_exp=own.gain),
                pool=own.pool,
            )
            weights = uniform_kernel(random, own.channels, before[0], own.kernel, own.span)
            kernels.append(
                Convolution(
                    names[k], names[k + 1], weights, stride=own.stride, padding=own.kernel // 2
                )
            )
            populations.append(population)
            before = population.unit_shape
        return Network(
            (Source.image("retina", self.image),), tuple(populations), tuple(kernels), seed
        )


def sizes(network: Network) -> list[tuple[int, int]]:
    """Neurons and weights, biases included, of every layer."""
    pairs = zip(network.populations, network.projections, strict=True)
    return [(own.size, int(np.size(each.weights)) + own.channels) for own, each in pairs]
