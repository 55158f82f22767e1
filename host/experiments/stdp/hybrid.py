"""Layer-wise STDP without labels, then a global gradient (Roy et al. 2019; Lee et al. 2018).

A layer of cells learns all digits of the training part without their labels, on the chip
(`digits`). Its weights, `GAIN` times as large, are the first ones of a layer of the same neurons
without inhibition and rising thresholds; a second layer of one neuron per class hears it. Software
updates with chips in the loop then train both layers, or the second alone, with some labels or all.
The same network from random weights stands beside it.

Settings were chosen on the validation part with seeds 11 and 12, for either start its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host.configuration import NetworkSettings, RunSettings, Settings, TaskSettings
from axonloop.host.console import Progress
from axonloop.host.data import CLASSES, SHUFFLING, Digits, Part, generator, split_digits
from axonloop.host.devices import weight_hash
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.experiments.software_updates.trainer import SoftwareUpdates
from axonloop.host.experiments.stdp import digits as stdp
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, Picture, dots, legend, styled
from axonloop.host.training import INPUT, POPULATION, Descent, open_copies, program_of
from axonloop.models.config import DECAY_ONE

EVERY = 0
"""Instead of a number of labels for each class: those of the whole training part."""
EPOCHS = {5: 40, EVERY: 6}
"""Labels for each class, and how often they are shown."""
BATCHES = {5: 10, EVERY: 32}
GAIN = 0.1
CELL = replace(stdp.CELL, rho=0, gamma=DECAY_ONE, terms=())
"""The neuron of the cells, without what makes its threshold rise."""
STDP, RANDOM = "STDP", "random"
THETA = {STDP: round(GAIN * stdp.CELL.theta), RANDOM: 500}
"""Thresholds; random weights lie within +-SPAN."""
SPAN = 32
WHOLE, TOP = "both layers", "top layer"
DESCENT = Descent(rate=1.0, scale=0.3, steepness=1.0)
PAPER = "2.5 times faster (MNIST, convolutions)"
Start = NDArray[np.float64] | None


@dataclass(frozen=True)
class Pretrained:
    """What a network starts from, which layers learn, from how many labels; what becomes of it."""

    start: str
    learning: str
    labels: int
    seed: int
    accuracy: float
    weight_hash: str


def settings_of(seed: int, start: str) -> Settings:
    """Both layers; the second has a neuron for each class."""
    parameters = replace(CELL, theta=THETA[start])
    layers = (stdp.CELLS, CLASSES)
    network = NetworkSettings(layers=layers, weight_span=SPAN, deep_span=16, parameters=parameters)
    return Settings(network=network, task=TaskSettings(), run=RunSettings(seed=seed))


def labelled(part: Part, labels: int, seed: int) -> Part:
    """Some digits of each class."""
    if labels == EVERY:
        return part
    random = generator(seed, SHUFFLING, labels)
    chosen = [
        random.permutation(np.flatnonzero(part.labels == kind))[:labels] for kind in range(CLASSES)
    ]
    return part.at(np.sort(np.concatenate(chosen)))


def trained(
    device: str,
    settings: Settings,
    descent: Descent,
    digits: Digits,
    first: Start,
    learning: str,
    progress: Progress,
) -> tuple[float, str]:
    """Train on chips from the `first` weights `(pixels, cells)`, or random ones.

    The accuracy, and the hash of the weights.
    """
    config = program_of(settings).config
    seeds = [settings.run.seed] * (descent.batch if device == POPULATION else 1)
    with open_copies(device, config, seeds) as copies:
        readout = np.eye(CLASSES, dtype=np.int64)
        loop = SoftwareUpdates(settings, digits, descent, readout, copies=copies)
        neurons = loop.program.neurons["layer1"]
        if first is not None:
            start = loop.module.weights.detach().numpy().copy()
            rows = np.concatenate(loop.program.axons[INPUT])
            start[np.ix_(rows, neurons)] = first
            loop.load_weights(start)
        if learning == TOP:
            kept = torch.ones_like(loop.module.weights)
            kept[:, torch.from_numpy(neurons)] = 0
            loop.module.weights.register_hook(lambda gradient: gradient * kept)  # type: ignore[no-untyped-call]
        loop.run(progress)
        weights = loop.module.integer_weights()
        return loop.accuracy(loop.test), weight_hash(weights, config.geometry)


def measure(order: Order, progress: Progress) -> Metrics:
    """Both starts, with all seeds and numbers of labels."""
    device, whole = str(order.device), split_digits()
    parts = (part.first(order.limit) for part in (whole.train, whole.validation, whole.test))
    digits = Digits(*parts)
    ways, alone, none = [], [], digits.validation.first(0)
    for seed in order.seeds:
        cells = stdp.learned(device, seed, digits, progress)
        alone.append(cells.accuracy)
        learned = np.rint(GAIN * np.array(cells.weights, dtype=np.float64).T)
        for labels, epochs in EPOCHS.items():
            few = labelled(digits.train, labels, seed)
            shown = replace(digits, train=few, validation=none)
            descent = replace(DESCENT, epochs=epochs, batch=BATCHES[labels])
            for start, first in ((STDP, learned), (RANDOM, None)):
                for learning in (WHOLE, TOP):
                    settings = settings_of(seed, start)
                    found = trained(device, settings, descent, shown, first, learning, progress)
                    ways.append(Pretrained(start, learning, labels, seed, *found))
    return {
        "STDP alone": alone,
        "ways": [vars(way) for way in ways],
        "rows": _rows(ways, alone),
    }


def _named(labels: int) -> str:
    return "all labels" if labels == EVERY else f"{labels} labels a class"


def _rows(ways: Sequence[Pretrained], alone: Sequence[float]) -> list[ResultRow]:
    def found(start: str, learning: str, labels: int) -> str:
        wanted = (start, learning, labels)
        own = [way for way in ways if (way.start, way.learning, way.labels) == wanted]
        return percent([way.accuracy for way in own])

    rows = [ResultRow("STDP alone, cells named by all labels", "", "", percent(alone))]
    for labels in EPOCHS:
        for learning in (WHOLE, TOP):
            chip = "; ".join(f"{start} {found(start, learning, labels)}" for start in THETA)
            paper = PAPER if labels == EVERY and learning == WHOLE else ""
            rows.append(ResultRow(f"{_named(labels)}, {learning} trained", paper, "", chip))
    return rows


@styled
def draw(metrics: Metrics) -> Picture:
    """A dot per seed for each start, by labels and by what learns."""
    picture = Picture(9, 3.8)
    places = picture.subplots(1, 2, sharey=True)
    ways = [Pretrained(**way) for way in metrics["ways"]]
    every = sorted({way.labels for way in ways}, key=lambda labels: labels or np.inf)
    for axes, learning in zip(places, (WHOLE, TOP), strict=True):
        for start, colour, shift in ((RANDOM, GREY, -0.12), (STDP, BLUE, 0.12)):
            for place, labels in enumerate(every):
                wanted = (start, learning, labels)
                own = [way for way in ways if (way.start, way.learning, way.labels) == wanted]
                label = f"from {start} weights" if place == 0 else None
                dots(axes, place + shift, [way.accuracy for way in own], colour, label)
        axes.set_xticks(range(len(every)), [_named(labels) for labels in every])
        axes.set_title(f"{learning.capitalize()} trained")
    places[0].set(ylabel="test accuracy (%)")
    for axes in places:
        legend(axes, below=True, ncols=2)
    return picture
