"""STDP, then a global gradient: which weights begin and which move; devices alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.data import CLASSES, Digits, split_digits
from axonloop.host.experiments.stdp import digits as stdp
from axonloop.host.experiments.stdp import hybrid
from axonloop.host.order import Order
from axonloop.host.pictures import save
from axonloop.host.training import POPULATION, SurrogateTrainer

WHOLE = split_digits()
CELLS = 16


@pytest.fixture(autouse=True)
def few_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few cells, and few digits."""
    for name, value in (("CELLS", CELLS), ("INHIBITORS", 16), ("EPOCHS", 1)):
        monkeypatch.setattr(stdp, name, value)
    monkeypatch.setattr(hybrid, "EPOCHS", {2: 1, hybrid.EVERY: 1})
    monkeypatch.setattr(hybrid, "BATCHES", {2: 5, hybrid.EVERY: 5})


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


def few(labels: int) -> Digits:
    part = hybrid.labelled(WHOLE.train, labels, 1)
    return Digits(part, WHOLE.validation.first(0), WHOLE.test.first(10))


def test_each_class_has_as_many_labels() -> None:
    part = hybrid.labelled(WHOLE.train, 3, 1)
    assert np.bincount(part.labels).tolist() == [3] * CLASSES
    other = hybrid.labelled(WHOLE.train, 3, 2)
    assert part.indices.tolist() != other.indices.tolist()
    assert hybrid.labelled(WHOLE.train, hybrid.EVERY, 1) is WHOLE.train


def taught(device: str, learning: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, np.ndarray]:
    """The hash and the weights of a network that begins with 7 in the first layer."""
    seen: list[np.ndarray] = []
    whole = SurrogateTrainer.accuracy

    def accuracy(self: SurrogateTrainer, part: object) -> float:
        seen.append(self.module.integer_weights())
        return whole(self, self.test)

    monkeypatch.setattr(SurrogateTrainer, "accuracy", accuracy)
    first = np.full((64, CELLS), 7.0)
    descent = replace(hybrid.DESCENT, epochs=2, batch=5)
    settings = hybrid.settings_of(1, hybrid.STDP)
    _, weights = hybrid.trained(device, settings, descent, few(1), first, learning, quiet)
    return weights, seen[0]


def test_the_first_layer_begins_as_told_and_learns_only_where_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = hybrid.program_of(hybrid.settings_of(1, hybrid.STDP))
    rows = np.concatenate(program.axons[hybrid.INPUT])
    first = np.ix_(rows, program.neurons["layer1"])
    (_, top), (_, both) = (
        taught(POPULATION, learning, monkeypatch) for learning in (hybrid.TOP, hybrid.WHOLE)
    )
    assert (top[first] == 7).all()
    assert (both[first] != 7).any()
    upper = program.neurons["layer2"]
    assert (top[:, upper] != program.weights[:, upper]).any()


def test_devices_end_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = {
        taught(device, hybrid.WHOLE, monkeypatch)[0] for device in (POPULATION, "golden", "batched")
    }
    assert len(ends) == 1


@pytest.mark.slow
def test_hybrid_in_short(tmp_path: Path) -> None:
    metrics = hybrid.measure(Order(POPULATION, limit=60), quiet)
    assert [row.what for row in metrics["rows"]] == [
        "STDP alone, cells named by all labels",
        "2 labels a class, both layers trained",
        "2 labels a class, top layer trained",
        "all labels, both layers trained",
        "all labels, top layer trained",
    ]
    assert len({way["weight_hash"] for way in metrics["ways"]}) == len(metrics["ways"]) == 8
    save(hybrid.draw(metrics), tmp_path / "picture.png")
