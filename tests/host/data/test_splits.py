"""Parts of a data set: without overlap, alike in classes, and the same everywhere."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from axonloop.host.data import Split
from axonloop.host.data.splits import given_parts, limited, split_samples

SIZES = st.lists(st.integers(4, 40), min_size=1, max_size=6)
SHARES = st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9))
SEEDS = st.integers(0, 2**32 - 1)


def split_of(shares: tuple[int, int, int], seed: int) -> Split:
    train, validation, test = (share / sum(shares) for share in shares)
    return Split(train, validation, test, seed)


@given(SIZES, SHARES, SEEDS)
def test_parts_are_disjoint_complete_and_stratified(
    sizes: list[int], shares: tuple[int, int, int], seed: int
) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    split, count = split_of(shares, seed), len(labels)
    assume(all(share == 0 or share / sum(shares) * count >= 1 for share in shares))
    assume(shares[0] / sum(shares) * min(sizes) >= 3)
    parts = split_samples(count, labels, split)
    assert sorted(np.concatenate(parts).tolist()) == list(range(count))
    for part, share in zip(parts, shares, strict=True):
        assert (np.diff(part) > 0).all()
        wanted = share / sum(shares)
        assert abs(len(part) - wanted * count) <= 1
        found = np.bincount(labels[part], minlength=len(sizes))
        assert (np.abs(found - wanted * np.array(sizes)) <= 2).all()


def test_a_split_never_changes() -> None:
    parts = split_samples(1000, np.arange(1000) % 7, Split(seed=3))
    words = b"".join(part.astype("<i4").tobytes() + b"|" for part in parts)
    assert hashlib.sha256(words).hexdigest() == SPLIT


SPLIT = "5d14449f654c6d9bccb6930b66d18d56ccaeea34621a7ff54ba192067c108f77"


def test_seeds_and_samples_decide() -> None:
    first, again, other = (split_samples(200, None, Split(seed=seed))[2] for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_a_file_sorted_by_class_is_split_as_any_other() -> None:
    """Neither part is a stretch of the file."""
    labels = np.repeat(np.arange(4), 50)
    train, _, test = split_samples(200, labels, Split(0.75, 0, 0.25, seed=1))
    assert np.bincount(labels[test]).tolist() == [12, 13, 12, 13]
    assert len(np.unique(np.diff(test))) > 4
    assert len(train) == 150


def test_a_part_with_a_share_must_have_samples() -> None:
    with pytest.raises(ValueError, match=r"^validation part must be of at least 1 sample, not"):
        split_samples(4, None, Split(0.7, 0.1, 0.2))


def test_training_needs_every_class() -> None:
    labels = np.array([0] * 10 + [1])
    with pytest.raises(ValueError, match=r"^train part must be with samples of every class, not"):
        split_samples(11, labels, Split(0.1, 0, 0.9))


def test_given_parts_are_taken() -> None:
    parts = given_parts(np.array([2, 0, 0, 1, 0]))
    assert [part.tolist() for part in parts] == [[1, 2, 4], [3], [0]]


@given(SIZES, st.integers(1, 60), SEEDS)
def test_a_limit_keeps_classes_in_proportion(sizes: list[int], limit: int, seed: int) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    numbers = np.arange(len(labels))
    kept = limited(numbers, labels, limit, seed)
    assert len(kept) == min(limit, len(labels))
    assert set(kept.tolist()) <= set(numbers.tolist())
    found = np.bincount(labels[kept], minlength=len(sizes))
    assert (np.abs(found - len(kept) / len(labels) * np.array(sizes)) <= 1).all()
