"""Recordings as `.npz` of NumPy: t, x, y and p, and the shape of the sensor."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from axonloop.host.data.columns import NpzSource
from axonloop.host.data.formats.plain_file import require_file
from axonloop.host.data.formats.recording import Recording
from axonloop.host.files import write_whole
from axonloop.models.arrays import integers
from axonloop.models.checks import require


def read_npz(path: Path, sensor: tuple[int, ...] | None = None) -> Recording:
    """The events of a file, on `sensor` or else its own; ValueError says what is wrong with it."""
    require_file(path)
    source = NpzSource(path)
    try:
        if sensor is None:
            column = source.column("sensor")
            sizes = integers(column.name, column.rows(0, column.shape[0]))
            require(sizes.ndim == 1, column.name, "a list of sizes, as [2, 34, 34]", sizes.shape)
            sensor = tuple(sizes.tolist())
        names = ["t", *(name for name in "xyp" if source.has(name))]
        columns = {name: source.column(name) for name in names}
        fields = {name: each.rows(0, each.shape[0]) for name, each in columns.items()}
        require(
            "x" in fields,
            f"{path.name}: x",
            "there, with t and, as the sensor has them, y, p",
            None,
        )
        return Recording(sensor, name=path.name, **fields)
    finally:
        source.close()


def write_npz(path: Path, events: Recording) -> None:
    """Write a file, whole or not at all."""
    fields = {name: getattr(events, name) for name in ("t", *events.axes)}
    sensor = np.array(events.sensor)
    write_whole(path, lambda file: np.savez_compressed(file, sensor=sensor, **fields))
