"""A cochlea: sound into spikes of 700 hair cells' neurons, each of its own frequency.

1. A short-time spectrum every 2 ms is weighed into channels of logarithmic frequencies, by
   Gaussians as wide as the ear's filters (ERB = 24.7 Hz + 0.108 f, Glasberg & Moore 1990).
2. A hair cell compresses: its drive is the power in decibels above a floor that is RANGE below the
   loudest of the word, as a share of RANGE.
3. It adapts: a share of the drive's mean over some 50 ms is taken away, so onsets are strong.
4. The drive charges a leaky neuron, which spikes when it reaches 1, and starts anew from 0.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.formats import Recording

UNITS = 700
LOWEST, HIGHEST = 80.0, 8000.0
"""Frequencies of the first and the last unit, in Hz."""
WINDOW, POINTS = 0.023, 1024
"""Seconds that a spectrum sees, and its points."""
HOP_US = 2000
RANGE = 45.0
"""Decibels from the floor to the loudest."""
ADAPTATION, ADAPTING_US = 0.8, 50_000
GAIN, LEAK_US = 0.65, 20_000
"""Charge per 2 ms at full drive, and the time in which a neuron loses its charge."""
Wave = NDArray[np.float64]


def centres(units: int = UNITS) -> NDArray[np.float64]:
    """The frequency of every unit, in Hz."""
    return LOWEST * (HIGHEST / LOWEST) ** (np.arange(units) / (units - 1))


@lru_cache(maxsize=4)
def filters(rate: int, units: int) -> NDArray[np.float32]:
    """The weight of each point of a spectrum in each channel, `(points, units)`, 1 in sum."""
    points = np.fft.rfftfreq(POINTS, 1 / rate)[:, None]
    middle = centres(units)
    width = np.maximum(rate / POINTS, (24.7 + 0.108 * middle) / 2)
    weights = np.exp(-(((points - middle) / width) ** 2) / 2)
    found: NDArray[np.float32] = (weights / weights.sum(0)).astype(np.float32)
    return found


def drives(wave: Wave, rate: int, units: int = UNITS) -> NDArray[np.float64]:
    """What the hair cells tell every 2 ms, `(steps, units)`, 0 or more."""
    size = min(POINTS, int(WINDOW * rate))
    hop = rate * HOP_US / 1e6
    padded = np.pad(wave, size)
    starts = np.arange(0, len(padded) - size, hop).astype(np.int64)
    frames = padded[starts[:, None] + np.arange(size)] * np.hanning(size)
    spectrum = np.abs(np.fft.rfft(frames, POINTS)) ** 2
    power = spectrum.astype(np.float32) @ filters(rate, units)
    loudest = float(power.max())
    if loudest <= 0:
        return np.zeros(power.shape)
    drive = np.maximum(0, 10 * np.log10(np.maximum(power, 1e-30) / loudest) / RANGE + 1)
    kept, found = np.zeros(units), np.empty(drive.shape)
    for step, now in enumerate(drive):
        found[step] = np.maximum(0, now - ADAPTATION * kept)
        kept += (now - kept) * HOP_US / ADAPTING_US
    return found


def heard(wave: Wave, rate: int, units: int = UNITS, name: str = "sound") -> Recording:
    """The spikes of a sound `(samples,)` of `rate` samples per second, times in microseconds.

    Raises ValueError where nothing is heard.
    """
    charge, leak = np.zeros(units), np.exp(-HOP_US / LEAK_US)
    times, places = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for step, drive in enumerate(drives(wave, rate, units)):
        before = charge * leak
        charge = before + GAIN * drive
        (own,) = np.nonzero(charge >= 1)
        share = (1 - before[own]) / (charge[own] - before[own])
        times.append(step * HOP_US + np.floor(share.clip(0, 1) * (HOP_US - 1)).astype(np.int64))
        places.append(own)
        charge[own] = 0
    t, x = np.concatenate(times), np.concatenate(places)
    order = np.lexsort((x, t))
    return Recording((units,), t[order], x[order], name=name)
