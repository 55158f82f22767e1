"""Which samples are for training, for validation and for test: fixed by a seed, alike in classes.

All is whole numbers, so a split is the same everywhere and with every version of NumPy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.description import PARTS, Split
from axonloop.models.checks import require

Numbers = NDArray[np.int64]
WORD = (1 << 64) - 1


def split_samples(count: int, labels: Numbers | None, split: Split) -> list[Numbers]:
    """The numbers, ascending, of the samples of each of PARTS, out of 0..count - 1.

    Every sample is in one part. A part has its share of all samples, to the nearest whole number,
    and, where `labels` `(count,)` are given, its share of each class, but for 2 samples at most.
    Raises ValueError where a part with a share stays empty, or training lacks a class.
    """
    every = np.arange(count, dtype=np.int64)
    rest, test = _divide(every, labels, split.test, split.seed)
    ahead = split.validation / (split.train + split.validation)
    train, validation = _divide(rest, labels, ahead, split.seed)
    parts = [train, validation, test]
    for name, part in zip(PARTS, parts, strict=True):
        share = getattr(split, name)
        good = len(part) > 0 or share == 0
        require(good, f"{name} part", "of at least 1 sample", f"{share:g} of {count}")
    if labels is not None:
        missing = np.setdiff1d(labels, labels[train])
        good = len(missing) == 0
        require(
            good, "train part", "with samples of every class", f"without {missing[:4].tolist()}"
        )
    return parts


def given_parts(membership: Numbers) -> list[Numbers]:
    """The numbers of the samples of each part, where `membership` `(count,)` says 0, 1 or 2."""
    return [np.flatnonzero(membership == part).astype(np.int64) for part in range(len(PARTS))]


def limited(numbers: Numbers, labels: Numbers | None, limit: int | None, seed: int) -> Numbers:
    """At most `limit` of the samples `numbers`, with the classes in equal shares as before."""
    if limit is None or limit >= len(numbers):
        return numbers
    order = _by_class(numbers, labels, seed)
    return np.sort(order[_spread(len(order), limit)])


def _divide(
    numbers: Numbers, labels: Numbers | None, share: float, seed: int
) -> tuple[Numbers, Numbers]:
    """The samples without a share of them, and that share; both ascending."""
    order = _by_class(numbers, labels, seed)
    chosen = _spread(len(order), round(share * len(order)))
    return np.sort(order[~chosen]), np.sort(order[chosen])


def _by_class(numbers: Numbers, labels: Numbers | None, seed: int) -> Numbers:
    """The samples class by class, in a random order within each."""
    drawn = _hashed(numbers, seed)
    classes = np.zeros_like(numbers) if labels is None else labels[numbers]
    return numbers[np.lexsort((drawn, classes))]


def _spread(count: int, chosen: int) -> NDArray[np.bool_]:
    """`chosen` out of `count` places in even steps: of any stretch its share, but for one place."""
    steps = np.arange(count + 1, dtype=np.int64) * chosen // max(1, count)
    spread: NDArray[np.bool_] = np.diff(steps) > 0
    return spread


def _hashed(numbers: Numbers, seed: int) -> NDArray[np.uint64]:
    """A random word for every sample: the finalizer of SplitMix64 (Steele et al. 2014)."""
    first = (seed * 0xD1342543DE82EF95 + 1) & WORD
    words = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(first)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        words = (words ^ (words >> np.uint64(shift))) * np.uint64(factor)
    return words ^ (words >> np.uint64(31))
