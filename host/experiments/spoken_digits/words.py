"""The words of `spoken-digits` as spikes that end together.

The 700 channels of the cochlea are summed to 70, in ticks of 10 ms. Every word ends in the same
tick, whatever its length: silence is before it, and a pause behind it. A word that is too long for
its sample loses its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data import SCORING, Data, DataDescription, Split, generator, open_data
from axonloop.host.data.formats import SETS

SET = "spoken-digits"
CHANNELS, POOL, TICK_US = 70, 10, 10_000
TICKS, PAUSE = 68, 12
"""Ticks of a sample, and how many of them are silent behind the word; one in twenty is cut."""
LONGEST = 128
"""Ticks in which the longest word has ended."""
WORDS = DataDescription(
    set=SET, ticks=LONGEST, events=replace(SETS["shd"].bins, pool=POOL, tick_us=TICK_US)
)
Arrays = dict[str, NDArray[np.generic]]


def description(limit: int | None = None) -> DataDescription:
    """What `open_words` opens: arrays of spikes; `limit` words of each part."""
    return DataDescription(
        inputs="spikes",
        kind="spikes",
        targets="words",
        classes=20,
        split=Split(key="part"),
        limit=limit,
    )


@contextmanager
def open_words(limit: int | None, ticks: int, pause: int) -> Iterator[Data]:
    """The words in samples of `ticks` ticks, of which the last `pause` are silent.

    `limit` words of each part. Raises ValueError where the package that speaks them is missing.
    """
    every = _spoken()
    ended = np.stack([ending(own, ticks - pause) for own in every["spikes"]])
    spikes = np.pad(ended, ((0, 0), (0, pause), (0, 0)))
    with open_data(description(limit), every | {"spikes": spikes}) as data:
        yield data


@lru_cache(maxsize=1)
def _spoken() -> Arrays:
    """All words from their beginning on, bool `(words, LONGEST, CHANNELS)`, with class and part."""
    spikes, words, parts = [], [], []
    with open_data(WORDS) as data:
        for number, part in enumerate((data.train, data.validation, data.test)):
            for place in range(len(part)):
                random = generator(0, SCORING, part.number(place))
                spikes.append(part.raster(place, random))
                words.append(part.target(place))
                parts.append(number)
    return {"spikes": np.stack(spikes), "words": np.array(words), "part": np.array(parts)}


def ending(raster: NDArray[np.bool_], ticks: int) -> NDArray[np.bool_]:
    """The last `ticks` ticks before a raster falls silent, `(ticks, channels)`; silence before."""
    (heard,) = np.nonzero(raster.any(axis=1))
    own = raster[: heard[-1] + 1][-ticks:] if len(heard) else raster[:0]
    return np.pad(own, ((ticks - len(own), 0), (0, 0)))
