"""What eRBP on the chip is held against, in float: the same network, and a plain one.

* backpropagation through time in the float twin of the chip's network, output spikes as votes;
* the paper's rule on its own neurons (`models/reference/erbp.py`);
* a plain network of the same size, rectified and with softmax, by backpropagation, one sample
  after the other: the one whose multiply-accumulates are counted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.digits import Digits
from axonloop.host.experiments.erbp import Point
from axonloop.host.runs import Progress
from axonloop.host.settings import Settings
from axonloop.host.spikes import BUILDING, SHUFFLING, generator
from axonloop.host.surrogate import Descent, SurrogateTrainer
from axonloop.host.training import parts_of

DESCENT = Descent(epochs=10, rate=1.0, scale=0.3, steepness=1.0, exact=False)
STEP = 0.05
"""Of the plain network."""


def backpropagated(settings: Settings, digits: Digits, progress: Progress) -> float:
    """The accuracy of the float twin after backpropagation through time, in 0..1."""
    eye = np.eye(settings.classes, dtype=np.int64)
    trainer = SurrogateTrainer(settings, digits, DESCENT, eye)
    trainer.run(lambda _, done, total: progress("descend", done, total))
    return trainer.accuracy(trainer.test)


def macs_of(settings: Settings) -> tuple[int, int]:
    """Multiply-accumulates of the plain network: to answer, and to learn from a sample.

    Learning is the answer, the gradients of all weights, and the hidden layer's errors.
    """
    hidden = settings.layers[0]
    answer = settings.inputs * hidden + hidden * settings.classes
    return answer, 2 * answer + hidden * settings.classes


class PlainNetwork:
    """Inputs, rectified hidden neurons, softmax; biases are the last rows of `weights`."""

    def __init__(self, settings: Settings) -> None:
        random = generator(settings.seed, BUILDING, 2)
        sizes = (settings.inputs, settings.layers[0], settings.classes)
        self.weights = [
            random.normal(0, np.sqrt(2 / rows), (rows + 1, columns))
            for rows, columns in zip(sizes, sizes[1:], strict=False)
        ]
        for weights in self.weights:
            weights[-1] = 0

    def step(self, image: NDArray[np.float64], label: int, rate: float) -> None:
        """Learn from one sample: pixels in 0..1, `(inputs,)`."""
        below, above = self.weights
        given = np.append(image, 1.0)
        hidden = np.append(np.maximum(given @ below, 0), 1.0)
        likely = np.exp((logits := hidden @ above) - logits.max())
        wrong = likely / likely.sum()
        wrong[label] -= 1
        back = (above[:-1] @ wrong) * (hidden[:-1] > 0)
        above -= rate * np.outer(hidden, wrong)
        below -= rate * np.outer(given, back)

    def accuracy(self, images: NDArray[np.float64], labels: NDArray[np.int32]) -> float:
        """Share of samples answered rightly, in 0..1."""
        below, above = self.weights
        ones = np.ones((len(images), 1))
        hidden = np.maximum(np.hstack([images, ones]) @ below, 0)
        answers = (np.hstack([hidden, ones]) @ above).argmax(1)
        return float((answers == labels).mean())


def plain_points(settings: Settings, digits: Digits, scored: Sequence[int]) -> list[Point]:
    """The plain network's way, as `ErbpTrainer` tells the chip's; `synops` are multiplications."""
    train, test = parts_of(settings, digits)
    network, found, done = PlainNetwork(settings), [], 0
    total, cost = settings.epochs * len(train), macs_of(settings)[1]
    for epoch in range(settings.epochs):
        rate = STEP / 2 ** (epoch // (settings.anneal or settings.epochs))
        for place in generator(settings.seed, SHUFFLING, epoch).permutation(len(train)):
            network.step(train.images[place] / settings.white, int(train.labels[place]), rate)
            done += 1
            if done in scored or done == total:
                accuracy = network.accuracy(test.images / settings.white, test.labels)
                found.append(Point(done, accuracy, done * cost, 0))
    return found
