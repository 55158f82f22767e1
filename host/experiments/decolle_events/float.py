"""The network of `decolle-events` in float: DECOLLE's layers, by autograd (Kaiser et al. 2020).

    U = P * W + b Pb - R      S = max of U over a pool >= 1      R' = alpha (R + S of each neuron)

* is a convolution, P the traces of the inputs, Pb that of an input which spikes in every tick. The
neurons, first weights, delays, readouts and ticks that learn are the chip's. What is the paper's:
exact errors, the gradient through P, AdaMax without first moment. A spike reaches the next layer a
tick later, and through a kernel with a delay so many more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, cross_entropy, max_pool2d

from axonloop.host.data import SCORING, TRAINING, DataPart, generator
from axonloop.host.network import Convolution, Network
from axonloop.host.processing import one_thread
from axonloop.host.training import Trainer
from axonloop.models.config import DECAY_ONE
from axonloop.models.reference.local import BoxSpike

Learn = Callable[[list[Tensor]], None]
BETAS = 0.0, 0.95
"""Of AdaMax, as in the paper."""


class ConvolutionBlock(nn.Module):
    """A layer of `network`: weights and biases that learn, a `readout` `(units, classes)` fixed."""

    readout: Tensor

    def __init__(self, network: Network, layer: int, readout: Tensor) -> None:
        super().__init__()
        own = network.populations[layer]
        kernels = [each for each in network.projections if each.target == own.name]
        (kernel, *_) = kernels
        assert isinstance(kernel, Convolution)
        p = own.parameters
        unit = 2.0**p.w_exp / p.theta
        weights = np.concatenate([each.weights for each in kernels], axis=1)
        self.weights = nn.Parameter(torch.tensor(weights * unit).float())
        self.bias = nn.Parameter(torch.zeros(own.channels))
        self.register_buffer("readout", readout)
        self.alpha, self.beta = p.alpha_n / DECAY_ONE, p.beta_n / DECAY_ONE
        self.box, self.pool, self.shape = p.box / p.theta, own.pool, own.unit_shape
        self.stride, self.padding = kernel.stride, kernel.padding
        self.delays = [each.delay for each in kernels]
        self.clear()

    def clear(self) -> None:
        """Forget all state, before a new batch."""
        self._past: deque[Tensor] = deque(maxlen=max(self.delays) + 1)
        self._q: Any = 0.0
        self._p: Any = 0.0
        self._on = 0.0, 0.0
        self._reset: Any = 0.0

    def forward(self, arriving: Tensor) -> tuple[Tensor, Tensor]:
        """Run a tick: the spikes of the units, and what the readout makes of them.

        Spikes in and out are `(samples, channels, height, width)`, the prediction
        `(samples, classes)`.
        """
        self._q = self.beta * self._q + self._delayed(arriving)
        self._p = self.alpha * self._p + self._q
        on = self.beta * self._on[0] + 1
        self._on = on, self.alpha * self._on[1] + on
        driven = conv2d(self._p, self.weights, self._on[1] * self.bias, self.stride, self.padding)
        potential = driven - self._reset
        fired = (potential.detach() >= 1).to(potential.dtype)
        self._reset = self.alpha * (self._reset + fired)
        largest = max_pool2d(potential, self.pool) if self.pool > 1 else potential
        spikes: Tensor = BoxSpike.apply(largest, self.box)  # type: ignore[no-untyped-call]
        return spikes.detach(), spikes.flatten(1) @ self.readout

    def _delayed(self, arriving: Tensor) -> Tensor:
        """What each kernel hears in this tick: their images, channels behind channels."""
        self._past.appendleft(arriving)
        silent = torch.zeros_like(arriving)
        heard = [self._past[d] if d < len(self._past) else silent for d in self.delays]
        return torch.cat(heard, 1) if len(heard) > 1 else heard[0]


@dataclass(frozen=True)
class EventDescent:
    """How the float network learns: epochs, samples of a batch, AdaMax's rate, its halvings."""

    epochs: int
    batch: int
    anneal: int
    rate: float


