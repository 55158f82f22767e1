"""The file of a recording: HDF5 with all words to and from a chip.

A file has these data sets, each with its unit as the attribute `units` and a checksum as `crc32`:

- `to_chip/words`, `from_chip/words`: all words of 32 bits (docs/contract.md, section 6)
- `to_chip/ends`, `from_chip/ends`: where in `words` each exchange ends; exchange k of `from_chip`
  answers exchange k of `to_chip`
- `to_chip/ticks`, `from_chip/ticks`: where in `words` the TICK packets are
- `configuration`: the chip's geometry, mesh, parameters and tables, as JSON

The attributes of the file name its format, the device and the versions of the programs that wrote
it; `fresh` says that the chip was as after power-up. `complete` is written last: the file that a
killed program leaves, with `.new` behind its name, is without it and is refused.

Before the HDF5 part lie 512 bytes (its user block) that begin with a magic word, the size of what
follows and its CRC-32. They are looked at first: HDF5's library may hang on a damaged file.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import platform
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices.packets import Words
from axonloop.host.files import new_name, put_in_place, require_writable
from axonloop.host.version import __version__
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import Kind

FORMAT, VERSION = "axonloop recording", 3
OLD_MAGICS = {1: b"AXLR", 2: b"\x89HDF\r\n"}
"""The first bytes of recordings of older versions."""
MAGIC, HEAD, HEAD_BYTES = b"axonloop words\r\n", struct.Struct("<16sQI"), 512
"""The first 16 bytes of a file, what follows them: size and CRC-32; the bytes before HDF5."""
PIECE = 1 << 20
"""Bytes that are read at a time for the CRC."""
BLOCK = 1 << 16
"""Words that are kept before they are written."""
PLACE = "words of 32 bits from the begin of the data set `words`"
UNITS = {"words": "packet words of 32 bits", "ends": PLACE, "ticks": PLACE}


class _SafeFile(io.FileIO):
    """A file for HDF5, which must not hear of a full disk: its library crashes when it exits then.

    The first error is kept as `error`; what is written after it is lost.
    """

    error: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Write all of `data`, or keep the error; return the size of `data` either way."""
        rest = memoryview(data).cast("B")
        with self._kept():
            while rest and self.error is None:
                rest = rest[super().write(rest) :]
        return memoryview(data).nbytes

    def truncate(self, size: int | None = None, /) -> int:
        """Set the size of the file, or keep the error."""
        with self._kept():
            super().truncate(size)
        return size or 0

    def flush_to_disk(self) -> None:
        """Wait until all is on the disk, or keep the error."""
        with self._kept():
            os.fsync(self.fileno())

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.error = self.error or error


class _Column:
    """A data set that grows in blocks, with the CRC-32 of what is in it."""

    def __init__(self, group: Any, name: str) -> None:
        self._kind = np.dtype("<u4" if name == "words" else "<i8")
        layout = {"maxshape": (None,), "chunks": (1 << 14,), "compression": "gzip", "shuffle": True}
        self._data = group.create_dataset(name, (0,), self._kind, **layout)
        self._data.attrs["units"] = UNITS[name]
        self._parts: list[Any] = [np.empty(0, self._kind)]
        self._crc = 0

    def add(self, values: Words | list[int]) -> None:
        """Put values behind the others; they are kept until `flush`."""
        self._parts.append(values)

    def flush(self) -> None:
        """Write what was kept."""
        values = np.concatenate(self._parts).astype(self._kind)
        start = len(self._data)
        self._data.resize(start + len(values), axis=0)
        self._data[start:] = values
        self._crc = zlib.crc32(values.tobytes(), self._crc)
        self._data.attrs["crc32"] = self._crc
        del self._parts[1:]


