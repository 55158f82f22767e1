"""The inputs of samples as spike rasters: values and series that are encoded, and spikes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.columns import DataColumn, Rows
from axonloop.host.data.delta_encoder import DeltaEncoder
from axonloop.host.data.description import DataDescription, InputKind
from axonloop.host.data.spike_encoders import Encoding, PhaseEncoder, SpikeEncoder, spike_encoder
from axonloop.models.checks import require

Raster = NDArray[np.bool_]
LEVELS = 65535
"""Steps that a range of floats, or a wide range of integers, is divided into."""
BLOCK = 1024
"""Samples that are checked at a time."""


class Inputs(ABC):
    """The inputs of `count` samples of `ticks` ticks in `channels` channels.

    What lies in memory is checked at once; what is read from a file, or from a Dataset, is checked
    as it is read. Samples in the same chunk `chunks` are read together, `chunks_kept` of them stay.
    `image`: rows and columns, where the channels are the pixels of one, or of one for each polarity
    of events, below each other; `shape`: the axes of the
    channels of events, as (2, 34, 34), the last one fastest.
    """

    count: int
    channels: int
    ticks: int
    chunks_kept: int
    image: tuple[int, int] | None = None
    shape: tuple[int, ...] | None = None

    def scored(self) -> Inputs:
        """The same inputs as they are scored: nothing is drawn that only training varies."""
        return self

    @abstractmethod
    def raster(self, number: int, random: np.random.Generator) -> Raster:
        """The spikes of a sample, bool `(ticks, channels)`; ValueError names a bad sample."""

    @abstractmethod
    def check(self, number: int) -> None:
        """Read a sample; ValueError says what is wrong with it."""

    @abstractmethod
    def chunks(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The chunk of the file that each of the samples lies in, counted from 0."""


