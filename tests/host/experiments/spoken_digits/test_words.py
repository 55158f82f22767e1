"""The words of `spoken-digits`: where they end, and what is kept of them."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.host.experiments.spoken_digits import words
from tests.support.events.words import made_words


def test_a_word_ends_in_the_last_tick() -> None:
    raster = np.zeros((9, 2), dtype=bool)
    raster[2, 0] = raster[4, 1] = True
    ended = words.ending(raster, 4)
    assert np.argwhere(ended).tolist() == [[1, 0], [3, 1]]
    assert np.argwhere(words.ending(raster, 7)).tolist() == [[4, 0], [6, 1]]


def test_a_long_word_loses_its_beginning_and_silence_stays_silent() -> None:
    raster = np.eye(5, dtype=bool)
    assert (words.ending(raster, 2) == raster[3:]).all()
    silent = words.ending(np.zeros((5, 3), dtype=bool), 2)
    assert silent.shape == (2, 3)
    assert not silent.any()


def test_words_are_opened_with_the_parts_that_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    every = made_words(each=(3, 1, 2))
    monkeypatch.setattr(words, "_spoken", lambda: every)
    with words.open_words(None, 7, 2) as data:
        assert (data.ticks, data.channels, data.outputs) == (7, words.CHANNELS, 20)
        assert [len(data.train), len(data.validation), len(data.test)] == [60, 20, 40]
        raster = data.test.raster(5, np.random.default_rng(0))
        assert raster[-3].any()
        assert not raster[-2:].any()
        own = every["spikes"][data.test.numbers[5]]
        assert (raster[:-2] == words.ending(own, 5)).all()
        assert data.test.target(5) == every["words"][data.test.numbers[5]]
    with words.open_words(20, 7, 0) as data:
        assert [len(data.train), len(data.validation), len(data.test)] == [20, 20, 20]


@pytest.mark.slow
def test_the_spoken_words_fit() -> None:
    """All words have ended before the longest is over, and few are longer than a sample."""
    pytest.importorskip("espeakng_loader")
    every = words._spoken()
    assert every["spikes"].shape == (1160, words.LONGEST, words.CHANNELS)
    assert np.bincount(every["part"].astype(int)).tolist() == [700, 100, 360]
    ticks = np.arange(words.LONGEST)
    ends = np.where(every["spikes"].any(2), ticks, 0).max(1)
    assert ends.max() < words.LONGEST - 1
    assert (ends >= words.TICKS - words.PAUSE).mean() < 0.06
