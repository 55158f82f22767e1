"""The three kinds of network of `recurrence` on spoken digits, in float, by three readouts.

A readout of the `last` ticks asks for the word when it is over; `sum` and `max` over time, as in
the paper, hear all of it. The readout learns, and all of it is trained by backpropagation through
time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from axonloop.host.data import SCORING, Data, DataPart, generator
from axonloop.host.experiments.recurrence.float import (
    KINDS,
    Recurrence,
    SpikeSamples,
    train,
)
from axonloop.host.experiments.spoken_digits.words import CHANNELS, TICKS

READOUTS = ("last", "sum", "max")
TASK = Recurrence(
    data="words",
    classes=20,
    channels=CHANNELS,
    ticks=TICKS,
    neurons=128,
    batch=50,
    rate=5e-3,
)
"""One hidden layer, whose neurons are those of `recurrence`."""

Accuracies = dict[str, dict[str, list[float]]]
"""Shares in 0..1 of every seed, by readout and kind."""


def samples_of(part: DataPart) -> SpikeSamples:
    """All words of a part."""
    places = range(len(part))
    every = [part.raster(place, generator(0, SCORING, part.number(place))) for place in places]
    labels = [part.target(place) for place in places]
    return SpikeSamples(torch.from_numpy(np.stack(every, axis=1)).float(), torch.tensor(labels))


def accuracies(
    data: Data, seeds: Sequence[int], epochs: int, after_epoch: Callable[[], None]
) -> Accuracies:
    """The test accuracy of every readout, kind and seed after so many epochs."""
    parts = samples_of(data.train), samples_of(data.validation), samples_of(data.test)
    found: Accuracies = {}
    for readout in READOUTS:
        found[readout] = {}
        for kind in KINDS:
            tasks = [replace(TASK, seed=seed, readout=readout, epochs=epochs) for seed in seeds]
            runs = [train(task, kind, after_epoch, parts) for task in tasks]
            found[readout][kind] = [test for _, test in runs]
    return found
