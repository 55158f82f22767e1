"""What the studies on populations share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from axonloop.host.console import progress_bars
from axonloop.host.data import Digits
from axonloop.host.runs import require_folder
from axonloop.host.training import Copy, PopulationTrainer, Settings
from axonloop.models.checks import require


def require_new_study(out: Path, results: str) -> None:
    """Make the folder `out`; ValueError if it cannot be, or holds the file `results` already."""
    require(not (out / results).exists(), "study folder", "new", str(out))
    require_folder(out)
    out.mkdir(parents=True, exist_ok=True)


def train_all(settings: Sequence[Settings], digits: Digits) -> list[Copy]:
    """Train and score a chip for each of `settings`, all at once, with progress bars."""
    with progress_bars() as progress:
        population = PopulationTrainer(settings, digits)
        population.run(progress)
        return population.finish(progress)
