"""A batch of samples learned at once in one memory of weights, by the one trainer."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.host.configuration import NetworkSettings, RunSettings, Settings, TaskSettings
from axonloop.host.data import split_digits
from axonloop.host.training import batch_trainer, population_trainer

DIGITS = split_digits()


def settings(limit: int = 24, epochs: int = 1) -> Settings:
    return Settings(
        NetworkSettings(layers=(32,)),
        TaskSettings(limit=limit, ticks=20),
        run=RunSettings(epochs=epochs),
    )


def test_a_batch_of_one_is_a_lone_chip() -> None:
    batch, alone = batch_trainer(settings(), DIGITS, 1), population_trainer([settings()], DIGITS)
    for trainer in (batch, alone):
        trainer.run()
    assert batch.weight_hashes() == alone.weight_hashes()
    assert batch.spike_hashes() == alone.spike_hashes()


def test_samples_of_a_batch_learn_in_one_memory() -> None:
    trainer = batch_trainer(settings(), DIGITS, 5)
    orders = np.stack([task.places(1, 0) for task in trainer.tasks])
    samples = len(trainer.train)
    assert orders.shape == (5, samples // 5)
    assert len(set(orders.ravel().tolist())) == orders.size
    first = trainer.copies.weights()
    trainer.run()
    weights = trainer.copies.weights()
    assert (weights == weights[:1]).all()
    assert (weights != first).any()
    assert len(set(trainer.weight_hashes())) == 1


def test_a_batch_learns() -> None:
    trainer = batch_trainer(settings(limit=120, epochs=3), DIGITS, 4)
    before = trainer.final_scores()
    trainer.run()
    after = trainer.final_scores()
    assert len(set(after)) == 1  # one network, asked four times
    assert after[0] > before[0] + 0.3


def test_other_batches_are_refused() -> None:
    with pytest.raises(ValueError, match=r"batch must be a whole number in 1\.\.24, not 25"):
        batch_trainer(settings(), DIGITS, 25)
    copies = batch_trainer(settings(), DIGITS, 2).copies
    weights = copies.weights()
    weights[1, 0, 0] += 1
    with pytest.raises(ValueError, match="weights of a batch must be the same in all copies"):
        copies.load_weights(weights)
