"""What the studies on populations share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from axonloop.host.configuration import Settings
from axonloop.host.console import progress_bars
from axonloop.host.data import Digits
from axonloop.host.runs import require_folder
from axonloop.host.training import population_trainer, telling
from axonloop.models.checks import require


@dataclass(frozen=True)
class Copy:
    """What became of a copy: the metrics that `train digits` writes under the same names."""

    settings: Settings
    accuracy: float
    weight_hash: str
    spike_hash: str
    counters: dict[str, int]


def require_new_study(out: Path, results: str) -> None:
    """Make the folder `out`; ValueError if it cannot be, or holds the file `results` already."""
    require(not (out / results).exists(), "study folder", "new", str(out))
    require_folder(out)
    out.mkdir(parents=True, exist_ok=True)


def train_all(settings: Sequence[Settings], digits: Digits) -> list[Copy]:
    """Train and score a chip for each of `settings`, all at once, with progress bars."""
    with progress_bars() as progress:
        population = population_trainer(settings, digits)
        population.run(telling(population, progress))
        scored = len(population.test)
        scores = population.scores(population.test, 0, lambda n: progress("score", n, scored))
    weights, spikes = population.weight_hashes(), population.spike_hashes()
    counters = population.copies.counters()
    return [
        Copy(own, scores[b].accuracy, weights[b], spikes[b], counters[b])
        for b, own in enumerate(settings)
    ]
