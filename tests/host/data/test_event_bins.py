"""What is made of events besides ticks: sums over pixels, polarities, slices of training."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonloop.host.data import DataDescription, EventBins, Split, open_data
from tests.support.events.files import random_events

ALL = Split(train=1, validation=0, test=0)
HALF = Split(train=0.5, validation=0.25, test=0.25)


def arrays_of(samples: list[Any]) -> dict[str, Any]:
    """Recordings as flat lists with offsets."""
    fields = {
        name: np.concatenate([getattr(each, name) for each in samples])
        for name in ("t", *samples[0].axes)
    }
    offsets = np.cumsum([0, *(len(each) for each in samples)])
    return fields | {"offsets": offsets, "targets": np.arange(len(samples)) % 2}


def raster_of(bins: EventBins, sample: Any, ticks: int = 6) -> Any:
    description = DataDescription(kind="events", ticks=ticks, events=bins, split=ALL, target="none")
    data = open_data(description, arrays_of([sample]))
    assert data.shape == bins.shape
    assert data.channels == np.prod(bins.shape)
    return data.train.raster(0, np.random.default_rng(0)).reshape(ticks, *bins.shape)


@given(
    st.integers(0, 1000),
    st.integers(1, 4),
    st.sampled_from(["both", "merged", "on", "off"]),
    st.integers(1, 3),
)
def test_sums_and_polarities_are_those_of_counting(
    seed: int, pool: int, polarity: str, least: int
) -> None:
    sample = random_events((2, 5, 7), 40, seed, 59)
    bins = EventBins((2, 5, 7), tick_us=10, pool=pool, polarity=polarity, least=least)
    assert bins.shape[-2:] == (-(-5 // pool), -(-7 // pool))
    counts = np.zeros((6, 2, *bins.shape[-2:]), int)
    for t, p, y, x in sample.rows.tolist():
        counts[(t - sample.t[0]) // 10, p, y // pool, x // pool] += 1
    chosen = {"both": counts, "merged": counts.sum(1), "on": counts[:, 1], "off": counts[:, 0]}
    assert (raster_of(bins, sample) == (chosen[polarity] >= least)).all()


def test_units_of_a_cochlea_are_summed() -> None:
    sample = random_events((700,), 30, last=59)
    found = raster_of(EventBins((700,), tick_us=10, pool=10), sample)
    for t, x in sample.rows.tolist():
        assert found[(t - sample.t[0]) // 10, x // 10]
    assert found.shape == (6, 70)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pool": 0}, "pool must be a whole number in 1..7, not 0"),
        ({"pool": 8}, "pool must be a whole number in 1..7, not 8"),
        ({"polarity": "up"}, "polarity must be one of both, merged, on, off, not 'up'"),
        ({"sensor": (5, 7), "polarity": "on"}, r"polarity must be both for a sensor \(5, 7\)"),
        ({"random_slice": 1}, "random_slice must be true or false, not 1"),
    ],
)
def test_wrong_bins_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        EventBins(**({"sensor": (2, 5, 7)} | changes))


def sliced(random_slice: bool) -> Any:
    """Samples of 100 ticks, in whose tick k channel k spikes, seen for 20 ticks."""
    bins = EventBins((1, 100), tick_us=10, random_slice=random_slice)
    one = {"t": np.arange(100) * 10, "x": np.arange(100), "y": np.zeros(100, int)}
    arrays: dict[str, Any] = {name: np.tile(values, 8) for name, values in one.items()}
    arrays |= {"offsets": np.arange(9) * 100, "targets": np.arange(8) % 2}
    return open_data(DataDescription(kind="events", ticks=20, events=bins, split=HALF), arrays)


def first_of(part: Any, place: int, *seed: int) -> int:
    """The tick at which a slice begins; it goes on from there without a gap."""
    raster = part.raster(place, np.random.default_rng(seed))
    ticks, channels = np.nonzero(raster)
    assert (ticks == np.arange(20)).all()
    assert (np.diff(channels) == 1).all()
    return int(channels[0])


def test_training_sees_random_slices_and_scoring_the_beginning() -> None:
    data = sliced(random_slice=True)
    starts = [first_of(data.train, 0, epoch) for epoch in range(300)]
    assert (min(starts), max(starts)) == (0, 80)
    assert starts[:4] == [first_of(data.train, 0, epoch) for epoch in range(4)]
    for part, epoch in product((data.validation, data.test), range(9)):
        assert first_of(part, 0, epoch) == 0
    assert [first_of(sliced(random_slice=False).train, 0, k) for k in range(9)] == [0] * 9


def test_a_sample_that_is_shorter_begins_at_its_beginning() -> None:
    bins = EventBins((2, 5, 7), tick_us=10, random_slice=True)
    sample = random_events((2, 5, 7), 40, last=59)
    plain = EventBins((2, 5, 7), tick_us=10)
    assert (raster_of(bins, sample, 6) == raster_of(plain, sample, 6)).all()
