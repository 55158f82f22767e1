"""The inputs of samples as spike rasters: lists of events that are binned into ticks."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.columns import DataColumn, DataSource, Rows
from axonloop.host.data.description import DataDescription
from axonloop.host.data.event_bins import AXES, UNITS, EventBins, Polarity
from axonloop.host.data.rasters import Inputs, Raster
from axonloop.models.arrays import integers, ranged
from axonloop.models.checks import require

LATEST = 1 << 61
"""Bound of event times, in any unit."""


class EventInputs(Inputs):
    """Events that are binned into ticks, as `EventBins` says."""

    def __init__(self, source: DataSource, description: DataDescription, shares: int) -> None:
        assert description.events is not None
        assert description.ticks is not None
        self._bins, self.ticks = description.events, description.ticks
        self._axes = AXES[len(self._bins.sensor)]
        self.shape = self._bins.shape
        self.channels = int(np.prod(self.shape))
        if len(self.shape) > 1:  # off above on
            self.image = self.channels // self.shape[-1], self.shape[-1]
        self.name = source.name
        self._columns, self._offsets = _event_columns(source, description, shares)
        column = next(iter(self._columns.values()))
        flat = self._offsets is not None
        self.count = column.shape[0] if self._offsets is None else len(self._offsets) - 1
        require(self.count > 0, f"{self.name}: events", "of at least 1 sample", self.count)
        self._chunk_rows = min(each.chunk_rows for each in self._columns.values())
        self.chunks_kept = min(each.chunks_kept for each in self._columns.values()) if flat else 1
        if not any(each.lazy for each in self._columns.values()):
            for number in range(self.count):
                self.check(number)

    def chunks(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The chunk in which the events of each sample begin."""
        first = numbers if self._offsets is None else self._offsets[numbers]
        return first // self._chunk_rows

    def check(self, number: int) -> None:
        """Read a sample; ValueError says what is wrong with it."""
        self._events(number)

    def scored(self) -> EventInputs:
        """The same, each sample from its beginning."""
        found = copy(self)
        found._bins = replace(self._bins, random_slice=False)
        return found

    def raster(self, number: int, random: np.random.Generator) -> Raster:
        """The spikes of a sample, bool `(ticks, channels)`."""
        channels, times = self._events(number)
        ticks = _ticks_of(times, self._bins)
        if self._bins.random_slice and len(ticks) and ticks[-1] >= self.ticks:
            ticks = ticks - random.integers(ticks[-1] - self.ticks + 2)
        return raster_of(channels, ticks, self.ticks, self.channels, self._bins.least)

    def _events(self, number: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Channels and times of the events of a sample that are taken, checked."""
        fields = self._fields(number)
        thing = f"{self.name}: sample {number}"
        lengths = {key: len(values) for key, values in fields.items()}
        good = len(set(lengths.values())) == 1
        require(good, f"{thing}: fields of the events", "of one length", lengths)
        own = {
            axis: ranged(f"{thing}: {axis} of the events", fields[axis], 0, size - 1)
            for axis, size in zip(self._axes, self._bins.sensor, strict=True)
        }
        times = _times_of(f"{thing}: t of the events", fields["t"], self._bins)
        return channels_of(own, times, self._bins)

    def _fields(self, number: int) -> dict[str, Rows]:
        """The fields of a sample's events, each `(events,)`."""
        if "" in self._columns:  # rows with named fields
            (row,) = self._columns[""].rows(number, number + 1)
            keys = {axis: getattr(self._bins, axis) for axis in (*self._axes, "t")}
            missing = [key for key in keys.values() if key not in (row.dtype.names or ())]
            require(not missing, f"{self.name}: fields of events", "there", missing)
            return {axis: row[key] for axis, key in keys.items()}
        if self._offsets is None:
            rows = {axis: each.rows(number, number + 1) for axis, each in self._columns.items()}
            return {axis: each[0] for axis, each in rows.items()}
        start, stop = self._offsets[number : number + 2].tolist()
        return {axis: each.rows(start, stop) for axis, each in self._columns.items()}


def channels_of(
    fields: dict[str, NDArray[np.int64]], times: NDArray[Any], bins: EventBins
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """The channels and times of the events that `bins` take, by `fields` of their places."""
    shape = iter(bins.shape)
    channels = np.zeros(len(times), dtype=np.int64)
    if len(bins.shape) == 3:
        channels += fields["p"]
        next(shape)
    for axis in AXES[min(2, len(bins.sensor))]:
        channels = channels * next(shape) + fields[axis] // bins.pool
    if bins.polarity in (Polarity.ON, Polarity.OFF):
        own = fields["p"] == (bins.polarity == Polarity.ON)
        return channels[own], times[own]
    return channels, times


def raster_of(
    channels: NDArray[np.int64], ticks: NDArray[np.int64], count: int, width: int, least: int
) -> Raster:
    """A raster of `count` ticks and `width` channels, of events in ticks, some of them outside."""
    raster = np.zeros((count, width), dtype=bool)
    inside = (ticks >= 0) & (ticks < count)
    places = ticks[inside] * width + channels[inside]
    if least > 1:
        places, counts = np.unique(places, return_counts=True)
        places = places[counts >= least]
    raster.reshape(-1)[places] = True
    return raster


def _event_columns(
    source: DataSource, description: DataDescription, shares: int
) -> tuple[dict[str, DataColumn], NDArray[np.int64] | None]:
    """The columns of the events' fields, and the offsets of the samples where there are some."""
    bins = description.events
    assert bins is not None
    (key,) = description.keys
    if not source.has(bins.t) and source.has(key):
        column = source.column(key, shares)
        require(column.dtype == object, column.name, "events with named fields", str(column.dtype))
        return {"": column}, None
    axes = (*AXES[len(bins.sensor)], "t")
    columns = {axis: source.column(getattr(bins, axis), shares * len(axes)) for axis in axes}
    sizes = {each.name: each.shape for each in columns.values()}
    good = len(set(sizes.values())) == 1 and len(columns["t"].shape) == 1
    require(good, f"{source.name}: fields of the events", "lists of one length", sizes)
    if all(each.dtype == object for each in columns.values()):
        return columns, None
    column = source.column(bins.offsets)
    offsets = integers(column.name, column.rows(0, column.shape[0]))
    count = columns["t"].shape[0]
    good = offsets.ndim == 1 and len(offsets) > 0 and offsets[0] == 0 and offsets[-1] == count
    wanted = f"a list from 0 to {count}, the number of events"
    require(good, column.name, wanted, offsets.ravel()[[0, -1]].tolist() if offsets.size else [])
    falls = np.flatnonzero(np.diff(offsets) < 0)
    require(not len(falls), column.name, "never falling", f"falling behind {falls[:1].tolist()}")
    return columns, offsets


def _times_of(thing: str, times: Rows, bins: EventBins) -> NDArray[Any]:
    """The times of a sample's events since tick 0: int64, or float64 where they are floats."""
    if times.dtype.kind == "f":
        times = times.astype(np.float64)
        bounded = bool((np.abs(times) <= LATEST).all())
        require(bounded, thing, f"within +-{LATEST}", "NaN or beyond")
    else:
        times = ranged(thing, times, -LATEST, LATEST)
    if not len(times):
        return times
    falls = np.flatnonzero(times[1:] < times[:-1])
    if len(falls):
        pair = times[falls[0] : falls[0] + 2].tolist()
        require(False, thing, "never falling", f"{pair[0]} and then {pair[1]}")
    if bins.from_zero:
        require(times[0] >= 0, thing, "at least 0", times[0].item())
        return times
    since: NDArray[Any] = times - times[0]
    return since


def _ticks_of(times: NDArray[Any], bins: EventBins) -> NDArray[np.int64]:
    """The ticks of events by their times; behind all ticks is one number, 2^30."""
    unit, behind = UNITS[bins.unit], 1 << 30
    last = behind * bins.tick_ns
    if times.dtype.kind == "f":
        ticks = np.floor(times * (unit / bins.tick_ns))
        return np.asarray(np.minimum(ticks, behind).astype(np.int64))
    # Whole numbers, and none too large: times behind the last tick are set to a bound first.
    short = np.minimum(times, min(last, (1 << 62)) // unit)
    return np.asarray(np.minimum(short * unit // bins.tick_ns, behind))
