"""An event camera (Lichtsteiner et al. 2008): a pixel tells when its log intensity has changed.

Every pixel remembers the log intensity of its last event. When the intensity is a threshold above
or below, an event on (1) or off (0) is told, and a threshold is added to, or taken from, what is
remembered. Between two frames the log intensity is a straight line, which says the time. All is
whole numbers, that of the table of logarithms too, so events are the same on every machine.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNIT = 1024
"""Steps of log intensity in a factor e."""
BRIGHTEST = 4095
"""The largest intensity of a frame."""
DARK = 256
"""What is added to all intensities: the light of a dark room."""
MISMATCH = 0.03
"""Standard deviation of the pixels' thresholds, as a share of them."""
LOGS = np.array([round(UNIT * math.log(DARK + k)) for k in range(BRIGHTEST + 1)], np.int32)
Frame = NDArray[np.integer[Any]]


class EventCamera:
    """Cameras that see `first`, int `(..., h, w)` in 0..BRIGHTEST; `threshold` in factors of e.

    All cameras that are made with the same `seed` and shape have the same pixels: the MISMATCH of
    thresholds, and how far from its next event a pixel is at first, belong to the last two axes.
    """

    def __init__(
        self, first: Frame, threshold: float, seed: int, mismatch: float = MISMATCH
    ) -> None:
        self._log = LOGS[first]
        random = np.random.default_rng(seed)
        drawn = np.rint(threshold * UNIT * random.normal(1, MISMATCH, first.shape[-2:]))
        pixels = np.maximum(UNIT // 16, drawn).astype(np.int32)
        self._thresholds = np.broadcast_to(pixels, first.shape)
        offsets = np.rint(pixels * random.uniform(-0.5, 0.5, pixels.shape)).astype(np.int32)
        self._kept = self._log + offsets
        self._places = np.arange(first.size).reshape(first.shape)

    def see(
        self, frame: Frame, start: int, stop: int, window: tuple[Any, ...] = ()
    ) -> tuple[NDArray[np.int64], ...]:
        """Events of a frame at time `stop` behind one at `start`: times, polarities, indices.

        `window` are slices into the first frame that this one stands for; all else has not
        changed. Indices are those of the first frame, flat.
        """
        log, kept, thresholds = (each[window] for each in (self._log, self._kept, self._thresholds))
        new = LOGS[frame]
        (places,) = np.nonzero((np.abs(new - kept) >= thresholds).reshape(-1))
        rows = [each.reshape(-1)[places].astype(np.int64) for each in (new, log, kept, thresholds)]
        log[...] = new
        found: list[tuple[NDArray[np.int64], ...]] = []
        ahead, before, level, step = rows
        own = np.arange(len(places))
        while len(own):
            rising = ahead[own] > level[own]
            level[own] += np.where(rising, step[own], -step[own])
            share = (level[own] - before[own]) * (stop - start)
            found.append((start + share // (ahead[own] - before[own]), rising * 1, own))
            own = own[np.abs(ahead[own] - level[own]) >= step[own]]
        kept[np.unravel_index(places, kept.shape)] = level
        if not found:
            empty = np.zeros(0, np.int64)
            return empty, empty, empty
        t, p, own = (np.concatenate(each) for each in zip(*found, strict=True))
        return t, p, self._places[window].reshape(-1)[places[own]]


def noise(
    random: np.random.Generator, count: int, duration: int, hertz: float
) -> tuple[NDArray[np.int64], ...]:
    """Events without a cause, `hertz` in each of `count` pixels: times, polarities, indices."""
    events = int(random.poisson(hertz * count * duration / 1e6))
    t = random.integers(0, duration, events)
    return t, random.integers(0, 2, events), random.integers(0, count, events)
