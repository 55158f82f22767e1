"""What recurrence is worth, and what its gradient is worth (Zenke & Neftci 2021, figure 3).

Classes of Randman are told apart by networks of one hidden layer in float, trained by
backpropagation through time with surrogate gradients:

    feed-forward    no recurrent weights
    detached        recurrent weights, but gradients do not go through S V: what rules with a trace
                    per synapse or axon can know
    full            gradients go through the recurrence as well

A leaky readout is asked at the end only, so that what came early must be kept. Settings were
chosen on the validation part; the test part is scored once, after the last epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from axonloop.host.data.randman import draw_randman
from axonloop.host.experiments.experiment import Metrics, Order, Row, percent
from axonloop.host.report import BLUE, GREY, INK, ORANGE, bare, save
from axonloop.host.runs import Progress
from axonloop.models.reference.lif import Lif, LifConstants

KINDS = ("feed-forward", "detached", "full")


@dataclass(frozen=True)
class Recurrence:
    """A run: the task, the network, the descent. `each` are samples of a class, of which a tenth
    is for validation and a tenth for test."""

    seed: int = 1
    classes: int = 10
    each: int = 250
    channels: int = 20
    alpha: float = 1.5
    ticks: int = 50
    neurons: int = 100
    epochs: int = 30
    batch: int = 100
    rate: float = 5e-3
    recurrent_rate: float = 1e-3
    spread: float = 1.0
    recurrent_spread: float = 0.3
    readout_kept: float = 0.5
    last: int = 3
    constants: LifConstants = LifConstants(alpha=0.8, beta=0.5, steepness=5.0)


@dataclass(frozen=True)
class Samples:
    """Spikes `(ticks, n, channels)` and labels `(n,)`."""

    raster: Tensor
    labels: Tensor

    def at(self, places: Tensor) -> Samples:
        """Some of the samples."""
        return Samples(self.raster[:, places], self.labels[places])


def samples_of(task: Recurrence) -> tuple[Samples, Samples, Samples]:
    """Training, validation and test part of a task's own manifolds."""
    data = draw_randman(task.seed, task.classes, task.each, task.channels, 1, task.alpha)
    raster = torch.from_numpy(data.raster(task.ticks)).float()
    every = Samples(raster, torch.from_numpy(data.labels).long())
    held = len(data.labels) // 10
    places = torch.arange(len(data.labels))
    return every.at(places[2 * held :]), every.at(places[held : 2 * held]), every.at(places[:held])


class Network:
    """Hidden layer and leaky readout of one of KINDS."""

    def __init__(self, task: Recurrence, kind: str) -> None:
        random = torch.Generator().manual_seed(task.seed)
        self.task = task

        def first(rows: int, columns: int, scale: float) -> Tensor:
            return (torch.randn((rows, columns), generator=random) * scale).requires_grad_()

        weights = first(task.channels, task.neurons, task.spread * task.channels**-0.5)
        self.readout = first(task.neurons, task.classes, task.neurons**-0.5)
        recurrent = first(task.neurons, task.neurons, task.recurrent_spread * task.neurons**-0.5)
        constants = replace(task.constants, through_recurrence=kind == "full")
        self.hidden = Lif(weights, None if kind == "feed-forward" else recurrent, constants)
        self.parameters = [weights, self.readout]
        if self.hidden.recurrent is not None:
            self.parameters.append(recurrent)

    def optimiser(self) -> torch.optim.Adam:
        """Adam; recurrent weights, of which many act at once, take smaller steps."""
        groups: list[dict[str, Any]] = [{"params": self.parameters[:2]}]
        if self.hidden.recurrent is not None:
            groups.append({"params": self.parameters[2:], "lr": self.task.recurrent_rate})
        return torch.optim.Adam(groups, self.task.rate)

    def logits(self, raster: Tensor) -> Tensor:
        """What the readout says over the last ticks, `(n, classes)`."""
        heard = self.hidden.run(raster) @ self.readout
        level, last = torch.zeros_like(heard[0]), []
        for tick, each in enumerate(heard.unbind()):
            level = self.task.readout_kept * level + each
            if tick >= self.task.ticks - self.task.last:
                last.append(level)
        return torch.stack(last).mean(0)

    @torch.no_grad()
    def accuracy(self, samples: Samples) -> float:
        """The share read correctly."""
        right = self.logits(samples.raster).argmax(1) == samples.labels
        return float(right.float().mean())


