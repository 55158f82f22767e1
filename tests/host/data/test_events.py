"""Lists of events into spike rasters, whatever holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from axonloop.host.data import DataDescription, EventBins, Split, open_data

NOTHING = np.random.default_rng(0)
EVENT = st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(0, 3), st.integers(0, 90))
SAMPLES = st.lists(st.lists(EVENT, max_size=12), min_size=1, max_size=4)
ALL = Split(train=1, validation=0, test=0)
BINS = EventBins(sensor=(2, 3, 4), unit="us", tick_us=10)


def arrays_of(samples: list[list[tuple[int, int, int, int]]]) -> dict[str, NDArray[Any]]:
    """Flat lists with offsets; events in the order of their times."""
    ordered = [sorted(sample, key=lambda event: event[3]) for sample in samples]
    flat = np.array([event for sample in ordered for event in sample], np.int64).reshape(-1, 4)
    lengths = [0, *(len(sample) for sample in ordered)]
    fields = dict(zip("pyxt", flat.T, strict=True))
    return fields | {"offsets": np.cumsum(lengths), "targets": np.zeros(len(ordered), int)}


def naive(sample: list[tuple[int, int, int, int]], bins: EventBins, ticks: int) -> NDArray[Any]:
    """The raster by counting, one event at a time, from the description's words."""
    counts = np.zeros((ticks, *bins.sensor), int)
    first = 0 if bins.from_zero else min((event[3] for event in sample), default=0)
    for p, y, x, t in sample:
        tick = int((t - first) // bins.tick_us)
        if tick < ticks:
            counts[tick, p, y, x] += 1
    return counts.reshape(ticks, -1) >= bins.least


@given(SAMPLES, st.integers(1, 3), st.booleans())
def test_rasters_are_those_of_counting(samples: list[Any], least: int, from_zero: bool) -> None:
    bins = EventBins((2, 3, 4), tick_us=10, least=least, from_zero=from_zero)
    description = DataDescription(kind="events", ticks=6, events=bins, split=ALL)
    data = open_data(description, arrays_of(samples))
    assert data.channels == 24
    for number, sample in enumerate(samples):
        assert (data.train.raster(number, NOTHING) == naive(sample, bins, 6)).all()


@pytest.mark.parametrize(("unit", "factor"), [("ns", 1000), ("us", 1), ("ms", 1e-3), ("s", 1e-6)])
def test_units_and_floats_of_time(unit: str, factor: float) -> None:
    microseconds = np.array([0, 4000, 9000, 12000, 500_000_000])
    times = microseconds * factor
    if unit in ("ns", "us"):
        times = times.astype(np.int64)
    bins = EventBins((1,), unit=unit, tick_us=5000)
    arrays = {"x": np.zeros(5, int), "t": times, "offsets": np.array([0, 5]), "targets": [0]}
    data = open_data(DataDescription(kind="events", ticks=4, events=bins, split=ALL), arrays)
    assert data.train.raster(0, NOTHING)[:, 0].tolist() == [True, True, True, False]


def test_times_that_would_overflow_are_behind_the_last_tick() -> None:
    bins = EventBins((1,), unit="s", tick_us=1e9)
    arrays = {"x": [0, 0], "t": [-(2**61), 2**61 - 3], "offsets": [0, 2], "targets": [0]}
    data = open_data(DataDescription(kind="events", ticks=4, events=bins, split=ALL), arrays)
    assert data.train.raster(0, NOTHING)[:, 0].tolist() == [True, False, False, False]


SAMPLE = [[(0, 1, 2, 5), (1, 2, 3, 40)], [], [(1, 0, 0, 7), (1, 0, 0, 8), (0, 0, 1, 30)]]
DESCRIPTION = DataDescription(kind="events", ticks=5, events=BINS, split=ALL)


def rasters(data: Any) -> list[Any]:
    return [data.train.raster(place, NOTHING).tolist() for place in range(len(data.train))]


def test_files_and_datasets_hold_the_same_events(tmp_path: Path) -> None:
    arrays = arrays_of(SAMPLE)
    wanted = rasters(open_data(DESCRIPTION, arrays))
    flat, lists = tmp_path / "flat.h5", tmp_path / "lists.h5"
    with h5py.File(flat, "w") as file:
        for key, values in arrays.items():
            file.create_dataset(key, data=values, chunks=(2,) if key in "xypt" else None)
    with h5py.File(lists, "w") as file:
        for key in "pyxt":
            rows = file.create_dataset(
                key, (3,), h5py.vlen_dtype(np.float32 if key == "t" else int)
            )
            for number in range(3):
                start, stop = arrays["offsets"][number : number + 2]
                rows[number] = arrays[key][start:stop]
        file["targets"] = arrays["targets"]
    for path in (flat, lists):
        description = DataDescription(str(path), "events", ticks=5, events=BINS, split=ALL)
        with open_data(description) as data:
            data.check()
            assert rasters(data) == wanted
            assert sorted(data.train.order(1, 0).tolist()) == [0, 1, 2]
    fields = [("t", np.int64), ("x", np.int16), ("y", np.int16), ("p", np.int8)]
    items = []
    for sample in SAMPLE:
        item = np.zeros(len(sample), fields)
        for k, event in enumerate(sample):
            item[k] = event[3], event[2], event[1], event[0]
        items.append((item, 0))
    assert rasters(open_data(DESCRIPTION, Listed(items))) == wanted


def test_as_many_chunks_stay_as_of_the_widest_column(tmp_path: Path) -> None:
    """The columns have a quarter of 7 / 8 MiB each: 3 chunks of times fit, 28 of polarities."""
    kinds = {"t": np.int64, "x": np.int16, "y": np.int16, "p": np.int8}
    with h5py.File(tmp_path / "flat.h5", "w") as file:
        for key, kind in kinds.items():
            file.create_dataset(key, data=np.zeros(9000, kind), chunks=(8192,))
        file["offsets"], file["targets"] = [0, 9000], [0]
    path = str(tmp_path / "flat.h5")
    given = DataDescription(path, "events", ticks=5, events=BINS, split=ALL, memory=1)
    with open_data(given) as data:
        assert data.train.inputs.chunks_kept == 3


class Listed:
    """A map-style Dataset of a list."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, number: int) -> Any:
        return self.items[number]


GOOD = arrays_of(SAMPLE)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"t": [5, 4, 7, 8, 30]},
            "arrays: sample 0: t of the events must be never falling, not '5",
        ),
        ({"t": [5.0, np.nan, 7, 8, 30]}, r"arrays: sample 0: t of the events must be within \+-"),
        ({"x": [2, 4, 0, 0, 1]}, r"arrays: sample 0: x of the events must be in 0\.\.3, not 4"),
        ({"y": [1, 2, 0, -1, 0]}, r"arrays: sample 2: y of the events must be in 0\.\.2, not -1"),
        ({"p": [0, 1.0, 1, 1, 0]}, "arrays: sample 0: p of the events must be whole numbers of an"),
        ({"x": [2, 3, 0, 0]}, "arrays: fields of the events must be lists of one length, not"),
        ({"offsets": [0, 2, 2, 4]}, "arrays: offsets must be a list from 0 to 5, the number of"),
        ({"offsets": []}, "arrays: offsets must be a list from 0 to 5, the number of events, not"),
        ({"offsets": [0, 4, 2, 5]}, "arrays: offsets must be never falling, not 'falling behind"),
        ({"offsets": [0.0, 5.0]}, "arrays: offsets must be whole numbers of an integer dtype, not"),
        ({"targets": [0, 0]}, "arrays: targets must be one for each of 3 samples, not 2"),
    ],
)
def test_wrong_events_are_refused_when_opened(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        open_data(DESCRIPTION, GOOD | changes)


def test_times_from_zero_are_not_negative() -> None:
    bins = EventBins((2, 3, 4), from_zero=True)
    description = DataDescription(kind="events", ticks=5, events=bins, split=ALL)
    with pytest.raises(ValueError, match="^arrays: sample 0: t of the events must be at least 0"):
        open_data(description, GOOD | {"t": [-5, 4, 7, 8, 30]})


def test_keys_of_events_must_be_there() -> None:
    without = {key: values for key, values in GOOD.items() if key != "p"}
    with pytest.raises(ValueError, match="^arrays: key must be one of offsets, t, targets, x, y"):
        open_data(DESCRIPTION, without)
    item = np.zeros(2, [("t", np.int64), ("x", np.int16)])
    data = open_data(DESCRIPTION, Listed([(item, 0)]))
    with pytest.raises(ValueError, match="^Dataset: fields of events must be there, not .'p', 'y'"):
        data.check()
    with pytest.raises(ValueError, match="^Dataset: inputs must be events with named fields, not"):
        open_data(DESCRIPTION, Listed([(np.zeros(3), 0)]))
