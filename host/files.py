"""Files that are written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from axonloop.models.checks import require


def require_writable(path: Path | None) -> None:
    """ValueError if `path` cannot become a file, before any work is done for it; None passes."""
    if path is not None:
        folder, name = path.parent, str(path)
        require(folder.is_dir(), "file to write", "in a folder that exists", name)
        require(os.access(folder, os.W_OK), "file to write", "in a folder open to writing", name)
        plain = path.is_file() or not path.exists()
        require(plain and path.name != "", "file to write", "a plain file or new", name)


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write a file so that a reader sees the old one or all of the new one.

    Goes through `path`.new, flushed to the disk, then renamed. Raises ValueError for what is no
    plain file (a device would be replaced). Where writing fails, nothing is left and OSError
    says why.
    """
    require_writable(path)
    try:
        _write_and_rename(path, write)
    except OSError as error:
        raise OSError(
            f"{path.name} must be written whole, not cut short at {str(path)!r} ({error.strerror})"
        ) from error


def _write_and_rename(path: Path, write: Callable[[BinaryIO], None]) -> None:
    new = path.with_name(path.name + ".new")
    try:
        with new.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        _flush_folder(path.parent)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; ValueError if there is none."""
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} must be a JSON file, not {str(path)!r} ({error})") from error
    require(isinstance(data, dict), path.name, "a JSON object", data)
    return dict(data)


def write_json(path: Path, data: Any) -> None:
    """Write JSON, whole or not at all; NaN and infinities are refused with ValueError."""
    write_text(path, json.dumps(data, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""

    def write(file: BinaryIO) -> None:
        file.write(text.encode())

    write_whole(path, write)
