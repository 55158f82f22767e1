"""Eleven gestures of shapes that move on a ring: only time tells them apart.

A camera of 128 x 128 sees a disc, a square or a diamond go twice around a ring (or two of them
once). Whatever the gesture, each place of the ring is passed as often, and the camera looks at
steps of the way, not of time: the sums of events over time are the same, but for noise and for
where the way begins. Direction, order and rhythm are the gesture. Place, size, shape, brightness
and duration are drawn for every sample alike. A recording, as of DVS128 Gesture (Amir et al. 2017),
has every gesture once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.formats import (
    Gesture,
    Recording,
    aedat3_bytes,
    labels_path,
    write_gestures,
)
from axonloop.host.data.generated.camera import EventCamera, noise

PIXELS = 128
SENSOR = (2, PIXELS, PIXELS)
FINE = 16
"""Parts of a pixel that positions are told in."""
EDGE = 2
"""Pixels in which a shape's border goes from dark to bright."""
THRESHOLD, NOISE_HERTZ = 0.8, 0.02
DURATION, VARIED = 800_000, 0.15
"""Microseconds of a gesture, and the share by which it is drawn longer or shorter."""
PAUSE = 100_000
"""Microseconds of silence between gestures."""
GESTURES = (
    "right, even",
    "left, even",
    "there and back, even",
    "right, in dashes",
    "left, in dashes",
    "there and back, in dashes",
    "right, in surges",
    "left, in surges",
    "two right",
    "two left",
    "two against each other",
)
"""The gestures by their class: which way round, and in which rhythm."""
DASHES, MOVING, SURGES, SURGE = 16, 0.4, 4, 0.85
"""Dashes of a gesture and the share of time that they move; surges, and how strong they are."""
TRAIN, TEST = 96, 36
"""Recordings for training and for test, of 11 gestures each."""
Progress = Callable[[str, int, int], None]
Path2 = NDArray[np.int64]


