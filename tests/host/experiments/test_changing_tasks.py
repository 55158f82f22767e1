"""Tasks that change: the parts, and learning from given weights on every device."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from axonloop.host.data import split_digits
from axonloop.host.experiments import changing_tasks as changing
from axonloop.host.order import Order
from axonloop.host.pictures import save
from axonloop.host.training import POPULATION

DIGITS = split_digits()


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


def test_a_broken_sensor_has_pixels_that_stay_white() -> None:
    broken = changing.broken(DIGITS.test)
    white = (broken.images == 16).all(axis=0)
    assert white.sum() == changing.STUCK
    assert (broken.images[:, ~white] == DIGITS.test.images[:, ~white]).all()
    assert (broken.labels == DIGITS.test.labels).all()


def test_parts_by_class_and_by_number() -> None:
    old = changing.of_classes(DIGITS.train, 0, 5)
    assert set(old.labels.tolist()) == set(range(5))
    assert len(old) + len(changing.of_classes(DIGITS.train, 5, 10)) == len(DIGITS.train)
    assert np.bincount(changing.some(DIGITS.train, 3).labels).tolist() == [3] * 10


def test_learning_goes_on_from_given_weights_alike_on_every_device() -> None:
    every = [changing.settings_of(seed, 1) for seed in (4, 5)]
    part, scored = DIGITS.train.first(3), {"all": DIGITS.test.first(2)}
    first = changing.learn(POPULATION, every, [None, None], part, scored, quiet)
    starts = [first[0].weights, None]
    both = [
        changing.learn(device, every, starts, part, scored, quiet)
        for device in (POPULATION, "golden")
    ]
    hashes = [[each.weight_hash for each in phases] for phases in both]
    assert hashes[0] == hashes[1]
    assert [each.scores for each in both[0]] == [each.scores for each in both[1]]
    assert hashes[0][0] != first[0].weight_hash
    assert hashes[0][1] == first[1].weight_hash


@pytest.mark.slow
def test_changing_tasks_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SHOTS", (1, 2)), ("EPOCHS", 1), ("SHOWN", 10), ("PASSES", 1)):
        monkeypatch.setattr(changing, name, value)
    metrics = changing.measure(Order(POPULATION, limit=30), quiet)
    assert list(metrics["few_shots"]) == [
        "deployed",
        *(f"{way}, {shots}" for shots in (1, 2) for way in ("tuned", "random weights")),
    ]
    assert len(metrics["forgetting"]) == 4
    save(changing.draw(metrics), tmp_path / "picture.png")
