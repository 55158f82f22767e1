"""Words that nobody said: a class is the channels that spike, early and late."""

from __future__ import annotations

import numpy as np

from axonloop.host.experiments.spoken_digits.words import CHANNELS, LONGEST, Arrays


def made_words(each: tuple[int, int, int], seed: int = 1) -> Arrays:
    """So many words of each class for training, validation and test; they last 20 ticks or so.

    Their ends tell only which of five groups of classes they are of.
    """
    random = np.random.default_rng(seed)
    spikes, words, parts = [], [], []
    for part, count in enumerate(each):
        for label in range(20):
            for _ in range(count):
                raster = np.zeros((LONGEST, CHANNELS), dtype=bool)
                half = int(random.integers(8, 12))
                early, late = 10 * (label // 5), 40 + 5 * (label % 5)
                raster[:half, early : early + 10] = random.random((half, 10)) < 0.4
                raster[half : 2 * half, late : late + 5] = random.random((half, 5)) < 0.4
                spikes.append(raster)
                words.append(label)
                parts.append(part)
    return {"spikes": np.stack(spikes), "words": np.array(words), "part": np.array(parts)}