@dataclass(frozen=True)
class Scene:
    """What is drawn for a gesture: middle, ring and radius in 1/FINE pixels, and all else."""

    middle: tuple[int, int]
    ring: int
    radius: int
    shape: int
    bright: tuple[int, int]
    phase: float
    duration: int

    @classmethod
    def drawn(cls, random: np.random.Generator) -> Scene:
        """A scene of all that there are."""
        y, x = (FINE * PIXELS // 2 + random.integers(-12 * FINE, 12 * FINE + 1, 2)).tolist()
        light, dark = int(random.integers(2000, 4000)), int(random.integers(100, 400))
        varied = int(DURATION * VARIED)
        return cls(
            (y, x),
            int(random.integers(28 * FINE, 38 * FINE)),
            int(random.integers(5 * FINE, 7 * FINE)),
            int(random.integers(3)),
            (dark, light) if random.integers(2) else (light, dark),
            float(random.random()),
            DURATION + int(random.integers(-varied, varied + 1)),
        )


def ways(kind: int, scene: Scene) -> tuple[list[Path2], NDArray[np.float64]]:
    """Where each shape stands at the steps of its way, `(steps, 2)`, and the way gone, 0..1."""
    steps = int(2 * np.pi * scene.ring / FINE)  # a pixel each
    turn = np.arange(steps + 1) / steps
    there = np.concatenate([turn, 1 + turn[1:]])
    name = GESTURES[kind]
    turns = {
        "right": [there],
        "left": [-there],
        "there and back": [np.concatenate([turn, 1 - turn[1:]])],
        "two right": [turn, turn + 0.5],
        "two left": [-turn, 0.5 - turn],
        "two against each other": [turn, 0.5 - turn],
    }[name.split(",")[0]]
    found = []
    for way in turns:
        angle = 2 * np.pi * (way + scene.phase)
        places = scene.ring * np.stack([np.sin(angle), np.cos(angle)], axis=1)
        found.append(np.rint(places).astype(np.int64) + np.array(scene.middle))
    return found, np.arange(len(turns[0])) / (len(turns[0]) - 1)


def times(kind: int, way: NDArray[np.float64], duration: int) -> NDArray[np.int64]:
    """When the steps of the way are done, in microseconds, by the rhythm of the gesture."""
    name = GESTURES[kind]
    if "dashes" in name:
        dash, inside = np.divmod(way * DASHES, 1)
        way = (dash + inside * MOVING) / DASHES
    elif "surges" in name:
        way = way + SURGE * np.sin(2 * np.pi * SURGES * way) / (2 * np.pi * SURGES)
    return np.rint(way * duration).astype(np.int64)


def intensities(
    scene: Scene, places: list[Any], top: int, left: int, side: int
) -> NDArray[np.int64]:
    """A window of a frame, `(side, side)`, with shapes at `places`."""
    share = np.zeros((side, side), np.int64)
    for y, x in places:
        down = np.abs(FINE * (top + np.arange(side)) - y)[:, None]
        right = np.abs(FINE * (left + np.arange(side)) - x)
        if scene.shape == 0:
            far = np.rint(np.sqrt(down * down + right * right)).astype(np.int64)
        else:
            far = np.maximum(down, right) if scene.shape == 1 else (down + right) * 3 // 4
        share = np.maximum(share, np.clip(scene.radius + EDGE * FINE // 2 - far, 0, EDGE * FINE))
    dark, light = scene.bright
    return dark + (light - dark) * share // (EDGE * FINE)


def seen(kind: int, scene: Scene, seed: int, number: int) -> Recording:
    """The events of a gesture from time 0 on; `number` decides the noise."""
    places, way = ways(kind, scene)
    when = times(kind, way, scene.duration)
    whole = intensities(scene, [way[0] for way in places], 0, 0, PIXELS)
    camera = EventCamera(whole, THRESHOLD, seed)
    side = 2 * (scene.radius * 3 // 2 // FINE + EDGE + 2)
    found = []
    for step in range(1, len(way)):
        now = [way[step].tolist() for way in places]
        for y, x in now:
            top, left = (min(max(k // FINE - side // 2, 0), PIXELS - side) for k in (y, x))
            frame = intensities(scene, now, top, left, side)
            window = (slice(top, top + side), slice(left, left + side))
            found.append(camera.see(frame, int(when[step - 1]), int(when[step]), window))
    found.append(
        noise(np.random.default_rng((seed, number)), PIXELS**2, scene.duration, NOISE_HERTZ)
    )
    t, p, place = (np.concatenate(each) for each in zip(*found, strict=True))
    order = np.lexsort((place, t))
    t, p, place = t[order], p[order], place[order]
    return Recording(SENSOR, t, place % PIXELS, place // PIXELS, p)


def recording(seed: int, number: int) -> tuple[Recording, list[Gesture]]:
    """A recording of every gesture once, in a random order, and its labels."""
    random = np.random.default_rng((seed, 1, number))
    start, parts, labels = PAUSE, [], []
    for kind in random.permutation(len(GESTURES)).tolist():
        scene = Scene.drawn(random)
        events = seen(kind, scene, seed, number * len(GESTURES) + kind)
        parts.append((events.t + start, events.x, events.y, events.p))
        labels.append(Gesture(kind, start, start + scene.duration + 1))
        start += scene.duration + PAUSE
    t, x, y, p = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Recording(SENSOR, t, x, y, p), labels


def make_gestures(
    folder: Path, seed: int = 0, limit: int | None = None, progress: Progress | None = None
) -> None:
    """Write the set into an empty folder; `limit` recordings of each part (None: all)."""
    parts = {"trials_to_train.txt": range(TRAIN), "trials_to_test.txt": range(TRAIN, TRAIN + TEST)}
    parts = {name: part[:limit] for name, part in parts.items()}
    done, total = 0, sum(len(part) for part in parts.values())
    for name, part in parts.items():
        paths = [folder / f"user{number + 1:02}_generated.aedat" for number in part]
        for number, path in zip(part, paths, strict=True):
            events, gestures = recording(seed, number)
            path.write_bytes(aedat3_bytes(path.name, events))
            write_gestures(labels_path(path), gestures)
            done += 1
            if progress is not None:
                progress("recordings", done, total)
        (folder / name).write_text("".join(f"{path.name}\n" for path in paths))
