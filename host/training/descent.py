"""Learning off the chip: samples in shuffled order, and an optimiser's steps along gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import torch

from axonloop.host.console import Progress
from axonloop.host.processing import one_thread
from axonloop.host.training.task import shuffled

Batch = TypeVar("Batch")
PHASE = "descend"
"""What progress is told of."""


def silent(phase: str, done: int, total: int) -> None:
    """Tell nobody how far it is."""


@one_thread()
def descend(
    optimiser: torch.optim.Optimizer,
    rounds: Iterable[Iterable[Batch]],
    count: int,
    gradient: Callable[[Batch], None],
    progress: Progress = silent,
) -> None:
    """Take a step for every batch of `count` rounds; the rate falls to 0 in half a cosine.

    `gradient` adds that of a batch to its parameters, which have none. The rate changes after each
    round; then `progress` is told how many are done.
    """
    pace = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, count))
    for done, batches in enumerate(rounds, 1):
        for batch in batches:
            optimiser.zero_grad()
            gradient(batch)
            optimiser.step()
        pace.step()
        progress(PHASE, done, count)


def passes(
    samples: int, seed: int, epochs: int, progress: Progress = silent
) -> Iterator[tuple[int, int]]:
    """The epoch and the place of one sample after the other, shuffled anew in every epoch.

    After each, `progress` is told how many of all epochs are done.
    """
    for epoch in range(epochs):
        for done, place in enumerate(shuffled(samples, seed, epoch).tolist(), 1):
            yield epoch, place
            progress(PHASE, epoch * samples + done, epochs * samples)
