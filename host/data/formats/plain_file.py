"""What all readers of files ask first (is anything there?), and all writers end with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from axonloop.host.files import write_whole
from axonloop.models.checks import require


def require_file(path: Path) -> int:
    """The bytes of a file to read; ValueError where there is none, or it is empty."""
    good = path.is_file() and os.access(path, os.R_OK)
    require(good, "recording", "a file to read", str(path))
    size = path.stat().st_size
    require(size > 0, path.name, "of at least 1 byte (copy it again)", 0)
    return size


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all."""

    def write(file: BinaryIO) -> None:
        file.write(data)

    write_whole(path, write)


def whole_records(path: Path, data: bytes, size: int, what: str) -> NDArray[Any]:
    """Bytes as records of `size` bytes, uint8 `(n, size)`; ValueError where the last one is cut."""
    wanted = f"{what} of {size} bytes each (its end is missing: copy it again)"
    good = len(data) % size == 0
    require(good, path.name, wanted, f"{len(data)} bytes, {len(data) % size} too many")
    return np.frombuffer(data, np.uint8).reshape(-1, size)
