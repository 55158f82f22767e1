"""The float twin of the chip's network on words: backpropagation through time off the chip.

`training.SurrogateTrainer` encodes images; words are spikes already. Network, first weights, fixed
readout, and the loss on what it heard behind the burn-in, are those of the chip.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress
from axonloop.host.data import SCORING, TRAINING, Data, DataPart, generator
from axonloop.host.processing import CROSS_ENTROPY, one_thread
from axonloop.host.training import (
    Descent,
    Weights,
    descend,
    layers_of,
    program_of,
    shuffled,
    wire,
)
from axonloop.sim.surrogate import FLOAT, SurrogateChip

CHUNK = 128
"""Words scored at a time."""


class WordTwin:
    """The network of `settings`, which trains on the words of `data` as `descent` says."""

    def __init__(self, settings: Settings, data: Data, descent: Descent) -> None:
        self.settings, self.descent = settings, descent
        self.train = data.train
        self.final = data.validation if settings.task.tune else data.test
        self._program = program_of(settings)
        config, first = self._program.config, self._program.weights
        self.module = SurrogateChip(config, first, exact=False, steepness=descent.steepness)
        layers = layers_of([settings], [self._program])
        ((name, reader),) = layers.readers.items()
        self._neurons = torch.tensor(self._program.neurons[name], dtype=torch.int64)
        self._readout = torch.tensor(reader.readout.weights[0].T, dtype=FLOAT)

    def run(self, progress: Progress) -> None:
        """Train for all epochs; the rate falls with every batch, of which `progress` is told."""
        own, seed = self.descent, self.settings.run.seed
        batches = -(-len(self.train) // own.batch)
        rounds = (
            [places]
            for epoch in range(own.epochs)
            for places in np.array_split(shuffled(len(self.train), seed, epoch), batches)
        )
        adam = torch.optim.Adam([self.module.weights], own.rate)
        descend(adam, rounds, own.epochs * batches, self._gradient, progress)

    def _gradient(self, places: NDArray[np.int64]) -> None:
        labels = torch.tensor([self.train.target(place) for place in places.tolist()])
        logits = self._votes(self.train, places.tolist(), TRAINING) * self.descent.scale
        CROSS_ENTROPY(logits, labels).backward()  # type: ignore[no-untyped-call]

    def _votes(self, part: DataPart, places: Iterable[int], purpose: int) -> torch.Tensor:
        """What the readout heard of each class behind the burn-in, `(words, classes)`."""
        program = self._program
        sources = [each.name for each in program.plan.network.sources]
        own = [(place, generator(0, purpose, part.number(place))) for place in places]
        shape = (self.settings.task.ticks, len(own), program.config.axons)
        raster = np.zeros(shape, dtype=bool)
        for k, (place, random) in enumerate(own):
            wire(program, sources, part.raster(place, random), raster[:, k])
        spikes = self.module(torch.from_numpy(raster))[self.settings.objective.burn_in :]
        votes: torch.Tensor = spikes.sum(0)[:, self._neurons] @ self._readout
        return votes

    @one_thread()
    @torch.no_grad()
    def accuracy(self) -> float:
        """The share read correctly, in 0..1, of the part that is scored in the end."""
        right, count = 0, len(self.final)
        for first in range(0, count, CHUNK):
            places = range(first, min(first + CHUNK, count))
            answers = self._votes(self.final, places, SCORING).argmax(1).tolist()
            right += sum(self.final.target(k) == a for k, a in zip(places, answers, strict=True))
        return right / count

    def deployed(self) -> Weights:
        """The weights rounded to those of the chip, int32 `(axons, neurons of a core)`."""
        return self.module.integer_weights()
