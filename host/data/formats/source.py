"""Folders and lists of recordings as columns, one recording or gesture a sample."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from axonloop.host.data.columns import ArrayColumn, DataColumn, Rows, require_key
from axonloop.host.data.formats.aedat3 import Aedat3File
from axonloop.host.data.formats.gestures import labels_path, read_gestures, read_trials
from axonloop.host.data.formats.nmnist import read_nmnist
from axonloop.host.data.formats.recording import Recording
from axonloop.host.data.formats.sets import SetFormat
from axonloop.models.checks import require

FILES_KEPT = 64
"""Recordings whose packets are kept found; nothing of their events stays in memory."""


class EventFileSource:
    """Samples that are read from their files when they are asked for: events, and classes.

    `read` makes the events of the sample of a number, and `labels` has one class for each.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[int], Recording],
        labels: list[int],
        inputs: str,
        targets: str,
    ) -> None:
        self.name = name
        self._columns: dict[str, DataColumn] = {
            inputs: _EventColumn(f"{name}: {inputs}", read, len(labels)),
            targets: ArrayColumn(f"{name}: {targets}", np.array(labels, np.int64)),
        }

    def has(self, key: str) -> bool:
        """Is there such a key?"""
        return key in self._columns

    def column(self, key: str, shares: int = 1) -> DataColumn:
        """The events, or the classes."""
        require_key(self.name, key, list(self._columns))
        return self._columns[key]

    def close(self) -> None:
        """Nothing stays open."""


class _EventColumn:
    """Events as arrays with named fields, read anew each time."""

    lazy, chunk_rows, chunks_kept = True, 1, 1

    def __init__(self, name: str, read: Callable[[int], Recording], count: int) -> None:
        self.name, self._read = name, read
        self.shape: tuple[int, ...] = (count,)
        self.dtype: np.dtype[Any] = np.dtype(object)

    def rows(self, start: int, stop: int) -> Rows:
        """The events of the samples from `start` up to `stop`."""
        found = np.empty(stop - start, dtype=object)
        found[:] = [self._read(number).rows for number in range(start, stop)]
        return found


def event_source(kind: SetFormat, path: Path, inputs: str, targets: str) -> EventFileSource:
    """A part of N-MNIST (a folder) or of DVS Gesture (a list of recordings, or a lone one).

    Raises ValueError for files that are missing or damaged, as far as they must be looked at to
    know the samples: names of N-MNIST, labels of gestures.
    """
    opened = _digits if kind.name == "n-mnist" else _gestures
    read, labels = opened(kind, path)
    return EventFileSource(path.name, read, labels, inputs, targets)


def _digits(kind: SetFormat, path: Path) -> tuple[Callable[[int], Recording], list[int]]:
    """The files of the folders 0 to 9."""
    wanted = "a folder with the folders 0 to 9 of .bin files"
    require(path.is_dir(), f"part {path.name} of {kind.name}", wanted, str(path))
    files = [
        (file, label)
        for label in range(kind.classes)
        for file in sorted((path / str(label)).glob("*.bin"))
    ]
    require(len(files) > 0, f"part {path.name} of {kind.name}", wanted, f"{path} without any")

    def read(number: int) -> Recording:
        file, label = files[number]
        try:
            return read_nmnist(file, kind.bins.sensor)
        except ValueError as error:
            raise ValueError(f"{path.name}/{label}/{error}") from error

    return read, [label for _, label in files]


def _gestures(kind: SetFormat, path: Path) -> tuple[Callable[[int], Recording], list[int]]:
    """The gestures of all recordings of a list."""
    recordings = [path] if path.suffix == ".aedat" else read_trials(path)
    samples = [
        (recording, gesture)
        for recording in recordings
        for gesture in read_gestures(labels_path(recording), kind.classes)
    ]
    files: OrderedDict[Path, Aedat3File] = OrderedDict()

    def read(number: int) -> Recording:
        recording, gesture = samples[number]
        if recording not in files:
            files[recording] = Aedat3File(recording, kind.bins.sensor)
            if len(files) > FILES_KEPT:
                files.popitem(last=False)
        return files[recording].read(gesture.start, gesture.stop)

    return read, [gesture.label for _, gesture in samples]