def train(
    task: Recurrence, kind: str, after_epoch: Callable[[], None]
) -> tuple[list[float], float]:
    """Validation accuracy after each epoch, and the test accuracy after the last."""
    network, (samples, validation, test) = Network(task, kind), samples_of(task)
    random = torch.Generator().manual_seed(task.seed)
    adam = network.optimiser()
    pace = torch.optim.lr_scheduler.CosineAnnealingLR(adam, task.epochs)
    history = []
    for _ in range(task.epochs):
        order = torch.randperm(len(samples.labels), generator=random)
        for places in torch.split(order, task.batch):
            part = samples.at(places)
            adam.zero_grad()
            loss = torch.nn.functional.cross_entropy(network.logits(part.raster), part.labels)
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
        pace.step()
        history.append(network.accuracy(validation))
        after_epoch()
    return history, network.accuracy(test)


def measure(order: Order, progress: Progress) -> Metrics:
    """All kinds with all seeds."""
    torch.set_num_threads(1)
    tasks = [Recurrence(seed=seed) for seed in order.seeds]
    done, total = 0, len(KINDS) * sum(task.epochs for task in tasks)

    def after_epoch() -> None:
        nonlocal done
        done += 1
        progress("train", done, total)

    curves, accuracies = {}, {}
    for kind in KINDS:
        runs = [train(task, kind, after_epoch) for task in tasks]
        curves[kind], accuracies[kind] = [list(part) for part in zip(*runs, strict=True)]
    rows = [Row(f"{kind}: test accuracy", "", percent(accuracies[kind])) for kind in KINDS]
    return {"validation": curves, "accuracies": accuracies, "rows": rows}


_COLOURS = dict(zip(KINDS, (GREY, ORANGE, BLUE), strict=True))


def draw(path: Path, metrics: Metrics) -> None:
    """Three manifolds, validation accuracy by epoch, and a dot per seed in the end."""
    figure, (data, left, right) = plt.subplots(1, 3, figsize=(12, 3.8), width_ratios=(1.3, 2, 1))
    task = Recurrence()
    shown = draw_randman(1, 3, 1000, 3, 1, task.alpha)
    for label, colour in enumerate((INK, ORANGE, BLUE)):
        data.plot(*shown.times[shown.labels == label, :2].T, ".", color=colour, markersize=2)
    data.set(xlabel="time of channel 0", ylabel="time of channel 1", title="Three manifolds")
    for place, kind in enumerate(KINDS):
        for k, curve in enumerate(metrics["validation"][kind]):
            epochs = range(1, len(curve) + 1)
            left.plot(
                epochs,
                [100 * value for value in curve],
                color=_COLOURS[kind],
                label=kind if k == 0 else None,
            )
        values = [100 * value for value in metrics["accuracies"][kind]]
        right.plot([place] * len(values), values, "o", color=_COLOURS[kind])
        mean = sum(values) / len(values)
        right.hlines(mean, place - 0.2, place + 0.2, color=INK)
    left.set(xlabel="epoch", ylabel="validation accuracy (%)", title="Learning")
    left.legend(frameon=False, loc="lower right")
    right.set_xticks(range(len(KINDS)), [kind.replace("-", "-\n") for kind in KINDS])
    right.set(ylabel="test accuracy (%)", xlim=(-0.5, len(KINDS) - 0.5))
    for axes in (data, left, right):
        bare(axes)
    save(figure, path)
