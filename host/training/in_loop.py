"""Learning with the chip in the loop from given weights: what the experiments on chips share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.host.console import Progress
from axonloop.host.data import Digits
from axonloop.host.devices import open_device, weight_hash
from axonloop.host.training.from_settings import chip_config, program_of
from axonloop.host.training.population import PopulationTrainer
from axonloop.host.training.settings import Settings
from axonloop.host.training.trainer import Trainer

Weights = NDArray[np.int32]
POPULATION = "population"
"""All chips of a kind at once, on the batched emulator."""


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
    digits: Digits,
    progress: Progress,
) -> list[Learned]:
    """Load weights (None: the random first ones), score, learn, score.

    There is one chip for each of `every` settings: on the device of that name one after the other,
    or all at once in a POPULATION, with the same results.
    """
    loaded = [program_of(each).weights for each in every] if weights is None else weights
    if device == POPULATION:
        return _learn_together(every, loaded, digits, progress)
    return [
        _learn_alone(device, settings, own, digits, progress)
        for settings, own in zip(every, loaded, strict=True)
    ]


def _learn_together(
    every: Sequence[Settings], weights: Sequence[Weights], digits: Digits, progress: Progress
) -> list[Learned]:
    population = PopulationTrainer(every, digits)
    population.load_weights(np.stack(weights))
    before = population.score(population.test)
    population.run(progress)
    return [
        Learned(first, copy.accuracy, copy.weight_hash, copy.spike_hash, copy.counters)
        for first, copy in zip(before, population.finish(), strict=True)
    ]


def _learn_alone(
    device: str, settings: Settings, weights: Weights, digits: Digits, progress: Progress
) -> Learned:
    with open_device(device, chip_config(settings)) as chip:
        trainer = Trainer(chip, settings, digits)
        chip.load_weights(weights)
        before = trainer.scorer.score(trainer.test).accuracy
        samples = len(trainer.train)

        def after_sample() -> None:
            done = trainer.position.epoch * samples + trainer.position.sample
            progress("train", done, settings.epochs * samples)

        trainer.run(after_sample)
        after = trainer.scorer.score(trainer.test).accuracy
        ended = weight_hash(chip.read_weights(), chip.config.geometry)
        counters = {counter.name.lower(): n for counter, n in trainer.counters().items()}
        return Learned(before, after, ended, trainer.scorer.chain.hexdigest(), counters)
