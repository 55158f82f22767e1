"""The fixed split, and images into spikes."""

from __future__ import annotations

import hashlib
import math
import os
import random
import sys
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonloop.host.data import (
    CLASSES,
    TRAINING,
    WHITE,
    Digits,
    PhaseEncoder,
    RateEncoder,
    generator,
    spike_encoder,
    split_digits,
)
from axonloop.host.data import digits as digits_file
from axonloop.host.data.spike_encoders import LatencyEncoder, RankEncoder, RegularEncoder

IMAGE = np.array([0, 1, 8, 16], dtype=np.int32)


@pytest.fixture(scope="module")
def digits() -> Digits:
    return split_digits()


class Noisy(ModuleType):
    """A module from which nothing is imported without a trace in the process."""

    def __init__(self, module: ModuleType) -> None:
        super().__init__(module.__name__)
        self.module = module

    def __getattr__(self, name: str) -> Any:
        random.random()
        os.environ["NOISE"] = "1"
        return getattr(self.module, name)


def test_loading_them_leaves_random_numbers_and_environment_alone(
    digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", Noisy(sys.modules["sklearn.datasets"]))
    monkeypatch.setattr(digits_file, "_loaded", digits_file._loaded.__wrapped__)
    state, environment = random.getstate(), dict(os.environ)
    assert len(split_digits().train) == len(digits.train)
    assert random.getstate() == state
    assert dict(os.environ) == environment


def test_whoever_changes_them_changes_no_one_elses(digits: Digits) -> None:
    own = split_digits().test
    for mine, theirs in ((own.images, digits.test.images), (own.indices, digits.test.indices)):
        mine[:] = 7
        assert (theirs != 7).any()
    assert (split_digits().test.images == digits.test.images).all()
    assert (split_digits().test.indices == digits.test.indices).all()


def test_sizes(digits: Digits) -> None:
    assert [len(digits.train), len(digits.validation), len(digits.test)] == [1150, 287, 360]


def test_parts_are_disjoint_and_complete(digits: Digits) -> None:
    parts = (digits.train, digits.validation, digits.test)
    every = np.concatenate([part.indices for part in parts])
    assert sorted(every.tolist()) == list(range(1797))


def test_parts_are_stratified(digits: Digits) -> None:
    parts = (digits.train, digits.validation, digits.test)
    counts = np.array([np.bincount(part.labels, minlength=CLASSES) for part in parts])
    expected = counts.sum(axis=0) * counts.sum(axis=1)[:, None] / counts.sum()
    assert (np.abs(counts - expected) <= 1).all()


def test_split_never_changes(digits: Digits) -> None:
    parts = (digits.train, digits.validation, digits.test)
    words = b"".join(part.indices.astype("<i4").tobytes() for part in parts)
    assert hashlib.sha256(words).hexdigest() == SPLIT


SPLIT = "527f197b3b0dc7d89c09498b7e9c0d1b4f6f7d57630a0e556caee7a326cbd7cf"


def test_images_match_their_indices(digits: Digits) -> None:
    assert (digits.test.images.min(), digits.test.images.max()) == (0, WHITE)
    joined = digits.train.join(digits.validation).first(1151)
    assert joined.indices[-1] == digits.validation.indices[0]
    assert (joined.images[-1] == digits.validation.images[0]).all()
    assert joined.labels[-1] == digits.validation.labels[0]


@pytest.mark.parametrize("seed", [0, 1])
def test_rate_encoder_rates(seed: int) -> None:
    ticks, peak = 20_000, 0.8
    trains = RateEncoder(ticks, WHITE, peak).encode(IMAGE, np.random.default_rng(seed))
    rates = np.bincount(np.concatenate(trains), minlength=4) / ticks
    wanted = peak * IMAGE / WHITE
    # Five standard deviations of a mean of 20,000 draws; pixel 0 must be silent.
    assert (np.abs(rates - wanted) <= 5 * np.sqrt(wanted * (1 - wanted) / ticks)).all()
    assert all((np.diff(train) > 0).all() for train in trains)


def test_rate_encoder_depends_on_its_generator_alone() -> None:
    encoder = RateEncoder(30, WHITE)
    trains = [encoder.encode(IMAGE, generator(1, TRAINING, 2, place)) for place in (3, 3, 4)]
    same, again, other = (np.concatenate(train).tolist() for train in trains)
    assert same == again
    assert same != other


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_regular_encoder_keeps_step(seed: int) -> None:
    ticks, peak = 200, 0.8
    trains = RegularEncoder(ticks, WHITE, peak).encode(IMAGE, np.random.default_rng(seed))
    spikes = np.array([np.bincount(train, minlength=4) for train in trains])
    assert spikes.max() == 1
    expected = np.arange(1, ticks + 1)[:, None] * peak * IMAGE / WHITE
    assert (np.abs(np.cumsum(spikes, axis=0) - expected) < 1).all()


def test_regular_encoder_has_random_phases() -> None:
    encoder = RegularEncoder(40, WHITE, 0.1)
    first = {
        int(np.flatnonzero([len(train) for train in trains])[0])
        for seed in range(20)
        for trains in [encoder.encode(np.array([WHITE]), np.random.default_rng(seed))]
    }
    assert len(first) > 5


def test_latency_encoder_times() -> None:
    trains = LatencyEncoder(31, WHITE).encode(IMAGE, np.random.default_rng(0))
    times = {int(axon): tick for tick, train in enumerate(trains) for axon in train}
    assert times == {3: 0, 2: 16, 1: 30}
    assert sum(len(train) for train in trains) == 3


def test_rank_encoder_times() -> None:
    image = np.array([3, 0, 9, 3, 16], dtype=np.int32)
    trains = RankEncoder(31, WHITE).encode(image, np.random.default_rng(0))
    times = {int(axon): tick for tick, train in enumerate(trains) for axon in train}
    assert times == {4: 0, 2: 10, 0: 20, 3: 30}
    doubled = RankEncoder(31, 2 * WHITE).encode(2 * image, np.random.default_rng(0))
    assert [train.tolist() for train in doubled] == [train.tolist() for train in trains]
    lone = RankEncoder(5, WHITE).encode(np.array([0, 7]), np.random.default_rng(0))
    assert [train.tolist() for train in lone] == [[1], [], [], [], []]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=5), st.integers(1, 16))
