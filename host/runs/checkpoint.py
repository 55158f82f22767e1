"""Files that are whole or not there at all, and the checkpoints of a run."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from axonloop.models.checks import require

FORMAT = "axonloop checkpoint 1"
"""Name and version of the format; any other is refused."""
_META, _FORMAT = "meta", "format"
_DAMAGE = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile)


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


def save_checkpoint(path: Path, tree: dict[str, Any]) -> None:
    """Write a tree of dictionaries, NumPy arrays and JSON values; keys are without `/`."""
    arrays: dict[str, Any] = {}
    plain = _split(tree, "", arrays)
    arrays[_FORMAT] = np.array(FORMAT)
    arrays[_META] = np.array(json.dumps(plain))
    write_whole(path, lambda file: np.savez(file, allow_pickle=False, **arrays))


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote; ValueError for a damaged or foreign file."""
    require(path.is_file(), "checkpoint", "an existing file", str(path))
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        found = str(arrays.pop(_FORMAT))
        tree = json.loads(str(arrays.pop(_META)))
    except _DAMAGE as error:
        raise ValueError(
            f"checkpoint must be a whole file of this program, not {str(path)!r} ({error})"
        ) from error
    require(found == FORMAT, f"format of checkpoint {path}", repr(FORMAT), found)
    _join(tree, arrays)
    return dict(tree)


def _split(tree: dict[str, Any], prefix: str, arrays: dict[str, Any]) -> dict[str, Any]:
    """The tree without its arrays, which go to `arrays` under their path."""
    plain: dict[str, Any] = {}
    for key, value in tree.items():
        require("/" not in key, "checkpoint keys", "without '/'", key)
        if isinstance(value, np.ndarray):
            arrays[f"tree/{prefix}{key}"] = value
        elif isinstance(value, dict):
            plain[key] = _split(value, f"{prefix}{key}/", arrays)
        else:
            plain[key] = value
    return plain


def _join(tree: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Put the arrays back to where `_split` took them from."""
    for path, value in arrays.items():
        *folders, key = path.split("/")[1:]
        place = tree
        for folder in folders:
            place = place[folder]
        place[key] = value
