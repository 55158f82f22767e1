"""What recurrence is worth, and what its gradient is worth (Zenke & Neftci 2021, figure 3).

Samples of Randman, and digits of one spike per pixel, are told apart by networks of one hidden
layer in float, trained by backpropagation through time with surrogate gradients:

    feed-forward    no recurrent weights
    detached        recurrent weights, but gradients do not go through S V: what rules with a trace
                    per synapse or axon can know
    full            gradients go through the recurrence as well

A readout without spikes, y' = alpha y + S G, gives the answer in one of three ways:

    last    what the spikes of the last ticks say, long after most channels spoke: a neuron's own
            leak forgets them
    sum     the sum of y over all ticks, for which its leak is but a factor
    max     the largest y of each class over time

The paper has sum and max, Randman, digits, and spoken digits (`spoken_digits`). Settings were
chosen on the validation part with seed 11; the test part is scored once, after the last epoch. What
the chip makes of Randman and its last ticks is in `recurrence.chip`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from axonloop.host.console import Progress
from axonloop.host.data import PIXELS, WHITE, Part, draw_randman, spike_encoder, split_digits
from axonloop.host.experiments.recurrence.picture import draw as draw
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.processing import one_thread
from axonloop.host.training import descend
from axonloop.models.reference import Lif, LifConstants

KINDS = ("feed-forward", "detached", "full")


@dataclass(frozen=True)
class Recurrence:
    """A run: the task, the network, the descent.

    `data` is "randman" or "digits", or names what `train` is given; `readout` is "last", "sum" or
    "max". Of Randman, `each` are the samples of a class for training; as many as `validation` and
    `test` say are drawn besides. `last` are the ticks that the readout of that name hears.
    """

    seed: int = 1
    data: str = "randman"
    readout: str = "last"
    classes: int = 10
    each: int = 200
    validation: int = 50
    test: int = 100
    channels: int = 20
    smoothness: float = 1.0
    ticks: int = 50
    last: int = 8
    neurons: int = 100
    epochs: int = 20
    batch: int = 100
    rate: float = 2e-3
    readout_rate: float = 1e-2
    spread: float = 1.5
    recurrent_spread: float = 0.4
    readout_spread: float = 0.3
    constants: LifConstants = LifConstants(alpha=0.82, beta=0.67, steepness=10.0)

    @property
    def inputs(self) -> int:
        """The axons that spike: channels, or pixels."""
        return PIXELS if self.data == "digits" else self.channels


@dataclass(frozen=True)
class SpikeSamples:
    """Spikes `(ticks, n, channels)` and labels `(n,)`."""

    raster: Tensor
    labels: Tensor

    def at(self, places: Tensor) -> SpikeSamples:
        """Some of the samples."""
        return SpikeSamples(self.raster[:, places], self.labels[places])


Parts = tuple[SpikeSamples, SpikeSamples, SpikeSamples]
"""For training, validation and test."""


@lru_cache(maxsize=4)
def samples_of(task: Recurrence) -> Parts:
    """Training, validation and test part: a task's own manifolds, or the digits."""
    if task.data == "digits":
        digits = split_digits()
        return (
            _latencies(digits.train, task.ticks),
            _latencies(digits.validation, task.ticks),
            _latencies(digits.test, task.ticks),
        )
    held = (task.test * task.classes, (task.test + task.validation) * task.classes)
    drawn = task.each + task.validation + task.test
    data = draw_randman(task.seed, task.classes, drawn, task.channels, 1, task.smoothness)
    raster = torch.from_numpy(data.raster(task.ticks)).float()
    every = SpikeSamples(raster, torch.from_numpy(data.labels).long())
    test, validation, train = torch.tensor_split(torch.arange(len(data.labels)), held)
    return every.at(train), every.at(validation), every.at(test)


def _latencies(part: Part, ticks: int) -> SpikeSamples:
    """Digits of one spike per pixel, the earlier the brighter."""
    encoder, random = spike_encoder("latency", ticks, WHITE, 1.0), np.random.default_rng(0)
    rasters = np.stack([encoder.raster(image, random) for image in part.images], axis=1)
    return SpikeSamples(torch.from_numpy(rasters).float(), torch.from_numpy(part.labels).long())


