"""A neuron as a perceptron: Cover's count, and what the chip learns of it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog  # type: ignore[import-untyped]

from axonloop.host.experiments.capacity import perceptron
from axonloop.host.order import Order
from axonloop.host.training import POPULATION


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


def separable(patterns: np.ndarray, labels: np.ndarray) -> bool:
    """Is there a perceptron that says labels, +-1, of patterns?"""
    rows = -labels[:, None] * patterns
    found = linprog(np.zeros(rows.shape[1]), rows, -np.ones(len(rows)), bounds=(None, None))
    return bool(found.success)


def test_covers_count_is_that_of_all_dichotomies() -> None:
    patterns = np.random.default_rng(1).normal(size=(6, 3))
    ways = [np.array(signs) for signs in product((-1, 1), repeat=6)]
    share = np.mean([separable(patterns, labels) for labels in ways])
    assert share == perceptron.cover(6, 3) == 0.5
    assert perceptron.cover(3, 3) == 1
    assert perceptron.cover(7, 3) == 2 * (1 + 6 + 15) / 2**7


def test_a_bit_spikes_on_one_of_two_channels() -> None:
    drawn = perceptron.drawn(1, 12)
    assert (drawn.patterns.sum(1) == perceptron.BITS).all()
    assert drawn.labels.shape == (12, perceptron.NEURONS)


def test_few_patterns_are_learned_and_too_many_are_not() -> None:
    few, many = (
        perceptron.learned(POPULATION, 8, load, [1], 60, quiet)[0].share for load in (0.75, 4.0)
    )
    assert (few, many) == (1.0, 0.0)


def test_devices_hold_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptron, "NEURONS", 16)
    both = [
        perceptron.learned(device, 4, 1.0, [1, 2], 3, quiet) for device in (POPULATION, "golden")
    ]
    assert both[0] == both[1]
    assert both[0][0].weight_hash != both[0][1].weight_hash


def test_the_rows_name_every_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptron, "EPOCHS", 1)
    monkeypatch.setattr(perceptron, "LOADS", (1.0, 2.0))
    metrics = perceptron.measure(Order(POPULATION), quiet)
    assert [row.paper for row in metrics["rows"]] == [
        "100.0 % (Cover's count)",
        "50.0 % (Cover's count)",
    ]
