"""Files that are written whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from axonloop.models.checks import require

NEW = ".new"
"""The ending of names of files that are not whole yet."""


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

    The data go to a new file beside it, named `path`.X.new with a random X, which is flushed to
    the disk and then renamed. Raises ValueError for what is no plain file (a device would be
    replaced). Where writing fails, nothing is left and OSError says why; a killed process leaves
    the new file.
    """
    require_writable(path)
    try:
        _write_and_rename(path, write)
    except OSError as error:
        raise OSError(
            f"{path.name} must be written whole, not cut short at {str(path)!r} ({error.strerror})"
        ) from error


def _write_and_rename(path: Path, write: Callable[[BinaryIO], None]) -> None:
    new = new_name(path)
    try:
        with new.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(new, path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def new_name(path: Path) -> Path:
    """A name beside `path` for the file that will replace it; no two calls return the same."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}{NEW}")


def put_in_place(new: Path, path: Path) -> None:
    """Rename a file that was flushed to the disk; the name too survives a loss of power."""
    new.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; ValueError if there is none."""
    try:
        data = json.loads(read_text(path), object_pairs_hook=_without_repeats)
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} must be a JSON file, not {str(path)!r} ({error})") from error
    require(isinstance(data, dict), path.name, "a JSON object", data)
    return dict(data)


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, without the mark that some editors put before it.

    Raises ValueError with line and column (in bytes) where it is not UTF-8, and OSError.
    """
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        raise ValueError(f"no UTF-8 at line {line}, column {column}") from error


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; ValueError where a key stands twice."""
    data = dict(pairs)
    counts = Counter(name for name, _ in pairs)
    repeated = next((name for name, count in counts.items() if count > 1), None)
    require(repeated is None, "keys of a JSON object", "there once each", repeated)
    return data


def write_json(path: Path, data: Any) -> None:
    """Write JSON, whole or not at all; NaN and infinities are refused with ValueError."""
    write_text(path, json.dumps(data, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""

    def write(file: BinaryIO) -> None:
        file.write(text.encode())

    write_whole(path, write)
