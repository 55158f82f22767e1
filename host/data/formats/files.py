"""Recordings by the names of their files: which format, read and written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from axonloop.host.data.formats import aedat2, aedat3, aedat4, arrays, cochlea, nmnist
from axonloop.host.data.formats.plain_file import require_file
from axonloop.host.data.formats.recording import Recording
from axonloop.models.checks import require

LONGEST_MAGIC = 16


@dataclass(frozen=True)
class EventFormat:
    """A format of files with one recording each: the `suffix` of their names, and what it is."""

    suffix: str
    about: str
    read: Callable[[Path], Recording]
    write: Callable[[Path, Recording], None]
    magic: bytes = b""


FORMATS = {
    "n-mnist": EventFormat(".bin", "N-MNIST", nmnist.read_nmnist, nmnist.write_nmnist),
    "aedat2": EventFormat(
        ".aedat", "AEDAT 2.0 of a DVS128", aedat2.read_aedat2, aedat2.write_aedat2, aedat2.MAGIC
    ),
    "aedat3": EventFormat(
        ".aedat", "AEDAT 3.1", aedat3.read_aedat3, aedat3.write_aedat3, aedat3.MAGIC
    ),
    "aedat4": EventFormat(".aedat4", "AEDAT 4", aedat4.read_aedat4, aedat4.write_aedat4),
    "npz": EventFormat(".npz", "arrays of NumPy", arrays.read_npz, arrays.write_npz),
}
"""Formats by their names."""
COCHLEA = (".h5", ".hdf5", ".hdf")


def format_of(path: Path) -> str:
    """The name of a file's format, by its suffix and its first bytes; ValueError for another."""
    suffix = path.suffix.lower()
    own = {name: each for name, each in FORMATS.items() if each.suffix == suffix}
    endings = ", ".join(sorted({each.suffix for each in FORMATS.values()} | {*COCHLEA}))
    require(len(own) > 0, "recording", f"a file that ends with {endings}", path.name)
    if len(own) == 1:
        return next(iter(own))
    require_file(path)
    with path.open("rb") as file:
        begin = file.read(LONGEST_MAGIC)
    found = [name for name, each in own.items() if begin.startswith(each.magic)]
    wanted = " or ".join(each.magic.decode() for each in own.values())
    require(len(found) == 1, path.name, f"a file that begins with {wanted}", begin)
    return found[0]


def read_events(path: Path | str, number: int = 0) -> Recording:
    """A recording from a file of any format; of HDF5 the sample `number`.

    Raises ValueError for a file that is missing, empty, cut short, damaged or of another kind, for
    events outside of the sensor, and for times that fall.
    """
    path = Path(path)
    if path.suffix.lower() in COCHLEA:
        return cochlea.read_cochlea(path, number)
    require(number == 0, "sample", f"0 of {path.name}, which holds a single recording", number)
    return FORMATS[format_of(path)].read(path)


def write_events(path: Path | str, events: Recording, kind: str = "") -> None:
    """Write a recording, whole or not at all, in the format of its suffix.

    `kind` names the format where a suffix has several: aedat2 or aedat3 (as which .aedat is usually
    written). Raises ValueError for what the format cannot hold.
    """
    path = Path(path)
    own = [name for name, each in FORMATS.items() if each.suffix == path.suffix.lower()]
    endings = ", ".join(sorted({each.suffix for each in FORMATS.values()}))
    require(len(own) > 0, "recording", f"a file that ends with {endings}", path.name)
    require(kind in ("", *own), "format", f"left out or one of {', '.join(own)}", kind)
    FORMATS[kind or own[-1]].write(path, events)
