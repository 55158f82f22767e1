"""What the studies on populations share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress
from axonloop.host.data import Digits
from axonloop.host.training import population_trainer, telling


@dataclass(frozen=True)
class Copy:
    """What became of a copy: the metrics that `train digits` writes under the same names."""

    settings: Settings
    accuracy: float
    weight_hash: str
    spike_hash: str
    counters: dict[str, int]


def train_all(settings: Sequence[Settings], digits: Digits, progress: Progress) -> list[Copy]:
    """Train and score a chip for each of `settings`, all at once."""
    population = population_trainer(settings, digits)
    population.run(telling(population, progress))
    scored = len(population.test)
    scores = population.scores(population.test, 0, lambda n: progress("score", n, scored))
    weights, spikes = population.weight_hashes(), population.spike_hashes()
    counters = population.copies.counters()
    return [
        Copy(own, scores[b].value, weights[b], spikes[b], counters[b])
        for b, own in enumerate(settings)
    ]
