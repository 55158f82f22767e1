"""Files that are whole or not there at all, and the checkpoints of a run."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from axonloop.host.files import write_whole
from axonloop.models.checks import require

FORMAT = "axonloop checkpoint 2"
"""Name and version of the format; any other is refused."""
REASON = 200
"""Most characters of what an error says of a damaged file."""
_META, _FORMAT = "meta", "format"


def save_checkpoint(path: Path, tree: dict[str, Any]) -> None:
    """Write a tree of dictionaries, NumPy arrays and JSON values; keys are without `/`."""
    arrays: dict[str, Any] = {}
    plain = _split(tree, "", arrays)
    arrays[_FORMAT] = np.array(FORMAT)
    arrays[_META] = np.array(json.dumps(plain, allow_nan=False))
    write_whole(path, lambda file: np.savez(file, allow_pickle=False, **arrays))


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote.

    Raises ValueError for a damaged or foreign file, and for numbers that are not finite.
    """
    require(path.is_file(), "checkpoint", "an existing file", str(path))
    try:
        # The parsers of archives, of arrays and of JSON raise and warn of many kinds of damage.
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            arrays = _arrays_of(path)
        found = str(arrays.pop(_FORMAT))
        tree = {} if found != FORMAT else _tree_of(str(arrays.pop(_META)), arrays)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:REASON]
        raise ValueError(
            f"checkpoint must be a whole file of this program, not {str(path)!r} ({reason})"
        ) from error
    require(found == FORMAT, f"format of checkpoint {path}", repr(FORMAT), found)
    return tree


def _arrays_of(path: Path) -> dict[str, Any]:
    """All arrays of a file, by name."""
    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    for name, array in arrays.items():
        finite = array.dtype.kind != "f" or bool(np.isfinite(array).all())
        require(finite, f"numbers of {name}", "finite", "NaN or infinite")
    return arrays


def _tree_of(meta: str, arrays: dict[str, Any]) -> dict[str, Any]:
    """The tree whose plain values are the JSON text `meta`, with its arrays."""
    tree = json.loads(meta, parse_constant=_finite, parse_float=_finite)
    _join(tree, arrays)
    return dict(tree)


def _finite(text: str) -> float:
    number = float(text)
    require(math.isfinite(number), "numbers", "finite", text)
    return number


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
        branch = tree
        for folder in folders:
            branch = branch[folder]
        branch[key] = value
