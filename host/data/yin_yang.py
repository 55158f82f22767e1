"""The Yin-Yang data set (Kriener, Göltz & Petrovici 2022): three classes that no line parts.

Points are drawn evenly from the disc of radius 1/2 around (1/2, 1/2), class by class in turn. The
disc is halved by two half circles of radius 1/4 into yin and yang; a dot of radius 1/10 lies in
the middle of each, and both dots are the third class. A sample has the features x, y, 1 - x, 1 - y.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.digits import Digits, Part
from axonloop.models.checks import require_range

Points = NDArray[np.float64]
YIN, YANG, DOT = range(3)
SECTORS = 3
RADIUS, DOT_RADIUS = 0.5, 0.1
SIZES = (5000, 1000, 1000)
"""Samples for training, validation and test, as in the paper."""
_SEEDS = (42, 41, 40)


def classes_of(points: Points) -> NDArray[np.int32]:
    """The class of every point of the disc, `(n, 2)` into int32 `(n,)`."""
    x, y = points.T
    left = np.hypot(x - RADIUS / 2, y - RADIUS)
    right = np.hypot(x - 3 * RADIUS / 2, y - RADIUS)
    yin = (left <= RADIUS / 2) | ((y > RADIUS) & (right > RADIUS / 2))
    classes = np.where(yin, YIN, YANG)
    return np.where(np.minimum(left, right) < DOT_RADIUS, DOT, classes).astype(np.int32)


def draw_points(count: int, seed: int) -> tuple[Points, NDArray[np.int32]]:
    """`count` points `(count, 2)` and their classes 0, 1, 2, 0, 1, ..."""
    require_range("count", count, 1, 10_000_000)
    random = np.random.default_rng(seed)
    wanted = np.arange(count, dtype=np.int32) % SECTORS
    points = np.zeros((count, 2))
    missing = np.arange(count)
    while len(missing):
        drawn = random.random((len(missing), 2)) * 2 * RADIUS
        inside = np.hypot(*(drawn - RADIUS).T) <= RADIUS
        good = inside & (classes_of(drawn) == wanted[missing])
        points[missing[good]] = drawn[good]
        missing = missing[~good]
    return points, wanted


def features_of(points: Points) -> Points:
    """x, y, 1 - x, 1 - y of every point, `(n, 4)` in 0..1."""
    return np.concatenate([points, 1 - points], axis=1)


def split_yin_yang(white: int, last: int) -> Digits:
    """The three parts for a latency code: 5000, 1000 and 1000 samples of 5 values.

    Feature 0 becomes `white`, feature 1 becomes `last`, 1..white - 1, and what lies between is
    rounded: the smaller a feature, the earlier its spike. The fifth value, always `white`, is the
    bias.
    """
    require_range("last", last, 1, white - 1)
    parts, first = [], 0
    for count, seed in zip(SIZES, _SEEDS, strict=True):
        points, labels = draw_points(count, seed)
        values = np.rint(white - features_of(points) * (white - last))
        images = np.concatenate([values, np.full((count, 1), white)], axis=1).astype(np.int32)
        parts.append(Part(images, labels, np.arange(first, first + count)))
        first += count
    return Digits(*parts)