class RecurrentNetwork:
    """Hidden layer and readout of one of KINDS."""

    def __init__(self, task: Recurrence, kind: str) -> None:
        random = torch.Generator().manual_seed(task.seed)
        self.task = task

        def first(rows: int, columns: int, spread: float) -> Tensor:
            scale: float = spread * rows**-0.5
            return (torch.randn((rows, columns), generator=random) * scale).requires_grad_()

        weights = first(task.inputs, task.neurons, task.spread)
        self.readout = first(task.neurons, task.classes, task.readout_spread)
        recurrent = first(task.neurons, task.neurons, task.recurrent_spread)
        constants = replace(task.constants, through_recurrence=kind == "full")
        self.hidden = Lif(weights, None if kind == "feed-forward" else recurrent, constants)
        self.parameters = [weights, self.readout]
        if self.hidden.recurrent is not None:
            self.parameters.append(recurrent)

    def optimiser(self) -> torch.optim.Adam:
        """Adam; the readout takes steps of its own."""
        hidden = [self.parameters[0], *self.parameters[2:]]
        groups: list[dict[str, Any]] = [{"params": hidden}]
        groups.append({"params": [self.readout], "lr": self.task.readout_rate})
        return torch.optim.Adam(groups, self.task.rate)

    def logits(self, raster: Tensor) -> Tensor:
        """What the readout makes of all ticks, `(n, classes)`."""
        spikes = self.hidden.run(raster)
        if self.task.readout == "last":
            return spikes[-self.task.last :].sum(0) @ self.readout
        if self.task.readout == "sum":
            return spikes.sum(0) @ self.readout
        level, levels = torch.zeros(()), []
        for heard in (spikes @ self.readout).unbind():
            level = self.task.constants.alpha * level + heard
            levels.append(level)
        return torch.stack(levels).amax(0)

    @torch.no_grad()
    def accuracy(self, samples: SpikeSamples) -> float:
        """The share read correctly."""
        right = self.logits(samples.raster).argmax(1) == samples.labels
        return float(right.float().mean())


@one_thread()
def train(
    task: Recurrence, kind: str, after_epoch: Callable[[], None], parts: Parts | None = None
) -> tuple[list[float], float]:
    """Validation accuracy after each epoch, and the test accuracy after the last.

    `parts` to train on, to validate and to test with stand in for those of the task.
    """
    network, (samples, validation, test) = RecurrentNetwork(task, kind), parts or samples_of(task)
    random = torch.Generator().manual_seed(task.seed)
    rounds = (
        torch.split(torch.randperm(len(samples.labels), generator=random), task.batch)
        for _ in range(task.epochs)
    )
    history = []

    def gradient(places: Tensor) -> None:
        part = samples.at(places)
        loss = torch.nn.functional.cross_entropy(network.logits(part.raster), part.labels)
        loss.backward()  # type: ignore[no-untyped-call]

    def after_round(phase: str, done: int, total: int) -> None:
        history.append(network.accuracy(validation))
        after_epoch()

    descend(network.optimiser(), rounds, task.epochs, gradient, after_round)
    return history, network.accuracy(test)


def measure(order: Order, progress: Progress) -> Metrics:
    """All kinds with all seeds."""
    tasks = [Recurrence(seed=seed) for seed in order.seeds]
    done, total = 0, len(KINDS) * sum(task.epochs for task in tasks)

    def after_epoch() -> None:
        nonlocal done
        done += 1
        progress("descend", done, total)

    curves, accuracies = {}, {}
    for kind in KINDS:
        runs = [train(task, kind, after_epoch) for task in tasks]
        curves[kind], accuracies[kind] = [list(part) for part in zip(*runs, strict=True)]
    rows = [ResultRow(f"{kind}: test accuracy", "", percent(accuracies[kind])) for kind in KINDS]
    return {
        "smoothness": tasks[0].smoothness,
        "validation": curves,
        "accuracies": accuracies,
        "rows": rows,
    }
