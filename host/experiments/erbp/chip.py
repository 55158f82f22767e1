"""Event-driven random backpropagation on the chip (Neftci et al. 2017; Neftci 2018, figure 1).

Two populations in a chain, both on the chip and both plastic: hidden neurons and an output neuron
per class, the learned readout. The host holds the error neurons, one of each sign per output, and
nothing else:

    e_c' = e_c + S_c - rate of the label      an error spike of sign e where |e| >= threshold,
                                              which is taken off
    E_c  = error spike of output c            to output neurons
    E_i  = sum over c of G_ic E_c             to hidden neurons: G is random and fixed

Each error event meets box and trace on the chip. So no neuron needs a weight of another, and what
the error neurons say is one global event per output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.host.console import Progress
from axonloop.host.data import BUILDING, SCORING, SHUFFLING, TRAINING, Digits, Part, generator
from axonloop.host.devices import SpikeChain, weight_hash
from axonloop.host.processing import fixed_readout, whole_steps
from axonloop.host.training import (
    Copies,
    Flags,
    Settings,
    chip_config,
    encoder_of,
    layer_names,
    parts_of,
    program_of,
    rasters,
)

ONE = 1 << 12
"""A spike in steps of the error neurons."""


@dataclass(frozen=True)
class Teaching:
    """How the host teaches.

    `rate`: wanted spikes per tick of the label's output; `threshold` of error neurons in spikes;
    `top`: largest magnitude of the feedback.
    """

    rate: float = 0.5
    threshold: float = 1.0
    top: int = 1


@dataclass(frozen=True)
class Point:
    """Where a copy stood: samples learned, accuracy on the scored part, and the chip's work.

    `synops` and `visits` are of learning alone, without scoring.
    """

    samples: int
    accuracy: float
    synops: int
    visits: int


@dataclass(frozen=True)
class Trained:
    """What became of a copy."""

    points: list[Point]
    weight_hash: str
    spike_hash: str


class ErrorNeurons:
    """Two per output, one of each sign: `levels` are their states, int64 `(copies, classes)`."""

    def __init__(self, copies: int, classes: int, teaching: Teaching) -> None:
        self._rate = round(teaching.rate * ONE)
        self._threshold = max(1, round(teaching.threshold * ONE))
        self._classes = classes
        self.begin(np.zeros(copies, dtype=np.int64))

    def begin(self, labels: NDArray[np.int64]) -> None:
        """Start a sample in every copy, with labels `(copies,)`."""
        self._wanted = self._rate * (labels[:, None] == np.arange(self._classes))
        self.levels = np.zeros(self._wanted.shape, dtype=np.int64)

    def step(self, spikes: Flags) -> NDArray[np.int64]:
        """Take the outputs' spikes `(copies, classes)`; the error spikes: -1, 0 or 1."""
        self.levels += ONE * spikes - self._wanted
        events = whole_steps(self.levels, self._threshold, 1)
        self.levels -= events * self._threshold
        return events


class ErbpTrainer:
    """Trains copies online, which differ in their seeds only; two layers, the last one of classes.

    The last layer votes by its spikes after the burn-in.
    """

    def __init__(
        self, copies: Copies, every: Sequence[Settings], digits: Digits, teaching: Teaching
    ) -> None:
        self.copies, self.settings, self.common = copies, tuple(every), every[0]
        self._program = program_of(self.common)
        self._hidden, self._outputs = (
            self._program.neurons[name] for name in layer_names(self.common)
        )
        self._encoder = encoder_of(self.common)
        self.train, self.test = parts_of(self.common, digits)
        self._errors = ErrorNeurons(copies.count, self.common.classes, teaching)
        self._feedback = np.stack([feedback_of(each, teaching) for each in every])
        self._chains = [SpikeChain() for _ in every]
        self.points: list[list[Point]] = [[] for _ in every]
        self._scoring = np.zeros((copies.count, 2), dtype=np.int64)

    def run(self, scored: Sequence[int], progress: Progress) -> None:
        """Train all epochs; score after these numbers of samples, and at the end."""
        per_epoch, done = len(self.train), 0
        total = per_epoch * self.common.epochs
        for epoch in range(self.common.epochs):
            self.copies.configure(chip_config(self.common, epoch))
            orders = [
                generator(each.seed, SHUFFLING, epoch).permutation(per_epoch)
                for each in self.settings
            ]
            for places in np.stack(orders, 1):
                self._learn(self.train.at(places), epoch)
                done += 1
                progress("train", done, total)
                if done in scored or done == total:
                    self._note(done)

    def _learn(self, part: Part, epoch: int) -> None:
        randoms = [
            generator(each.seed, TRAINING, epoch, index)
            for each, index in zip(self.settings, part.indices.tolist(), strict=True)
        ]
        self.copies.clear()
        self._errors.begin(part.labels.astype(np.int64))
        found = []
        for tick, arriving in enumerate(rasters(self._program, self._encoder, part, randoms)):
            spikes = self.copies.tick(arriving)
            found.append(spikes)
            if tick >= self.common.burn_in:
                self._teach(self._errors.step(spikes[:, self._outputs]))
        self._chain(np.stack(found))

    def _teach(self, events: NDArray[np.int64]) -> None:
        if not events.any():
            return
        errors = np.zeros((self.copies.count, self.copies.config.neurons), dtype=np.int32)
        errors[:, self._outputs] = events
        errors[:, self._hidden] = (events[:, None] @ self._feedback)[:, 0]
        self.copies.teach(errors)

    def _chain(self, raster: Flags) -> None:
        for chain, own in zip(self._chains, raster.transpose(1, 0, 2), strict=True):
            chain.add_raster(own)

    def _note(self, samples: int) -> None:
        before = self._work()
        accuracies = self.score()
        learned = before - self._scoring
        self._scoring += self._work() - before
        for points, accuracy, work in zip(self.points, accuracies, learned.tolist(), strict=True):
            points.append(Point(samples, accuracy, *work))

    def _work(self) -> NDArray[np.int64]:
        return np.array([[own["synops"], own["visits"]] for own in self.copies.counters()])

    def score(self) -> list[float]:
        """The accuracy of each copy on the part to be scored, in 0..1."""
        right = np.zeros(self.copies.count, dtype=np.int64)
        for place in range(len(self.test)):
            part = self.test.at(np.full(self.copies.count, place))
            index = int(part.indices[0])
            randoms = [generator(each.seed, SCORING, index) for each in self.settings]
            self.copies.clear()
            raster = rasters(self._program, self._encoder, part, randoms)
            spikes = np.stack([self.copies.tick(arriving) for arriving in raster])
            self._chain(spikes)
            votes = spikes[self.common.burn_in :, :, self._outputs].sum(0)
            right += votes.argmax(1) == part.labels
        accuracies: list[float] = (right / len(self.test)).tolist()
        return accuracies

    def finish(self) -> list[Trained]:
        """What became of each copy."""
        weights, geometry = self.copies.weights(), self.copies.config.geometry
        return [
            Trained(points, weight_hash(own, geometry), chain.hexdigest())
            for points, own, chain in zip(self.points, weights, self._chains, strict=True)
        ]


def feedback_of(settings: Settings, teaching: Teaching) -> NDArray[np.int64]:
    """G, random and fixed: `(classes, hidden neurons)`, magnitudes in 1..top."""
    random = generator(settings.seed, BUILDING, 1)
    return fixed_readout(settings.classes, settings.layers[0], teaching.top, random)
