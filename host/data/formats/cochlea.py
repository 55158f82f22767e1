"""HDF5 files of spiking cochleas: the Heidelberg digits and Speech Commands (Cramer et al. 2020).

A file has the lists `spikes/times`, in seconds, and `spikes/units` of every sample, `labels`, and
`extra` (who spoke, the names of the classes).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from axonloop.host.data.columns import damage_refused
from axonloop.host.data.formats.plain_file import require_file
from axonloop.host.data.formats.recording import Recording
from axonloop.host.data.hdf5 import Hdf5Source
from axonloop.host.files import new_name, put_in_place, require_writable
from axonloop.models.arrays import ranged
from axonloop.models.checks import require, require_range

UNITS = 700
TIMES, PLACES, LABELS = "spikes/times", "spikes/units", "labels"
LATEST = 8_000_000
"""Microseconds up to which seconds in 32 bits tell one from the next."""
MEMORY = 16 << 20


def read_cochlea(path: Path, number: int = 0, units: int = UNITS) -> Recording:
    """The spikes of a sample of a file; ValueError says what is wrong with it."""
    require_file(path)
    source = Hdf5Source(path, MEMORY)
    try:
        times, places = source.column(TIMES, 2), source.column(PLACES, 2)
        good = times.shape == places.shape and len(times.shape) == 1 and times.shape[0] > 0
        wanted = "lists of as many samples, 1 or more"
        require(good, f"{path.name}: times and units", wanted, (times.shape, places.shape))
        require_range(f"{path.name}: sample", number, 0, times.shape[0] - 1)
        seconds, own = times.rows(number, number + 1)[0], places.rows(number, number + 1)[0]
    finally:
        source.close()
    name = f"{path.name}: sample {number}"
    good = seconds.dtype.kind == "f" and bool(np.isfinite(seconds).all())
    require(good, f"{name}: times", "finite numbers, seconds", str(seconds.dtype))
    return Recording(
        (units,), np.rint(seconds.astype(np.float64) * 1e6).astype(np.int64), own, name=name
    )


def write_cochlea(
    path: Path,
    samples: Sequence[Recording],
    labels: Sequence[int],
    speakers: Sequence[int],
    keys: Sequence[str],
) -> None:
    """Write a file, whole or not at all.

    `samples` on a sensor of one axis, all alike, of at most 8 s; `labels` of 0..classes - 1 and
    `speakers` for each; `keys` the names of the classes. Raises ValueError for what does not fit.
    """
    import h5py  # type: ignore[import-untyped]  # slow to load

    require(len(samples) > 0, path.name, "of at least 1 sample", 0)
    counts = (len(samples), len(labels), len(speakers))
    require(len(set(counts)) == 1, f"{path.name}: samples, labels, speakers", "as many", counts)
    ranged(f"{path.name}: labels", np.asarray(labels), 0, len(keys) - 1)
    sensors = sorted({each.sensor for each in samples})
    good = len(sensors) == 1 and len(sensors[0]) == 1
    require(good, f"{path.name}: sensors", "one of one axis, as (700,)", sensors[:4])
    for each in samples:
        ranged(f"{path.name}: t of {each.name}", each.t[[0, -1]], 0, LATEST)
    require_writable(path)
    new = new_name(path)
    try:
        with h5py.File(new, "w") as file:
            times = file.create_dataset(TIMES, (len(samples),), h5py.vlen_dtype(np.float32))
            units = file.create_dataset(PLACES, (len(samples),), h5py.vlen_dtype(np.uint16))
            for k, each in enumerate(samples):
                times[k], units[k] = each.t / 1e6, each.x
            file[LABELS] = np.asarray(labels, np.uint16)
            file["extra/speaker"] = np.asarray(speakers, np.uint16)
            file["extra/keys"] = [key.encode() for key in keys]
        put_in_place(new, path)
    finally:
        new.unlink(missing_ok=True)


def keys_of(path: Path) -> list[str]:
    """The names of the classes of a file; none where it has none."""
    import h5py

    with damage_refused(path, "an HDF5 file"), h5py.File(path, "r") as file:
        return [key.decode() for key in file["extra/keys"][()]] if "extra/keys" in file else []
