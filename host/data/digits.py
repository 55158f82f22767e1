"""scikit-learn's 8 x 8 handwritten digits, split once and for all.

Training tunes weights, validation tunes everything else, and the test part tunes nothing.
"""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

SIDE = 8
PIXELS = SIDE * SIDE
CLASSES = 10
WHITE = 16
"""The largest value of a pixel."""
_TEST, _VALIDATION, _SPLIT_SEED = 360, 287, 0


@dataclass(frozen=True)
class Part:
    """Some of the digits: `images` int32 `(n, 64)` in 0..16, `labels` int32 `(n,)` in 0..9.

    `indices` are the digits' numbers in scikit-learn's order.
    """

    images: NDArray[np.int32]
    labels: NDArray[np.int32]
    indices: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int | None) -> Part:
        """The first `count` digits; all of them for None."""
        return Part(self.images[:count], self.labels[:count], self.indices[:count])

    def at(self, chosen: NDArray[np.int64]) -> Part:
        """The digits at these indices of the part, in their order."""
        return Part(self.images[chosen], self.labels[chosen], self.indices[chosen])

    def join(self, other: Part) -> Part:
        """These digits, then the others."""
        return Part(
            np.concatenate([self.images, other.images]),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.indices, other.indices]),
        )


@dataclass(frozen=True)
class Digits:
    """The three parts: 1150, 287 and 360 digits, stratified by label."""

    train: Part
    validation: Part
    test: Part


def split_digits() -> Digits:
    """The fixed split; the same on every machine. Its arrays are the caller's own."""
    images, labels, indices = _loaded()
    return Digits(*(Part(images[at], labels[at], at.copy()) for at in indices))


@cache
def _loaded() -> tuple[NDArray[np.int32], NDArray[np.int32], tuple[NDArray[np.int64], ...]]:
    """All images and labels, and the indices of the three parts."""
    with _untouched():  # slow to load, too
        from sklearn.datasets import load_digits  # type: ignore[import-untyped]
        from sklearn.model_selection import train_test_split  # type: ignore[import-untyped]
    data = load_digits()
    images, labels = data.data.astype(np.int32), data.target.astype(np.int32)
    every = np.arange(len(labels))
    rest, test = train_test_split(every, test_size=_TEST, random_state=_SPLIT_SEED, stratify=labels)
    train, validation = train_test_split(
        rest, test_size=_VALIDATION, random_state=_SPLIT_SEED, stratify=labels[rest]
    )
    return images, labels, (train, validation, test)


@contextmanager
def _untouched() -> Iterator[None]:
    """Undo what scikit-learn does to its process when it is loaded."""
    state, environment = random.getstate(), dict(os.environ)
    with warnings.catch_warnings():
        yield
    random.setstate(state)
    for name in set(os.environ) - set(environment):
        del os.environ[name]
