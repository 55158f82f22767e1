"""A task on events for layers of convolutions that learn by DECOLLE: data, network, settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from axonloop.host.configuration import NetworkSettings, ObjectiveSettings, RunSettings, Settings
from axonloop.host.data import BUILDING, DataDescription, EventBins, generator
from axonloop.host.network import Convolution, Network, Population, Source, uniform_kernel
from axonloop.models.config import ParameterSet

LANES = 8


@dataclass(frozen=True)
class EventLayer:
    """A layer: channels, width of its kernels, pools, stride and padding, and its first weights.

    These are drawn from -`span` to `span` and added up in 2^`gain`. `padding` is None for half a
    kernel; `eta_shift` is the layer's own, or None for that of all. Each of `delays` has a kernel
    of its own, which hears the image so many ticks late: two of them tell one direction of a
    motion from the other.
    """

    channels: int
    kernel: int
    span: int
    gain: int
    pool: int = 1
    stride: int = 1
    padding: int | None = None
    eta_shift: int | None = None
    delays: tuple[int, ...] = (0,)

    @property
    def margin(self) -> int:
        """Pixels without spikes around what its kernels see."""
        return self.kernel // 2 if self.padding is None else self.padding

    def parameters(self, neuron: ParameterSet) -> ParameterSet:
        """A neuron with the layer's gain and learning rate."""
        shift = neuron.eta_shift if self.eta_shift is None else self.eta_shift
        return replace(neuron, w_exp=self.gain, eta_shift=shift)

    def positions(self, image: tuple[int, ...]) -> tuple[int, int]:
        """Rows and columns of its neurons above an image of `(channels, height, width)`."""
        height, width = (
            (side + 2 * self.margin - self.kernel) // self.stride + 1 for side in image[1:]
        )
        return height, width


@dataclass(frozen=True)
class EventTask:
    """What an experiment learns, and how.

    The generated `set`, or the published one of `format` in a folder, becomes rasters of `ticks`
    by `bins`, images of `(polarities, height, width)`. The chip's learning rate is halved after
    every `anneal` of `epochs`, as is AdaMax's `rate` of the network in float; `batch` samples
    learn at once, weights of `weight_bits` on the chip.
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
    weight_bits: int = 8

    def description(self, folder: str = "", limit: int | None = None) -> DataDescription:
        """The generated set, or the published one in a `folder`; `limit` samples of each part."""
        made = "" if folder else self.set
        return DataDescription(
            folder, set=made, format=self.format, ticks=self.ticks, events=self.bins, limit=limit
        )

    def settings(self, seed: int, data: DataDescription) -> Settings:
        """How the network learns."""
        return Settings(
            NetworkSettings(lanes=LANES, weight_bits=self.weight_bits),
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
            population = Population.image(
                names[k + 1],
                (own.channels, *own.positions(before)),
                own.parameters(self.neuron),
                pool=own.pool,
            )
            kernels += [
                Convolution(
                    names[k],
                    names[k + 1],
                    uniform_kernel(random, own.channels, before[0], own.kernel, own.span),
                    delay=delay,
                    stride=own.stride,
                    padding=own.margin,
                )
                for delay in own.delays
            ]
            populations.append(population)
            before = population.unit_shape
        return Network(
            (Source.image("retina", self.image),), tuple(populations), tuple(kernels), seed
        )


def sizes(network: Network) -> list[tuple[int, int]]:
    """Neurons and weights, biases included, of every layer."""
    found = []
    for own in network.populations:
        kernels = [each.weights for each in network.projections if each.target == own.name]
        found.append((own.size, sum(int(each.size) for each in kernels) + own.channels))
    return found
