"""Randman: spike times on smooth random manifolds (Zenke & Vogels 2021).

Every class is a manifold of its own. A sample is a point z of it, drawn evenly from the unit cube
of `dimensions`; channel c spikes once, at a time that is a random Fourier series of z:

    f_c(z) = product over d of sum over k of a_cdk sin(2 pi (k z_d b_cdk + c_cdk)) / k^alpha

with k in 1..CUTOFF, a, b, c even in 0..1, and f_c stretched to 0..1. The larger alpha, the
smoother the manifold. A class shows in no channel's number of spikes, only in how their times go
together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.models.checks import require, require_range

CUTOFF = 1000
"""Terms of the series, as far as they are above a thousandth of the first."""
_PROBES = 1000
"""Points that a manifold is stretched by."""
Times = NDArray[np.float64]


class Manifold:
    """One smooth random manifold in `channels` channels; the same generator, the same manifold."""

    def __init__(
        self, random: np.random.Generator, channels: int, dimensions: int, alpha: float
    ) -> None:
        require_range("channels", channels, 1, 100_000)
        require_range("dimensions", dimensions, 1, 16)
        require(alpha > 0, "alpha", "above 0", alpha)
        terms = min(CUTOFF, int(1000 ** (1 / alpha)))
        self._orders = np.arange(1, terms + 1)
        self._scales = self._orders**-alpha
        self._a, self._b, self._c = random.random((3, channels, dimensions, terms))
        self._low, self._span = np.zeros(channels), np.ones(channels)
        probes = self.times(random.random((_PROBES, dimensions)), clip=False)
        self._low, self._span = probes.min(0), np.ptp(probes, axis=0)

    def times(self, points: Times, clip: bool = True) -> Times:
        """Spike times in 0..1, `(n, channels)`, of points `(n, dimensions)` of the unit cube."""
        found = np.ones((len(points), len(self._low)))
        for d, coordinate in enumerate(points.T):
            phases = coordinate[:, None, None] * (self._orders * self._b[:, d]) + self._c[:, d]
            found *= (self._a[:, d] * self._scales * np.sin(2 * np.pi * phases)).sum(2)
        stretched = (found - self._low) / self._span
        return stretched.clip(0, 1) if clip else stretched


@dataclass(frozen=True)
class Randman:
    """Samples: `times` float64 `(n, channels)` in 0..1 and `labels` int32 `(n,)`."""

    times: Times
    labels: NDArray[np.int32]

    def raster(self, ticks: int) -> NDArray[np.bool_]:
        """Spikes `(ticks, n, channels)`: time 0 at the first tick, time 1 at the last."""
        require_range("ticks", ticks, 2, 1_000_000)
        when = np.rint(self.times * (ticks - 1)).astype(np.int64)
        raster: NDArray[np.bool_] = np.arange(ticks)[:, None, None] == when
        return raster


def draw_randman(
    seed: int,
    classes: int = 10,
    each: int = 1000,
    channels: int = 20,
    dimensions: int = 1,
    alpha: float = 2.0,
) -> Randman:
    """`each` samples of every class, in random order."""
    require_range("classes", classes, 1, 10_000)
    require_range("samples of each class", each, 1, 1_000_000)
    random = np.random.default_rng(seed)
    times = []
    for _ in range(classes):
        manifold = Manifold(random, channels, dimensions, alpha)
        times.append(manifold.times(random.random((each, dimensions))))
    labels = np.repeat(np.arange(classes, dtype=np.int32), each)
    order = random.permutation(len(labels))
    return Randman(np.concatenate(times)[order], labels[order])