class _Stream:
    """All words of one direction, in the group `name`."""

    def __init__(self, file: Any, name: str) -> None:
        group = file.create_group(name)
        self._columns = self._words, self._ends, self._ticks = [_Column(group, n) for n in UNITS]
        self._size = self._kept = 0

    def add(self, words: Words) -> None:
        """Take down the words of one more exchange."""
        start, self._size = self._size, self._size + words.size
        self._words.add(words)
        self._ends.add([self._size])
        self._ticks.add(
            [start + index for index, kind in packet_starts(words) if kind == Kind.TICK]
        )
        self._kept += words.size + 1
        if self._kept > BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write what was kept."""
        for column in self._columns:
            column.flush()
        self._kept = 0


class RecordingFile:
    """The file of a recording while it is written; `close` ends it and gives it its name.

    Raises OSError where the disk is full; then nothing is left of the file.
    """

    def __init__(self, path: Path, config: ChipConfig, device: str, fresh: bool) -> None:
        import h5py  # type: ignore[import-untyped]  # slow to load

        require_writable(path)
        self._path, self._new = path, new_name(path)
        self._bytes = _SafeFile(self._new, "w+")
        self._file = h5py.File(self._bytes, "w", libver=("v110", "v110"), userblock_size=HEAD_BYTES)
        versions = {"axonloop": __version__, "python": platform.python_version()}
        versions |= {"numpy": np.__version__, "h5py": h5py.__version__}
        about = {"format": FORMAT, "version": VERSION, "device": device, "fresh": fresh}
        self._file.attrs.update(about | {f"version of {name}": v for name, v in versions.items()})
        text = json.dumps(dataclasses.asdict(config)).encode()
        self._file["configuration"] = np.bytes_(text)
        self._file["configuration"].attrs.update({"units": "JSON", "crc32": zlib.crc32(text)})
        self._streams = [_Stream(self._file, name) for name in ("to_chip", "from_chip")]

    def add(self, words: Words, from_chip: bool) -> None:
        """Take down the words of one more exchange."""
        self._streams[from_chip].add(words)
        if self._bytes.error is not None:
            self.close()

    def close(self) -> None:
        """End the file; it is whole then. A second call does nothing."""
        if self._bytes.closed:
            return
        for stream in self._streams:
            stream.flush()
        self._file.attrs["complete"] = True
        self._file.close()
        if self._bytes.error is None:
            head = HEAD.pack(MAGIC, *_size_and_crc(self._bytes))
            self._bytes.seek(0)
            self._bytes.write(head)
        self._bytes.flush_to_disk()
        self._bytes.close()
        if (error := self._bytes.error) is None:
            put_in_place(self._new, self._path)
            return
        self._new.unlink()
        raise OSError(
            f"recording must be written whole, not cut short at {str(self._path)!r} "
            f"({error.strerror})"
        ) from error


class Contents(NamedTuple):
    """The contents of a file: words of exchange k to the chip, `sent[k]`, and from it, `heard[k]`.

    `fresh`: the chip was as after power-up. `ticks`: indices of TICK packets among all words sent.
    `configuration` is the chip's when it was opened.
    """

    fresh: bool
    sent: list[Words]
    heard: list[Words]
    ticks: NDArray[np.int64]
    configuration: ChipConfig


def read_recording(path: Path) -> Contents:
    """The contents of a file.

    Raises ValueError if it is no recording, not whole, or of another version.
    """
    import h5py  # slow to load

    require(path.is_file(), "recording", "an existing file", str(path))
    _check_head(path)
    with _damage_refused(path), h5py.File(path, "r") as file:
        about = dict(file.attrs)
    require(about.get("format") == FORMAT, "recording", "a file of this program", str(path))
    version = about["version"]
    if version != VERSION:
        raise ValueError(_other_version(path, version, f"axonloop {about['version of axonloop']}"))
    with _damage_refused(path), h5py.File(path, "r") as file:
        require(bool(about["complete"]), "end of the recording", "there", "missing")
        text = file["configuration"][()]
        require(zlib.crc32(text) == file["configuration"].attrs["crc32"], "checksum", "right", text)
        sent, ticks = _exchanges(file["to_chip"])
        heard, _ = _exchanges(file["from_chip"])
        chip = ChipConfig.from_dict(json.loads(text))
        return Contents(bool(about["fresh"]), sent, heard, ticks, chip)


def _check_head(path: Path) -> None:
    """ValueError unless the file begins as one of this version does, and is as it was written."""
    with path.open("rb") as file:
        head = file.read(HEAD.size)
        for number, magic in OLD_MAGICS.items():
            if head.startswith(magic):
                raise ValueError(_other_version(path, number, "an older release of axonloop"))
        begun = head.startswith((MAGIC, bytes(16)))  # zeros until the file is whole
        require(begun, "recording", "a file of this program", str(path))
        with _damage_refused(path):
            right = HEAD.unpack(head)[1:] == _size_and_crc(file)
            require(right, "checksum of the file", "right", "wrong")


def _size_and_crc(file: Any) -> tuple[int, int]:
    """The size of what lies behind the head of a file, and its CRC-32."""
    size = crc = 0
    file.seek(HEAD_BYTES)
    while piece := file.read(PIECE):
        size, crc = size + len(piece), zlib.crc32(piece, crc)
    return size, crc


def _other_version(path: Path, version: object, maker: str) -> str:
    return (
        f"recording {str(path)!r} must be of format {VERSION}, not of format {version}, which "
        f"{maker} made: record it again"
    )


@contextmanager
def _damage_refused(path: Path) -> Iterator[None]:
    """Turn whatever HDF5 raises of a damaged file into one line."""
    try:
        yield
    except Exception as error:
        whole = "whole, not cut short or damaged: record it again"
        raise ValueError(f"recording must be {whole} ({str(path)!r})") from error


def _exchanges(group: Any) -> tuple[list[Words], NDArray[np.int64]]:
    """The words of every exchange, and the indices of TICK packets, from a group of a file."""
    columns = []
    for name in UNITS:
        values = group[name][:]
        right = zlib.crc32(values.tobytes()) == group[name].attrs["crc32"]
        require(right, f"checksum of {name}", "right", "wrong")
        columns.append(values)
    words, ends, ticks = columns
    return np.split(words.astype(np.uint32), ends[:-1]) if len(ends) else [], ticks


def packet_starts(words: Words) -> Iterator[tuple[int, int]]:
    """Index and kind of every packet among whole ones, to the chip or from it."""
    index = 0
    while index < words.size:
        head = int(words[index])
        kind = head >> 28
        yield index, kind
        payload = head & 0xFFFF if kind in (Kind.WRITE, Kind.DATA) else 0
        index += 1 + (kind in (Kind.WRITE, Kind.READ)) + payload
