"""Targets: classes, numbers, wanted spikes, none; and what is refused when opened."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from axonloop.host.data import DataDescription, Split, TargetKind, open_data

ALL = Split(train=1, validation=0, test=0)
SPIKES = np.random.default_rng(1).random((5, 7, 3)) < 0.3


def opened(targets: Any, target: str, **more: Any) -> Any:
    description = DataDescription(kind="spikes", target=target, split=ALL, **more)
    return open_data(description, {"inputs": SPIKES, "targets": targets})


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_classes_are_python_integers(dtype: Any) -> None:
    data = opened(np.array([0, 2, 1, 0, 2], dtype), "class")
    assert (data.target, data.outputs) == (TargetKind.CLASS, 3)
    assert type(data.train.target(1)) is int
    assert [data.train.target(k) for k in range(5)] == [0, 2, 1, 0, 2]
    assert opened(np.array([0, 2, 1, 0, 2], dtype), "class", classes=7).outputs == 7


@pytest.mark.parametrize(
    ("shape", "wanted", "outputs"), [((5,), (1,), 1), ((5, 2), (2,), 2), ((5, 7, 4), (7, 4), 4)]
)
def test_numbers_of_a_sample(shape: tuple[int, ...], wanted: tuple[int, ...], outputs: int) -> None:
    numbers = np.random.default_rng(1).random(shape).astype(np.float32)
    data = opened(numbers, "numbers")
    found = data.train.target(4)
    assert (found.shape, found.dtype, data.outputs) == (wanted, np.float64, outputs)
    assert (found == numbers[4]).all()


def test_wanted_spikes_are_bools() -> None:
    data = opened(SPIKES.astype(np.uint8), "spikes")
    assert data.outputs == 3
    assert data.train.target(2).dtype == bool
    assert (data.train.target(2) == SPIKES[2]).all()


def test_no_targets_are_none() -> None:
    data = open_data(DataDescription(kind="spikes", target="none", split=ALL), {"inputs": SPIKES})
    assert (data.train.target(0), data.outputs, len(data.train)) == (None, 0, 5)


@pytest.mark.parametrize(
    ("targets", "target", "message"),
    [
        ([0, 1, 2, 0, -1], "class", r"in 0\.\.2, not -1 \(sample 4\)"),
        ([0.0, 1, 2, 0, 1], "class", "classes of an integer dtype, not 'float64'"),
        ([False] * 5, "class", "classes of an integer dtype, not 'bool'"),
        (["a"] * 5, "class", "classes of an integer dtype, not '<U1'"),
        (
            np.eye(5, dtype=int),
            "class",
            r"one class per sample, of shape \(samples,\), not \(5, 5\)",
        ),
        ([0, 1, 2, 0], "class", "one for each of 5 samples, not 4"),
        (np.zeros(0, int), "class", r"of at least 1 sample, not \(0,\)"),
        ([0, 1, np.nan, 0, 1], "numbers", r"finite numbers, not nan \(sample 2\)"),
        ([[0, np.inf]] * 5, "numbers", r"finite numbers, not inf \(sample 0\)"),
        (np.zeros((5, 7, 1, 1)), "numbers", r"of shape \(samples,\), .*, not \(5, 7, 1, 1\)"),
        (np.zeros((5, 0)), "numbers", r"without empty axes, not \(5, 0\)"),
        (["a"] * 5, "numbers", "numbers of an integer or float dtype, not '<U1'"),
        (np.zeros((5, 6, 2)), "numbers", "of 7 ticks, as the inputs, not 6"),
        (np.zeros((5, 6, 2), bool), "spikes", "of 7 ticks, as the inputs, not 6"),
        (np.zeros((5, 7)), "spikes", r"of shape \(samples, ticks, neurons\), not \(5, 7\)"),
        (np.zeros((5, 7, 2)), "spikes", "spikes of 0 and 1, of bool or an integer dtype, not"),
        (np.full((5, 7, 2), 3), "spikes", r"0 or 1, not 3 \(sample 0\)"),
    ],
)
def test_wrong_targets_are_refused_when_opened(
    targets: NDArray[Any], target: str, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^arrays: targets must be {message}"):
        opened(targets, target)


def test_labels_beyond_the_classes_are_refused() -> None:
    wanted = r"^arrays: targets must be in 0\.\.1, not 2 \(sample 1\)$"
    with pytest.raises(ValueError, match=wanted):
        opened([0, 2, 1, 0, 1], "class", classes=2)
