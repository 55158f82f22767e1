"""What eRBP on the chip is held against, in float: the same network, and a plain one.

* backpropagation through time in the float twin of the chip's network, output spikes as votes;
* the paper's rule on its own neurons (`models/reference/erbp.py`);
* a plain network of the same size, rectified and with softmax, by backpropagation, one sample
  after the other: the one whose multiply-accumulates are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress
from axonloop.host.data import BUILDING, SCORING, TRAINING, Digits, Part, generator
from axonloop.host.experiments.erbp.chip import Point, feedback_of
from axonloop.host.processing import Teaching, one_thread
from axonloop.host.training import (
    INPUT,
    Descent,
    SurrogateTrainer,
    encoder_of,
    parts_of,
    passes,
    program_of,
    rasters,
)
from axonloop.models.reference import Erbp, ErbpConstants, Lif, LifConstants

DESCENT = Descent(epochs=10, rate=1.0, scale=0.3, steepness=1.0, exact=False)
STEP = 0.05
"""Of the plain network."""
NEURON = LifConstants(alpha=0.9, beta=0.7)
SPANS = 0.15, 0.1
"""First weights of both layers of the paper's network are even in +-this, in thresholds."""
CONSTANTS = ErbpConstants(rate=2e-3, kept=0.5, threshold=2.0, low=-8.0, high=10.0)
"""The box is as good as open: outputs of a random network are far from their threshold."""
PAPER_EPOCHS = 3
"""Of the paper's rule; its steps are halved after each."""


def backpropagated(settings: Settings, digits: Digits, progress: Progress) -> float:
    """The accuracy of the float twin after backpropagation through time, in 0..1."""
    eye = np.eye(settings.task.classes, dtype=np.int64)
    trainer = SurrogateTrainer(settings, digits, DESCENT, eye)
    trainer.run(progress)
    return trainer.accuracy(trainer.test)


def paper_accuracy(
    settings: Settings, digits: Digits, teaching: Teaching, progress: Progress
) -> float:
    """The accuracy of the paper's rule, in 0..1."""
    trainer = PaperErbp(settings, digits, teaching)
    trainer.run(PAPER_EPOCHS, progress)
    return trainer.accuracy()


class PaperErbp:
    """The paper's rule from tick to tick, one sample after the other, without biases."""

    def __init__(self, settings: Settings, digits: Digits, teaching: Teaching) -> None:
        self.settings, self._teaching = settings, teaching
        self.train, self.test = parts_of(settings, digits)
        self._program, self._encoder = program_of(settings), encoder_of(settings)
        random = generator(settings.run.seed, BUILDING, 3)
        sizes = (settings.task.inputs, *settings.network.layers)
        layers = [
            Lif(torch.tensor(random.uniform(-span, span, shape), dtype=torch.float32), None, NEURON)
            for span, shape in zip(SPANS, zip(sizes, sizes[1:], strict=False), strict=True)
        ]
        feedback = torch.tensor(feedback_of(settings, teaching), dtype=torch.float32)
        self.network = Erbp(layers, [feedback], CONSTANTS)

    @one_thread()
    def run(self, epochs: int, progress: Progress) -> None:
        """Train."""
        for epoch, place in passes(len(self.train), self.settings.run.seed, epochs, progress):
            self.network.constants = replace(CONSTANTS, rate=CONSTANTS.rate / 2**epoch)
            self._spikes(self.train, place, (TRAINING, epoch), learn=True)

    def _spikes(
        self, part: Part, place: int, purpose: tuple[int, ...], learn: bool
    ) -> torch.Tensor:
        """The output's spikes after the burn-in, `(classes,)`."""
        one = part.at(np.array([place]))
        seed = self.settings.run.seed
        raster = rasters(self._program, self._encoder, one, seed, *purpose)[:, 0]
        arriving = torch.from_numpy(raster[:, self._program.axons[INPUT][:, 0]]).float()
        label = torch.zeros(self.settings.task.classes)
        label[int(one.labels[0])] = self._teaching.rate
        self.network.clear()
        counts = torch.zeros(self.settings.task.classes)
        for tick, spikes in enumerate(arriving):
            late = tick >= self.settings.objective.burn_in
            found = self.network.step(spikes, label if late and learn else None)
            if late:
                counts += found
        return counts

    @one_thread()
    def accuracy(self) -> float:
        """Share of the scored part answered rightly, in 0..1."""
        votes = [self._spikes(self.test, k, (SCORING,), learn=False) for k in range(len(self.test))]
        right = torch.stack(votes).argmax(1).numpy() == self.test.labels
        return float(right.mean())