class _ColumnInputs(Inputs):
    """Inputs of one column, of which a row is a sample."""

    def __init__(self, column: DataColumn, axes: str) -> None:
        rank = axes.count(",") + 1
        good = len(column.shape) >= 2 if "..." in axes else len(column.shape) == rank
        require(good, column.name, f"of shape ({axes})", column.shape)
        require(column.shape[0] > 0, column.name, "of at least 1 sample", column.shape)
        require(0 not in column.shape, column.name, "without empty axes", column.shape)
        self.column, self.count = column, column.shape[0]
        self.chunks_kept = column.chunks_kept

    def check(self, number: int) -> None:
        """Read a sample; ValueError says what is wrong with it."""
        self._row(number)

    def chunks(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The chunk that each row lies in."""
        return numbers // self.column.chunk_rows

    def _check_memory(self) -> None:
        """Check all that is in memory."""
        if not self.column.lazy:
            for start in range(0, self.count, BLOCK):
                self._check(self.column.rows(start, min(start + BLOCK, self.count)), start)

    def _row(self, number: int) -> Rows:
        """A row, checked where nobody has seen it yet."""
        rows = self.column.rows(number, number + 1)
        if self.column.lazy:
            self._check(rows, number)
        row: Rows = rows[0]
        return row

    @abstractmethod
    def _check(self, rows: Rows, first: int) -> None:
        """ValueError where a row, of which the first has the number `first`, is not as it must."""


class EncodedInputs(_ColumnInputs):
    """Numbers that an encoder makes into spikes.

    Whole numbers in a range of at most LEVELS are encoded as they are, less `low`. Other ranges
    are divided into LEVELS steps: floor((x - low) / (high - low) LEVELS + 1/2), in float64.
    """

    def __init__(self, column: DataColumn, description: DataDescription) -> None:
        series = description.kind == InputKind.SERIES
        super().__init__(column, "samples, ticks, channels" if series else "samples, ...")
        kinds = "numbers of an integer or float dtype"
        require(column.dtype.kind in "iuf", column.name, kinds, str(column.dtype))
        self._low, self._high = _range_of(column, description)
        span = self._high - self._low
        self._whole = column.dtype.kind in "iu" and span <= LEVELS and self._low == int(self._low)
        self._whole = self._whole and span == int(span)
        white = int(span) if self._whole else LEVELS
        code, width = description.encoding, int(np.prod(column.shape[1:]))
        if series:
            self.ticks, self.channels = column.shape[1], 2 * column.shape[2]
            most = f"at most the range of the values, {span:g}"
            require(code.threshold <= span, "threshold", most, code.threshold)
            threshold = max(1, round(code.threshold / span * white))
            self._encoder: SpikeEncoder = DeltaEncoder(self.ticks, white, threshold)
        else:
            assert description.ticks is not None
            self.ticks, self.channels = description.ticks, width
            if len(column.shape) == 3:
                self.image = column.shape[1], column.shape[2]
            name = code.code or Encoding.REGULAR
            self._encoder = (
                PhaseEncoder(self.ticks, white, code.phases)
                if name == Encoding.PHASE
                else spike_encoder(name, self.ticks, white, code.peak)
            )
        self._check_memory()

    def raster(self, number: int, random: np.random.Generator) -> Raster:
        """The spikes of a sample, bool `(ticks, channels)`."""
        row = self._row(number)
        if self._whole:
            levels = row.astype(np.int64) - int(self._low)
        else:
            share = (row.astype(np.float64) - self._low) / (self._high - self._low)
            levels = np.floor(share * LEVELS + 0.5).astype(np.int64)
        return self._encoder.raster(
            levels.reshape(-1) if self._encoder.rank == 1 else levels, random
        )

    def _check(self, rows: Rows, first: int) -> None:
        require_finite(self.column.name, rows, first)
        good = (rows >= self._low) & (rows <= self._high)
        wanted = f"in {self._low:g}..{self._high:g} (low and high of the encoding)"
        require_all(good, self.column.name, wanted, rows, first)


def _range_of(column: DataColumn, description: DataDescription) -> tuple[float, float]:
    """The ends of the values' range: those given, or those of the dtype."""
    low, high = description.encoding.low, description.encoding.high
    if low is not None and high is not None:
        return low, high
    if column.dtype == np.uint8:
        return 0, 255
    known = column.dtype.kind == "f"
    require(known, f"{column.name}: low and high", f"given for {column.dtype} values", None)
    return 0.0, 1.0


class SpikeInputs(_ColumnInputs):
    """Spike rasters, of bools or of integers 0 and 1."""

    def __init__(self, column: DataColumn) -> None:
        super().__init__(column, "samples, ticks, channels")
        require_flags(column)
        _, self.ticks, self.channels = column.shape
        self._check_memory()

    def raster(self, number: int, random: np.random.Generator) -> Raster:
        """The spikes of a sample, bool `(ticks, channels)`."""
        return self._row(number).astype(bool)

    def _check(self, rows: Rows, first: int) -> None:
        require_all(rows.astype(bool) == rows, self.column.name, "0 or 1", rows, first)


class JoinedInputs(Inputs):
    """The inputs of several sources side by side, of as many samples and ticks; `widths` of each.

    Samples are read by the chunks of the source that has the largest, so many at once that what
    the other sources have of them fits into memory too.
    """

    def __init__(self, name: str, inputs: Sequence[Inputs]) -> None:
        sizes = [(own.count, own.ticks) for own in inputs]
        good = len(set(sizes)) == 1
        require(good, f"{name}: samples and ticks of the sources", "alike", sizes)
        self._inputs, (self.count, self.ticks) = tuple(inputs), sizes[0]
        self.widths = [own.channels for own in inputs]
        self.channels = sum(self.widths)
        every = np.arange(self.count)
        chunks = [int(own.chunks(every)[-1]) + 1 for own in inputs]
        self._leader = inputs[int(np.argmin(chunks))]
        shares = [own.chunks_kept / n for own, n in zip(inputs, chunks, strict=True)]
        self.chunks_kept = max(1, int(min(shares) * min(chunks)))

    def raster(self, number: int, random: np.random.Generator) -> Raster:
        """The spikes of a sample, bool `(ticks, channels)`, source by source."""
        return np.concatenate([own.raster(number, random) for own in self._inputs], axis=1)

    def check(self, number: int) -> None:
        """Read a sample; ValueError says what is wrong with it."""
        for own in self._inputs:
            own.check(number)

    def chunks(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The chunk of the source that has the largest."""
        return self._leader.chunks(numbers)


def require_flags(column: DataColumn) -> None:
    """ValueError unless a column is of bools or integers."""
    good = column.dtype.kind in "biu"
    require(good, column.name, "spikes of 0 and 1, of bool or an integer dtype", str(column.dtype))


def require_finite(name: str, rows: Rows, first: int) -> None:
    """ValueError where numbers are NaN or infinite; names the sample, `first` being that of 0."""
    if rows.dtype.kind == "f":
        require_all(np.isfinite(rows), name, "finite numbers", rows, first)


def require_all(good: NDArray[np.bool_], name: str, wanted: str, rows: Rows, first: int) -> None:
    """ValueError unless all are good: names the first sample and the value that is not."""
    if not good.all():
        place = tuple(int(axis[0]) for axis in np.nonzero(~good))
        raise ValueError(f"{name} must be {wanted}, not {rows[place]} (sample {first + place[0]})")
