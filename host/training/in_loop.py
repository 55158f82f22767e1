"""Learning with the chip in the loop from given weights: what the experiments on chips share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress
from axonloop.host.data import Digits
from axonloop.host.training.copies import Weights, groups_of, open_copies
from axonloop.host.training.from_settings import chip_config
from axonloop.host.training.loop import TrainingLoop
from axonloop.host.training.trainer import Trainer, parts_for


@dataclass(frozen=True)
class Learned:
    """Accuracies in 0..1 before and after, and what every device must agree on."""

    before: float
    after: float
    weight_hash: str
    spike_hash: str
    counters: dict[str, int]


def learn_in_loop(
    device: str,
    every: Sequence[Settings],
    weights: Sequence[Weights] | None,
    digits: Digits | Sequence[Digits],
    progress: Progress,
) -> list[Learned]:
    """Load weights (None: the random first ones), score, learn, score.

    There is one chip for each of `every` settings: on the device of that name one after the other,
    or all at once in a POPULATION, with the same results. `digits` are for all, or one for each.
    """
    found: list[Learned] = []
    for group in groups_of(device, len(every)):
        own = [every[place] for place in group]
        data = digits if isinstance(digits, Digits) else [digits[place] for place in group]
        with open_copies(device, chip_config(own[0]), [each.run.seed for each in own]) as copies:
            trainer = Trainer(copies, own, parts_for(own[0], data))
            if weights is not None:
                copies.load_weights(np.stack([weights[place] for place in group]))
            before = trainer.final_scores()
            trainer.run(telling(trainer, progress))
            found += _learned(trainer, before)
    return found


def telling(loop: TrainingLoop, progress: Progress) -> Callable[[], None]:
    """What tells `progress` after every sample of a run how many are done."""
    samples = len(loop.tasks[0].places(loop.seeds[0], 0))

    def after_sample() -> None:
        done = loop.position.epoch * samples + loop.position.sample
        progress("train", done, loop.epochs * samples)

    return after_sample


def _learned(trainer: Trainer, before: Sequence[float]) -> list[Learned]:
    """Score the trained copies: what became of each."""
    after = trainer.final_scores()
    return [
        Learned(*each)
        for each in zip(
            before,
            after,
            trainer.weight_hashes(),
            trainer.spike_hashes(),
            trainer.copies.counters(),
            strict=True,
        )
    ]