class EventNetwork:
    """The layers of a `trainer`'s network, with its first weights, readouts and objective."""

    def __init__(self, trainer: Trainer) -> None:
        network = trainer.program.plan.network
        readers = list(trainer.layers.readers.values())
        self.blocks = [
            ConvolutionBlock(network, k, torch.tensor(each.readout.weights[0].T).float())
            for k, each in enumerate(readers)
        ]
        self.shape = network.sources[0].shape
        self.objective = trainer.settings.objective
        self._kept = self.objective.readout_leak / DECAY_ONE

    def raster(self, part: DataPart, places: list[int], seed: int, *purpose: int) -> Tensor:
        """The input spikes of samples, `(ticks, samples, channels, height, width)`."""
        every = [
            part.raster(place, generator(seed, *purpose, part.number(place))) for place in places
        ]
        found = torch.from_numpy(np.stack(every, axis=1)).float()
        return found.reshape(*found.shape[:2], *self.shape)

    def run(self, raster: Tensor, learn: Learn | None = None) -> list[Tensor]:
        """The votes of every layer behind the burn-in, `(samples, classes)` each.

        `learn` gets the levels of the readouts, with gradients, in every tick that learns.
        """
        samples, quiet = raster.shape[1], self.objective.burn_in
        for block in self.blocks:
            block.clear()
        levels = votes = [torch.zeros(samples, block.readout.shape[1]) for block in self.blocks]
        spikes = [torch.zeros(samples, *block.shape) for block in self.blocks]
        for tick, arriving in enumerate(raster):
            due = learn and tick >= quiet and (tick - quiet) % self.objective.every == 0
            with torch.set_grad_enabled(bool(due)):
                came = [arriving, *spikes[:-1]]
                heard = [block(own) for block, own in zip(self.blocks, came, strict=True)]
                levels = [
                    self._kept * level.detach() + said
                    for level, (_, said) in zip(levels, heard, strict=True)
                ]
                if learn and due:
                    learn(levels)
            spikes = [own for own, _ in heard]
            if tick >= quiet:
                votes = [own + said.detach() for own, (_, said) in zip(votes, heard, strict=True)]
        return votes

    @one_thread()
    def accuracies(self, part: DataPart, batch: int) -> list[float]:
        """The share that every layer reads correctly, in 0..1."""
        right = np.zeros(len(self.blocks))
        for first in range(0, len(part), batch):
            places = list(range(first, min(first + batch, len(part))))
            votes = self.run(self.raster(part, places, 0, SCORING))
            labels = torch.tensor([part.target(place) for place in places])
            right += [int((own.argmax(1) == labels).sum()) for own in votes]
        shares: list[float] = (right / len(part)).tolist()
        return shares


@one_thread()
def descended(trainer: Trainer, how: EventDescent) -> tuple[list[float], list[list[float]]]:
    """Train the float network of a `trainer`, before that has run.

    The shares that its layers read correctly of the samples to score in the end, and those of the
    validation part after each epoch.
    """
    network, part, seed = EventNetwork(trainer), trainer.train, trainer.settings.run.seed
    assert isinstance(part, DataPart)
    assert isinstance(trainer.validation, DataPart)
    assert isinstance(trainer.test, DataPart)
    parameters = [each for block in network.blocks for each in block.parameters()]
    adamax = torch.optim.Adamax(parameters, how.rate, BETAS)
    curve = []
    for epoch in range(how.epochs):
        for group in adamax.param_groups:
            group["lr"] = how.rate / 2 ** (epoch // how.anneal)
        order = part.order(seed, epoch)
        batches = len(order) // how.batch
        for number in range(batches):
            places = order[number * how.batch : (number + 1) * how.batch].tolist()
            labels = torch.tensor([part.target(place) for place in places])

            def learn(levels: list[Tensor], labels: Tensor = labels) -> None:
                scale = network.objective.logit_scale
                adamax.zero_grad()
                losses = [cross_entropy(scale * level, labels) for level in levels]
                torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
                adamax.step()

            network.run(network.raster(part, places, seed, TRAINING, epoch), learn)
        curve.append(network.accuracies(trainer.validation, how.batch))
    return network.accuracies(trainer.test, how.batch), curve
