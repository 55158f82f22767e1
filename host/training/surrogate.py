"""Training off the chip: backpropagation through time in its own integers, or in their float twin.

The network, its input spikes, its first weights and its readout are those of `train digits` with
the same settings. The loss is the cross-entropy of what the scorer decides by: the votes of the
last layer's fixed readout over all ticks after the burn-in, times `scale`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host.configuration import Settings
from axonloop.host.data import SCORING, SHUFFLING, TRAINING, Digits, Part, generator
from axonloop.host.processing import CROSS_ENTROPY
from axonloop.host.training.from_settings import (
    encoder_of,
    layers_of,
    program_of,
)
from axonloop.host.training.inputs import parts_of, rasters
from axonloop.models.checks import require, require_number, require_range
from axonloop.models.config import Rounding
from axonloop.sim.surrogate import FLOAT, SurrogateChip

CHUNK = 256
"""Samples scored at a time."""


@dataclass(frozen=True)
class Descent:
    """How to train off the chip: Adam with steps of `rate` weight steps, halved per cosine.

    With `exact` the forward pass is the chip's, weights rounded by `rounding`; without, it is the
    float twin. Raises ValueError for values out of range.
    """

    epochs: int = 15
    batch: int = 32
    rate: float = 1.0
    scale: float = 0.01
    steepness: float = 5.0
    exact: bool = True
    rounding: Rounding = Rounding.NEAREST

    def __post_init__(self) -> None:
        require_range("epochs off the chip", self.epochs, 0, 1_000_000)
        require_range("batch", self.batch, 1, 1_000_000)
        for name in ("rate", "scale"):
            value = getattr(self, name)
            require_number(name, value)
            require(value > 0, name, "above 0", value)


@dataclass
class SurrogateTrainer:
    """Trains the network of `settings` off the chip; `module` holds the weights.

    `readout` `(neurons of the last layer, classes)` stands in for the fixed random one.
    """

    settings: Settings
    digits: Digits
    descent: Descent = field(default_factory=Descent)
    readout: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        torch.set_num_threads(1)  # more cost time at these sizes
        settings, descent = self.settings, self.descent
        self.program = program_of(settings)
        self.train, self.test = parts_of(settings, self.digits)
        self.module = SurrogateChip(
            self.program.config,
            self.program.weights,
            descent.exact,
            descent.rounding,
            descent.steepness,
            torch.Generator().manual_seed(settings.run.seed),
        )
        (name, reader), *_ = reversed(layers_of([settings], [self.program]).readers.items())
        self._neurons = torch.tensor(self.program.neurons[name], dtype=torch.int64)
        readout = reader.readout.weights[0].T if self.readout is None else self.readout
        self._readout = torch.tensor(readout, dtype=FLOAT)
        self._encoder = encoder_of(settings)

    def load_weights(self, weights: NDArray[np.float64]) -> None:
        """Start from other weights, in steps of the chip's: `(axons, neurons of a core)`."""
        with torch.no_grad():
            self.module.weights.copy_(torch.from_numpy(weights))

    def run(self, progress: Callable[[str, int, int], None] = lambda *_: None) -> None:
        """Train for all epochs; `progress` is told "train", batches done, and their number."""
        descent = self.descent
        batches = -(-len(self.train) // descent.batch)
        total = descent.epochs * batches
        adam = torch.optim.Adam([self.module.weights], descent.rate)
        pace = torch.optim.lr_scheduler.CosineAnnealingLR(adam, max(1, total))
        done = 0
        for epoch in range(descent.epochs):
            seed = self.settings.run.seed
            order = generator(seed, SHUFFLING, epoch).permutation(len(self.train))
            for places in np.array_split(order, batches):
                part = self.train.at(places)
                randoms = [
                    generator(seed, TRAINING, epoch, index) for index in part.indices.tolist()
                ]
                self._descend(part, randoms, adam)
                pace.step()
                done += 1
                progress("train", done, total)

    def _descend(
        self, part: Part, randoms: list[np.random.Generator], adam: torch.optim.Optimizer
    ) -> None:
        adam.zero_grad()
        logits = self.votes(part, randoms) * self.descent.scale
        loss = CROSS_ENTROPY(logits, torch.tensor(part.labels, dtype=torch.int64))
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        if self.descent.exact:
            self.module.clip_weights()

    def votes(self, part: Part, randoms: list[np.random.Generator]) -> torch.Tensor:
        """What the readout heard of each class after the burn-in, `(samples, classes)`."""
        raster = rasters(self.program, self._encoder, part, randoms)
        spikes = self.module(torch.from_numpy(raster))
        counts = spikes[self.settings.objective.burn_in :].sum(0)
        votes: torch.Tensor = counts[:, self._neurons] @ self._readout
        return votes

    @torch.no_grad()
    def accuracy(self, part: Part) -> float:
        """Share of a part read correctly, in 0..1, with the spikes that `Scorer` sends."""
        right = 0
        self.module.eval()
        for first in range(0, len(part), CHUNK):
            chunk = part.at(np.arange(first, min(first + CHUNK, len(part))))
            seed = self.settings.run.seed
            randoms = [generator(seed, SCORING, index) for index in chunk.indices.tolist()]
            answers = self.votes(chunk, randoms).argmax(1).numpy()
            right += int((answers == chunk.labels).sum())
        self.module.train()
        return right / len(part)
