"""Recordings of random events, and small sets of them as they are published."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from axonloop.host.data.formats import (
    Gesture,
    Recording,
    labels_path,
    write_cochlea,
    write_events,
    write_gestures,
)


def random_events(
    sensor: tuple[int, ...], count: int = 200, seed: int = 0, last: int = 300_000
) -> Recording:
    """Recording everywhere on the sensor, at random times up to `last` us."""
    random = np.random.default_rng(seed)
    t = np.sort(random.integers(0, last + 1, count))
    axes = {1: "x", 2: "yx", 3: "pyx"}[len(sensor)]
    fields = {
        axis: random.integers(0, size, count) for axis, size in zip(axes, sensor, strict=True)
    }
    return Recording(sensor, t, **fields)


def digit_set(folder: Path, train: int = 3, test: int = 1) -> Path:
    """N-MNIST with so many recordings of each class; a class has its own two rows of pixels."""
    for part, each in (("Train", train), ("Test", test)):
        for label in range(10):
            home = folder / part / str(label)
            home.mkdir(parents=True)
            for number in range(each):
                events = random_events((2, 34, 34), 150, seed=100 * label + number)
                own = Recording(
                    events.sensor, events.t, events.x, events.y % 2 + 3 * label, events.p
                )
                write_events(home / f"{number:05}.bin", own)
    return folder


def gesture_set(folder: Path, train: int = 3, test: int = 1) -> Path:
    """DVS128 Gesture with so many recordings, of eleven gestures of 10 ms each."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    for part, count in (("trials_to_train.txt", train), ("trials_to_test.txt", test)):
        names = []
        for _ in range(count):
            path = folder / f"user{number:02}_led.aedat"
            write_events(path, random_events((2, 128, 128), 9000, number, 115_000))
            labels = [Gesture(k, 10_000 * k + 2_000, 10_000 * k + 12_000) for k in range(11)]
            write_gestures(labels_path(path), labels)
            names.append(path.name)
            number += 1
        (folder / part).write_text("\n".join(names) + "\n")
    return folder


def spoken_set(folder: Path, each: int = 3) -> Path:
    """The Heidelberg digits with so many samples of each class in both files."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = list(range(20)) * each
    samples = [random_events((700,), 60, seed) for seed in range(len(labels))]
    keys = [f"class {label}" for label in range(20)]
    for name in ("shd_train.h5", "shd_test.h5"):
        write_cochlea(folder / name, samples, labels, [0] * len(labels), keys)
    return folder
