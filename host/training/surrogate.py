"""Training off the chip: backpropagation through time in its own integers, or in their float twin.

The network, its input spikes, its first weights and its readout are those of `train digits` with
the same settings. The loss is the cross-entropy of what the scorer decides by: the votes of the
last layer's fixed readout over all ticks after the burn-in, times `scale`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress
from axonloop.host.data import SCORING, TRAINING, Digits, Part
from axonloop.host.processing import CROSS_ENTROPY, Flags, one_thread
from axonloop.host.training.descent import descend, silent
from axonloop.host.training.from_settings import (
    encoder_of,
    layers_of,
    program_of,
)
from axonloop.host.training.inputs import parts_of, rasters
from axonloop.host.training.task import shuffled
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
        settings, descent = self.settings, self.descent
        learned = settings.objective.readout_rate
        require(learned == 0, "readout_rate", "0 for a readout that is fixed", learned)
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

    def run(self, progress: Progress = silent) -> None:
        """Train for all epochs; `progress` is told of every batch, whose rate is its own."""
        descent, samples = self.descent, len(self.train)
        batches = -(-samples // descent.batch)
        rounds = (
            [(epoch, places)]
            for epoch in range(descent.epochs)
            for places in np.array_split(shuffled(samples, self.settings.run.seed, epoch), batches)
        )
        adam = torch.optim.Adam([self.module.weights], descent.rate)
        if descent.exact:
            adam.register_step_post_hook(lambda *_: self.module.clip_weights())
        descend(adam, rounds, descent.epochs * batches, self._gradient, progress)

    def _gradient(self, batch: tuple[int, NDArray[np.int64]]) -> None:
        """That of the loss of an epoch's batch."""
        epoch, places = batch
        part = self.train.at(places)
        logits = self.votes(part, TRAINING, epoch) * self.descent.scale
        loss = CROSS_ENTROPY(logits, torch.tensor(part.labels, dtype=torch.int64))
        loss.backward()  # type: ignore[no-untyped-call]

    @one_thread()
    def votes(self, part: Part, *purpose: int) -> torch.Tensor:
        """What the readout heard of each class after the burn-in, `(samples, classes)`.

        `purpose` decides about the random numbers of the input spikes, as in `rasters`.
        """
        raster = rasters(self.program, self._encoder, part, self.settings.run.seed, *purpose)
        spikes = self.spikes(raster)
        counts = spikes[self.settings.objective.burn_in :].sum(0)
        votes: torch.Tensor = counts[:, self._neurons] @ self._readout
        return votes

    def spikes(self, raster: Flags) -> torch.Tensor:
        """Those of all neurons, `(ticks, samples, neurons)`, of the host's `(.., axons)`."""
        found: torch.Tensor = self.module(torch.from_numpy(raster))
        return found

    @one_thread()
    @torch.no_grad()
    def accuracy(self, part: Part) -> float:
        """Share of a part read correctly, in 0..1, with the spikes that a device is scored with."""
        right = 0
        self.module.eval()
        for first in range(0, len(part), CHUNK):
            chunk = part.at(np.arange(first, min(first + CHUNK, len(part))))
            answers = self.votes(chunk, SCORING).argmax(1).numpy()
            right += int((answers == chunk.labels).sum())
        self.module.train()
        return right / len(part)
