"""HDF5 files as columns: rows are read when they are asked for, through HDF5's cache of chunks."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from axonloop.host.data.columns import DataColumn, Rows, damage_refused, require_key
from axonloop.models.checks import require

LARGEST_TABLE = 1 << 20
"""Most slots of a cache, of 8 bytes each."""


class Hdf5Source:
    """A file of HDF5 whose columns keep at most `memory` bytes of chunks, all of them together."""

    def __init__(self, path: Path, memory: int) -> None:
        import h5py  # type: ignore[import-untyped]  # slow to load

        self.name, self._path, self._memory = path.name, path, memory
        with damage_refused(path, "an HDF5 file"):
            self._file = h5py.File(path, "r")

    def has(self, key: str) -> bool:
        """Is there a data set of this name?"""
        import h5py  # slow to load

        with damage_refused(self._path, f"a whole HDF5 file at {key}"):
            return key in self._file and isinstance(self._file[key], h5py.Dataset)

    def column(self, key: str, shares: int = 1) -> DataColumn:
        """The data set of a key, with its share of the memory."""
        if not self.has(key):
            require_key(self.name, key, self._keys())
        return Hdf5Column(self._path, self._file, key, self._memory // shares)

    def _keys(self) -> list[str]:
        """The names of all data sets."""
        import h5py  # slow to load

        found: list[str] = []
        with damage_refused(self._path, "a whole HDF5 file"):
            self._file.visititems(
                lambda name, entry: found.append(name) if isinstance(entry, h5py.Dataset) else None
            )
        return found

    def close(self) -> None:
        """Close the file; columns cannot be read any more."""
        self._file.close()


class Hdf5Column:
    """A data set of an HDF5 file, of which at most `memory` bytes of whole chunks are kept.

    A data set without chunks is read row by row, and nothing of it is kept. Raises ValueError where
    one row needs more chunks than fit into memory.
    """

    lazy = True

    def __init__(self, path: Path, file: Any, key: str, memory: int) -> None:
        import h5py  # slow to load

        self.name, self._path, self._key = f"{path.name}: {key}", path, key
        with self._damage_refused():
            entry = file[key]
            shape, chunks, dtype = entry.shape, entry.chunks, entry.dtype
            del entry  # while it is open, others share its cache
        require(bool(shape), self.name, "an array with a row for each sample", "a value")
        self.shape: tuple[int, ...] = shape
        listed = h5py.check_vlen_dtype(dtype) is not None
        self.dtype = np.dtype(object) if listed else dtype
        self.chunk_rows, self.chunks_kept, slots = self._plan(chunks, dtype.itemsize, memory)
        with self._damage_refused():
            access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
            access.set_chunk_cache(slots, memory, 0.0)  # 0: least recently used; 1 breaks the bound
            self._dataset = h5py.Dataset(h5py.h5d.open(file.id, key.encode(), access))

    def _damage_refused(self) -> AbstractContextManager[None]:
        return damage_refused(self._path, f"a whole HDF5 file at {self._key}")

    def _plan(
        self, chunks: tuple[int, ...] | None, itemsize: int, memory: int
    ) -> tuple[int, int, int]:
        """Rows of a chunk, chunks along the rows that fit into memory, and slots of the cache."""
        if chunks is None:
            return max(1, self.shape[0]), 1, 1
        across = math.prod(
            -(-size // side) for size, side in zip(self.shape[1:], chunks[1:], strict=True)
        )
        band = across * math.prod(chunks) * itemsize
        wanted = f"at most {memory} bytes, their share of `memory`, which can be raised"
        require(band <= memory, f"{self.name}: chunks of a row", wanted, band)
        # As many slots as chunks: no two of them want the same one.
        slots = across * -(-self.shape[0] // chunks[0])
        return chunks[0], max(1, memory // max(1, band)), min(slots, LARGEST_TABLE) | 1

    def rows(self, start: int, stop: int) -> Rows:
        """The rows from `start` up to `stop`."""
        require(bool(self._dataset), self.name, "open", "closed")
        with self._damage_refused():
            found: Rows = self._dataset[start:stop]
        return found