def test_phase_encoder_spells_values(values: list[int], phases: int) -> None:
    encoder = PhaseEncoder(2 * phases + 1, 1000, phases)
    raster = encoder.raster(np.array(values), np.random.default_rng(0))
    for k, value in enumerate(values):
        bits = math.floor(Fraction(value * (2**phases - 1), 1000) + Fraction(1, 2))
        word = [bool(int(letter)) for letter in f"{bits:0{phases}b}"]
        assert raster[:, k].tolist() == [*word, *word, word[0]]


def test_phase_encoder_needs_a_period() -> None:
    with pytest.raises(ValueError, match=r"^phases must be a whole number in 1\.\.5, not 8$"):
        spike_encoder("phase", 5, WHITE, 1.0)


def test_one_train_per_tick() -> None:
    trains = LatencyEncoder(5, WHITE).encode(np.zeros(3, np.int32), np.random.default_rng(0))
    assert [train.tolist() for train in trains] == [[]] * 5


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.array([0, 17]), "pixels must be in 0..16, not"),
        (np.array([-1, 3]), "pixels must be in 0..16, not"),
        (np.array([0.0, np.nan]), "image must be one row of finite numbers, not"),
        (np.zeros((2, 2)), "image must be one row of finite numbers, not"),
    ],
    ids=["white", "negative", "nan", "square"],
)
def test_bad_images(image: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RateEncoder(5, WHITE).encode(image, np.random.default_rng(0))


def test_bad_encoders() -> None:
    with pytest.raises(
        ValueError, match="^encoding must be one of rate, regular, latency, rank, phase, not"
    ):
        spike_encoder("delta", 5, WHITE, 1.0)
    with pytest.raises(ValueError, match="^peak must be above 0 and at most 1, not 1.5$"):
        spike_encoder("rate", 5, WHITE, 1.5)
    for name in ("rate", "regular", "latency", "rank"):
        with pytest.raises(ValueError, match="^ticks must be a whole number in 2..1000000, not 1$"):
            spike_encoder(name, 1, WHITE, 1.0)


@pytest.mark.parametrize("code", ["rate", "regular", "latency", "rank", "phase"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float32])
def test_an_images_dtype_changes_nothing(code: str, dtype: type) -> None:
    """Unsigned bytes once wrapped around: all spikes of the latency code came at tick 0."""
    encoder, image = spike_encoder(code, 40, 255, 0.8), np.array([255, 128, 1, 0])
    expected = encoder.raster(image.astype(np.int32), generator(1, 0))
    assert (encoder.raster(image.astype(dtype), generator(1, 0)) == expected).all()
    assert expected.any()


def test_images_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="^image must be one row of finite numbers, not 'bool of"):
        spike_encoder("rate", 40, 1, 0.8).raster(np.array([True, False]), generator(1, 0))
