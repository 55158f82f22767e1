"""Yin-Yang and Randman: what their papers say of them."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.host.data import SECTORS, draw_points, draw_randman, split_yin_yang
from axonloop.host.data.randman import Manifold, Randman
from axonloop.host.data.yin_yang import DOT, SIZES, YANG, YIN, classes_of, features_of


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_yin_and_yang_are_one_shape_turned(seed: int) -> None:
    """Half a turn about the centre makes yin of yang and keeps the dots."""
    points, classes = draw_points(3000, seed)
    turned = classes_of(1 - points)
    assert (turned[classes == YIN] == YANG).all()
    assert (turned[classes == YANG] == YIN).all()
    assert (turned[classes == DOT] == DOT).all()


def test_yin_yang_where_its_picture_says() -> None:
    places = [(0.25, 0.5), (0.75, 0.5), (0.25, 0.35), (0.75, 0.65), (0.5, 0.9), (0.5, 0.1)]
    found = classes_of(np.array(places))
    assert found.tolist() == [DOT, DOT, YIN, YANG, YIN, YANG]


def test_yin_yang_is_balanced_even_and_seeded() -> None:
    points, classes = draw_points(30_000, 5)
    assert np.bincount(classes).tolist() == [10_000] * SECTORS
    assert (classes == classes_of(points)).all()
    assert (np.hypot(*(points - 0.5).T) <= 0.5).all()
    dots = points[classes == DOT]
    left = dots[:, 0] < 0.5
    # Five standard deviations of 10,000 fair draws; within a dot half lie inside 1/sqrt(2) of it.
    assert abs(left.mean() - 0.5) < 0.025
    inner = np.hypot(dots[left, 0] - 0.25, dots[left, 1] - 0.5) < 0.1 / np.sqrt(2)
    assert abs(inner.mean() - 0.5) < 0.036
    assert (draw_points(50, 5)[0] == draw_points(50, 5)[0]).all()
    assert (draw_points(50, 5)[0] != draw_points(50, 6)[0]).any()


def test_yin_yang_for_a_latency_code() -> None:
    parts = split_yin_yang(33, 3)
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [*SIZES]
    images = np.concatenate([part.images for part in (parts.train, parts.validation, parts.test)])
    assert (images.min(), images.max()) == (3, 33)
    assert (images[:, 4] == 33).all()
    assert np.abs(images[:, 0] + images[:, 2] - 36).max() <= 1
    points, labels = draw_points(len(parts.train), 42)
    assert np.abs(33 - 30 * features_of(points) - parts.train.images[:, :4]).max() <= 0.5
    assert (parts.train.labels == labels).all()
    with pytest.raises(ValueError, match=r"^last must be a whole number in 1\.\.32, not 33"):
        split_yin_yang(33, 33)


@pytest.mark.parametrize("dimensions", [1, 2])
def test_a_manifold_is_smooth_and_fills_its_range(dimensions: int) -> None:
    random = np.random.default_rng(7)
    manifold = Manifold(random, 12, dimensions, alpha=2.0)
    points = random.random((4000, dimensions)) * 0.999
    times, moved = manifold.times(points), manifold.times(points + 1e-5)
    assert (times.min(0) < 0.05).all()
    assert (times.max(0) > 0.95).all()
    assert np.abs(moved - times).max() < 0.02


def test_larger_alpha_is_smoother() -> None:
    """The share of a manifold's variation that a step of 1/200 makes."""
    steps = np.linspace(0, 1, 201)[:, None]
    rough = [
        np.abs(np.diff(Manifold(np.random.default_rng(3), 30, 1, alpha).times(steps), axis=0))
        for alpha in (1.5, 2.0, 3.0)
    ]
    means = [float(np.square(each).mean()) for each in rough]
    assert means[0] > 1.3 * means[1] > 1.3 * 1.3 * means[2]


def test_randman_spikes_once_in_every_channel() -> None:
    data = draw_randman(1, classes=3, each=40, channels=6)
    raster = data.raster(50)
    assert raster.shape == (50, 120, 6)
    assert (raster.sum(0) == 1).all()
    assert np.abs(raster.argmax(0) / 49 - data.times).max() <= 0.5 / 49 + 1e-12
    assert np.bincount(data.labels).tolist() == [40] * 3


def test_randman_is_seeded_and_its_classes_apart() -> None:
    data, again, other = (draw_randman(seed, 4, 200, 10) for seed in (1, 1, 2))
    assert (data.times == again.times).all()
    assert (data.times != other.times).any()
    # The nearest neighbour in a finite sample is nearly always of one's own class.
    distances = np.square(data.times[:, None] - data.times).sum(2) + 1e9 * np.eye(800)
    assert (data.labels[distances.argmin(1)] == data.labels).mean() > 0.95


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": 0}, "classes must be a whole number in 1..10000, not 0"),
        ({"each": 0}, "samples of each class must be a whole number in 1..1000000, not 0"),
        ({"channels": 0}, "channels must be a whole number in 1..100000, not 0"),
        ({"alpha": 0}, "alpha must be above 0, not 0"),
    ],
)
def test_mistakes(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        draw_randman(1, **arguments)


def test_times_at_the_ends() -> None:
    data = Randman(np.array([[0.0, 1.0, 0.5]]), np.zeros(1, np.int32))
    assert data.raster(11).argmax(0).tolist() == [[0, 10, 5]]