def macs_of(settings: Settings) -> tuple[int, int]:
    """Multiply-accumulates of the plain network: to answer, and to learn from a sample.

    Learning is the answer, the gradients of all weights, and the errors of hidden layers.
    """
    sizes = (settings.task.inputs, *settings.network.layers)
    own = [below * above for below, above in pairwise(sizes)]
    return sum(own), 2 * sum(own) + sum(own[1:])


class PlainNetwork:
    """Inputs, layers of rectified neurons, softmax; biases are the last rows of `weights`."""

    def __init__(self, settings: Settings) -> None:
        random = generator(settings.run.seed, BUILDING, 2)
        self.weights = [
            random.normal(0, np.sqrt(2 / rows), (rows + 1, columns))
            for rows, columns in pairwise((settings.task.inputs, *settings.network.layers))
        ]
        for weights in self.weights:
            weights[-1] = 0

    def step(self, image: NDArray[np.float64], label: int, rate: float) -> None:
        """Learn from one sample: pixels in 0..1, `(inputs,)`."""
        heard = self._heard(image[None])
        likely = np.exp((logits := (heard[-1] @ self.weights[-1])[0]) - logits.max())
        wrong = likely / likely.sum()
        wrong[label] -= 1
        for weights, given in zip(self.weights[::-1], heard[::-1], strict=True):
            back = (weights[:-1] @ wrong) * (given[0, :-1] > 0)
            weights -= rate * np.outer(given[0], wrong)
            wrong = back

    def _heard(self, images: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """What every layer of weights takes, `(samples, rows + 1)`: a 1 for the biases at last."""
        ones = np.ones((len(images), 1))
        heard = [np.hstack([images, ones])]
        for weights in self.weights[:-1]:
            heard.append(np.hstack([np.maximum(heard[-1] @ weights, 0), ones]))
        return heard

    def macs_of_active(self, images: NDArray[np.float64]) -> float:
        """Multiply-accumulates to answer an image, in the mean, without those by 0."""
        active = [(heard[:, :-1] > 0).sum(1).mean() for heard in self._heard(images)]
        return float(sum(n * w.shape[1] for n, w in zip(active, self.weights, strict=True)))

    def accuracy(self, images: NDArray[np.float64], labels: NDArray[np.int32]) -> float:
        """Share of samples answered rightly, in 0..1."""
        answers = (self._heard(images)[-1] @ self.weights[-1]).argmax(1)
        return float((answers == labels).mean())


def plain_points(settings: Settings, digits: Digits, scored: Sequence[int]) -> list[Point]:
    """The plain network's way, as `train_erbp` tells the chip's; `synops` are multiplications."""
    return plain_network(settings, digits, scored)[1]


def plain_network(
    settings: Settings, digits: Digits, scored: Sequence[int]
) -> tuple[float, list[Point]]:
    """A plain network's `macs_of_active` in the end, and its `plain_points`."""
    train, test = parts_of(settings, digits)
    network, found, run = PlainNetwork(settings), [], settings.run
    total, cost = run.epochs * len(train), macs_of(settings)[1]
    white = settings.task.white
    for done, (epoch, place) in enumerate(passes(len(train), run.seed, run.epochs), 1):
        rate = STEP / 2 ** (epoch // (run.anneal or run.epochs))
        network.step(train.images[place] / white, int(train.labels[place]), rate)
        if done in scored or done == total:
            accuracy = network.accuracy(test.images / white, test.labels)
            found.append(Point(done, accuracy, done * cost, 0))
    return network.macs_of_active(test.images / white), found
