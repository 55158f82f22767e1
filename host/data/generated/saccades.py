"""Digits that an event camera sees in three saccades, as N-MNIST (Orchard et al. 2015) was made.

A digit of scikit-learn is enlarged to 28 x 28 pixels and moves before a camera of 34 x 34 along
the sides of a triangle, 100 ms each. Files `.bin`: the digits for training and validation in Train,
those for test in Test (`split_digits`), in the folder of their class.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.digits import SIDE, WHITE, Part, split_digits
from axonloop.host.data.formats import Recording, nmnist_bytes
from axonloop.host.data.generated.camera import EventCamera, noise

PIXELS, LARGE = 34, 28
MARGIN = 7
"""Pixels on each side of an enlarged digit that a frame can be cut out of."""
SACCADE, STEP = 100_000, 2_500
"""Microseconds of a saccade, and between two frames."""
CORNERS = ((-3, -3), (0, 3), (3, -3), (-3, -3))
"""Where the digit stands before and after each saccade: pixels down and to the right."""
FINE = 256
"""Parts of a pixel that positions are told in."""
THRESHOLD, NOISE_HERTZ = 0.5, 0.2
BATCH = 128
Progress = Callable[[str, int, int], None]


def enlarged(images: NDArray[np.int32]) -> NDArray[np.int32]:
    """Digits `(n, 64)` as intensities `(n, 42, 42)` in 0..3136, with a black margin."""
    place = (4 * np.arange(LARGE) - 5) / 14  # of the middle of a large pixel, in small ones
    weights = np.maximum(0, 14 - np.abs(14 * (place[:, None] - np.arange(-1, SIDE + 1))))
    weights = np.rint(weights).astype(np.int32)
    small = np.pad(images.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    large = np.einsum("ya,nab,xb->nyx", weights, small, weights)
    return np.pad(large, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN))).astype(np.int32)


def position(time: int) -> tuple[int, int]:
    """Where the digit stands at a time in us: pixels down and to the right, times FINE."""
    number = min(time // SACCADE, len(CORNERS) - 2)
    share = (1 - math.cos(math.pi * (time / SACCADE - number))) / 2
    pairs = zip(CORNERS[number], CORNERS[number + 1], strict=True)
    down, right = (round(FINE * (a + (b - a) * share)) for a, b in pairs)
    return down, right


def frames(large: NDArray[np.int32], time: int) -> NDArray[np.int32]:
    """What the camera sees of enlarged digits at a time, `(n, 34, 34)`."""
    origin = (LARGE + 2 * MARGIN - PIXELS) // 2
    (y, fy), (x, fx) = (divmod(origin * FINE - moved, FINE) for moved in position(time))
    cut = large[:, y : y + PIXELS + 1, x : x + PIXELS + 1]
    rows = cut[:, :-1] * (FINE - fy) + cut[:, 1:] * fy
    found: NDArray[np.int32] = (rows[:, :, :-1] * (FINE - fx) + rows[:, :, 1:] * fx) >> 16
    return found


def seen(images: NDArray[np.int32], seed: int, numbers: NDArray[np.int64]) -> list[Recording]:
    """The events of digits `(n, 64)`, of which `numbers` `(n,)` decide the noise."""
    large = enlarged(images)
    camera = EventCamera(frames(large, 0), THRESHOLD, seed)
    end, pixels = SACCADE * (len(CORNERS) - 1), PIXELS * PIXELS
    parts = [
        camera.see(frames(large, start + STEP), start, start + STEP)
        for start in range(0, end, STEP)
    ]
    for k, number in enumerate(numbers.tolist()):
        t, p, place = noise(np.random.default_rng((seed, number)), pixels, end, NOISE_HERTZ)
        parts.append((t, p, place + k * pixels))
    t, p, place = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.lexsort((place, t, place // pixels))
    t, p, place = t[order], p[order], place[order]
    borders = np.searchsorted(place // pixels, np.arange(len(images) + 1))
    return [
        Recording(
            (2, PIXELS, PIXELS), t[a:b], place[a:b] % PIXELS, place[a:b] // PIXELS % PIXELS, p[a:b]
        )
        for a, b in zip(borders, borders[1:], strict=False)
    ]


def make_saccades(
    folder: Path, seed: int = 0, limit: int | None = None, progress: Progress | None = None
) -> None:
    """Write the set into an empty folder; `limit` digits of each part (None: all 1437 and 360)."""
    digits = split_digits()
    parts = {"Train": digits.train.join(digits.validation), "Test": digits.test}
    parts = {name: part.first(limit) for name, part in parts.items()}
    done, total = 0, sum(len(part) for part in parts.values())
    for name, part in parts.items():
        for start in range(0, len(part), BATCH):
            some = part.at(np.arange(start, min(start + BATCH, len(part))))
            _write(folder / name, some, seed)
            done += len(some)
            if progress is not None:
                progress("digits", done, total)


def _write(folder: Path, part: Part, seed: int) -> None:
    assert int(part.images.max()) <= WHITE
    samples = zip(seen(part.images, seed, part.indices), part.labels, part.indices, strict=True)
    for events, label, number in samples:
        path = folder / str(label) / f"{number:05}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(nmnist_bytes(path.name, events))
