"""What a key of a data set holds, row by row: arrays in memory, files of HDF5, torch Datasets."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from axonloop.models.checks import require

Rows = NDArray[Any]
REASON = 200
"""Most characters of what an error says of a damaged file."""


class DataColumn(Protocol):
    """One row for every sample under one key; `name` says of which file, for messages.

    `shape` counts rows first, `dtype` is NumPy's; where rows differ in shape, `shape` is (rows,)
    and `dtype` is object. Rows of a `lazy` column are read when they are asked for: in chunks of
    `chunk_rows`, of which `chunks_kept` stay in memory together.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    lazy: bool
    chunk_rows: int
    chunks_kept: int

    def rows(self, start: int, stop: int) -> Rows:
        """The rows from `start` up to `stop`."""


class DataSource(Protocol):
    """A data set: columns by key; closing it twice is allowed."""

    name: str

    def column(self, key: str, shares: int = 1) -> DataColumn:
        """The column of a key, one of `shares` that are read side by side."""

    def has(self, key: str) -> bool:
        """Is there such a key?"""

    def close(self) -> None:
        """Close the file, if there is one."""


class ArrayColumn:
    """An array in memory."""

    lazy = False

    def __init__(self, name: str, array: Rows) -> None:
        require(array.ndim >= 1, name, "an array with a row for each sample", "a single value")
        self.name, self._array = name, array
        self.shape, self.dtype = array.shape, array.dtype
        self.chunk_rows, self.chunks_kept = max(1, len(array)), 1

    def rows(self, start: int, stop: int) -> Rows:
        """The rows from `start` up to `stop`."""
        return self._array[start:stop]


class ArraySource:
    """Arrays by key, which stay the caller's: they are not copied, and must not change."""

    def __init__(self, arrays: Mapping[str, Any], name: str = "arrays") -> None:
        self.name, self._arrays = name, arrays

    def has(self, key: str) -> bool:
        """Is there such a key?"""
        return key in self._arrays

    def column(self, key: str, shares: int = 1) -> DataColumn:
        """The array of a key."""
        require_key(self.name, key, list(self._arrays))
        name = f"{self.name}: {key}"
        return ArrayColumn(name, array_of(name, self._arrays[key]))

    def close(self) -> None:
        """Nothing is open."""


class NpzSource(ArraySource):
    """A file of NumPy's, .npz; a key is loaded, once, when its column is first asked for."""

    def __init__(self, path: Path) -> None:
        with damage_refused(path, "an .npz file of NumPy"), ExitStack() as opened:
            self._file: Any = np.load(opened.enter_context(path.open("rb")), allow_pickle=False)
            if not isinstance(self._file, np.lib.npyio.NpzFile):
                raise ValueError("a single array; save it with np.savez")
            self._open = opened.pop_all()
        super().__init__({}, path.name)
        self._path, self._loaded = path, dict[str, DataColumn]()

    def has(self, key: str) -> bool:
        """Is there such a key?"""
        return key in self._file.files

    def column(self, key: str, shares: int = 1) -> DataColumn:
        """The array of a key, which stays in memory."""
        if key not in self._loaded:
            require_key(self.name, key, self._file.files)
            with damage_refused(self._path, f"a whole .npz file without pickled objects at {key}"):
                array = self._file[key]
            self._loaded[key] = ArrayColumn(f"{self.name}: {key}", array)
        return self._loaded[key]

    def close(self) -> None:
        """Close the file; what was loaded stays."""
        self._file.close()
        self._open.close()


class DatasetSource:
    """A map-style torch Dataset whose items are pairs: `inputs`, `targets`.

    Inputs are read when they are asked for. Targets come from the Dataset's `targets` or `labels`,
    where it has them for all samples; else every item is read once, in order, for its target.
    """

    name = "Dataset"

    def __init__(self, dataset: Any, inputs: str, targets: str) -> None:
        both = all(hasattr(dataset, name) for name in ("__len__", "__getitem__"))
        require(both, "Dataset", "map-style, with __len__ and __getitem__", type(dataset).__name__)
        require(len(dataset) > 0, "Dataset", "of at least 1 sample", 0)
        self._dataset, self._inputs, self._targets = dataset, inputs, targets

    def has(self, key: str) -> bool:
        """Is there such a key?"""
        return key in (self._inputs, self._targets)

    def column(self, key: str, shares: int = 1) -> DataColumn:
        """Inputs as they are asked for, or all targets."""
        require_key(self.name, key, [self._inputs, self._targets])
        if key == self._inputs:
            return DatasetColumn(self._dataset)
        for name in ("targets", "labels"):
            found = getattr(self._dataset, name, None)
            if found is not None and len(found) == len(self._dataset):
                thing = f"{self.name}: {name}"
                return ArrayColumn(thing, array_of(thing, found))
        every = [item_of(self._dataset, k, 1) for k in range(len(self._dataset))]
        name = f"{self.name}: {key}"
        return ArrayColumn(name, alike(name, every, every[0].shape, 0))

    def close(self) -> None:
        """Nothing is open."""


class DatasetColumn:
    """The inputs of a torch Dataset."""

    lazy = True

    def __init__(self, dataset: Any) -> None:
        self.name, self._dataset = "Dataset: inputs", dataset
        self.chunk_rows, self.chunks_kept = len(dataset), 1
        first = item_of(dataset, 0, 0)
        listed = first.dtype.names is not None  # events: samples differ in length
        self.dtype = np.dtype(object) if listed else first.dtype
        self.shape = (len(dataset),) if listed else (len(dataset), *first.shape)

    def rows(self, start: int, stop: int) -> Rows:
        """The inputs of the items from `start` up to `stop`."""
        every = [item_of(self._dataset, k, 0) for k in range(start, stop)]
        if self.dtype == object:
            found = np.empty(len(every), dtype=object)
            found[:] = every
            return found
        return alike(self.name, every, self.shape[1:], start)


def item_of(dataset: Any, number: int, place: int) -> Rows:
    """Input (0) or target (1) of an item of a Dataset."""
    item = dataset[number]
    pair = isinstance(item, tuple | list) and len(item) == 2
    require(pair, f"Dataset: item {number}", "a pair (input, target)", type(item).__name__)
    return array_of(f"Dataset: {('input', 'target')[place]} of item {number}", item[place])


def array_of(thing: str, values: Any) -> Rows:
    """An array of whatever can become one; ValueError for rows of different shapes, or a GPU's."""
    try:
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:REASON]
        kind = type(values).__name__
        raise ValueError(f"{thing} must be one array of NumPy, not {kind} ({reason})") from error


def alike(thing: str, rows: Sequence[Rows], shape: tuple[int, ...], first: int) -> Rows:
    """The rows as one array; ValueError unless all have that shape."""
    for k, row in enumerate(rows, first):
        require(row.shape == shape, f"{thing}: sample {k}", f"of shape {shape}", row.shape)
    return np.stack(rows)


def require_key(name: str, key: str, known: Sequence[str]) -> None:
    """ValueError unless a key is there."""
    require(key in known, f"{name}: key", f"one of {', '.join(sorted(known))}", key)


@contextmanager
def damage_refused(path: Path, wanted: str) -> Iterator[None]:
    """One line for whatever a parser of files says of one that is missing, damaged or foreign."""
    require(path.is_file() and os.access(path, os.R_OK), "data", "a file to read", str(path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    except (Exception, MemoryError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:REASON]
        raise ValueError(
            f"{path.name} must be {wanted}, not damaged or foreign ({reason})"
        ) from error
