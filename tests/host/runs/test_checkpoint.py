"""Files that are whole or not there, and checkpoints that are refused."""

from __future__ import annotations

import errno
import io
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from axonloop.host.files import read_json, write_json, write_text, write_whole
from axonloop.host.runs import load_checkpoint
from axonloop.host.runs.checkpoint import save_checkpoint
from axonloop.host.runs.restore import require_origin
from axonloop.host.runs.trained import _require_equal

TREE = {
    "settings": {"seed": 3, "rate": 0.1, "limit": None, "nested": {"list": [1, 2]}},
    "device": {"weights": np.arange(6, dtype=np.int32).reshape(2, 3), "tick": 7},
    "empty": np.zeros((0, 4), dtype=np.int64),
}


def test_tree_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, TREE)
    found = load_checkpoint(path)
    assert found["settings"] == TREE["settings"]
    assert found["device"]["tick"] == 7
    assert found["device"]["weights"].dtype == np.int32
    assert (found["device"]["weights"] == TREE["device"]["weights"]).all()
    assert found["empty"].shape == (0, 4)
    assert os.listdir(tmp_path) == ["checkpoint.npz"]


@pytest.mark.parametrize("seed", range(8))
def test_damage_is_found(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, TREE)
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    if seed % 2:
        data = data[: int(rng.integers(1, len(data)))]
    else:
        start = data.index(np.arange(6, dtype=np.int32).tobytes())
        data[start + int(rng.integers(24))] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(ValueError, match="^checkpoint must be a whole file of this program, not"):
        load_checkpoint(path)


def same(found: Any, expected: Any) -> bool:
    """Are two trees equal, down to the dtypes of their arrays?"""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            same(found[key], value) for key, value in expected.items()
        )
    if isinstance(expected, np.ndarray):
        return found.dtype == expected.dtype and np.array_equal(found, expected)
    return type(found) is type(expected) and found == expected


def loaded(path: Path) -> dict[str, Any] | None:
    """The tree of a file, or None if that is refused, in one line."""
    try:
        return load_checkpoint(path)
    except ValueError as error:
        text = str(error)
    assert re.match("checkpoint must be a whole file of this program, not|format of check", text)
    assert len(text.splitlines()) == 1
    assert len(text) < 500
    return None


def with_bit_flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("seed", range(4))
def test_a_flipped_bit_is_found_or_changes_nothing(tmp_path: Path, seed: int) -> None:
    """A few hundred places each: what a parser does not look at (dates of an archive) may pass."""
    path, rng = tmp_path / "checkpoint.npz", np.random.default_rng(seed)
    save_checkpoint(path, TREE)
    whole, refused = path.read_bytes(), 0
    for bit in rng.choice(8 * len(whole), 300, replace=False).tolist():
        path.write_bytes(with_bit_flipped(whole, bit))
        found = loaded(path)
        refused += found is None
        assert found is None or same(found, TREE), bit
    assert refused > 200


@pytest.mark.parametrize("seed", range(4))
def test_a_flipped_bit_behind_a_right_checksum(tmp_path: Path, seed: int) -> None:
    """Crafted files: NumPy parses an array's header before the archive finds the damage."""
    path, rng = tmp_path / "checkpoint.npz", np.random.default_rng(seed)
    save_checkpoint(path, TREE)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    refused = 0
    for _ in range(100):
        name = str(rng.choice(list(parts)))
        bit = int(rng.integers(8 * min(128, len(parts[name]))))
        with zipfile.ZipFile(path, "w") as archive:
            for each, data in parts.items():
                archive.writestr(each, with_bit_flipped(data, bit) if each == name else data)
        refused += loaded(path) is None
    assert refused > 50


EMPTY = np.array("{}")


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"meta": np.array('{"tick": NaN}')}, "ValueError: numbers must be finite, not 'NaN'"),
        ({"meta": np.array('{"tick": 1e999}')}, "ValueError: numbers must be finite, not '1e999'"),
        (
            {"meta": EMPTY, "tree/w": np.array([np.nan])},
            "ValueError: numbers of tree/w must be",
        ),
        ({"meta": EMPTY, "tree/none/w": np.zeros(1)}, "KeyError: 'none'"),
        ({"meta": np.array('{"a": 3}'), "tree/a/w": np.zeros(1)}, "TypeError: 'int' object"),
        ({"meta": np.array("[" * 100_000)}, "RecursionError: "),
        ({"meta": np.array("3")}, "TypeError: "),
        ({}, "KeyError: 'meta'"),
    ],
)
def test_crafted_files_are_refused(tmp_path: Path, arrays: dict[str, Any], reason: str) -> None:
    path = tmp_path / "checkpoint.npz"
    np.savez(path, format=np.array("axonloop checkpoint 2"), **arrays)
    with pytest.raises(ValueError) as error:
        load_checkpoint(path)
    start = f"checkpoint must be a whole file of this program, not {str(path)!r} ({reason}"
    assert str(error.value).startswith(start)


def test_what_a_parser_only_warns_of_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, TREE)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data.replace(b"(2, 3)", b"(2L,3)"))
    with pytest.raises(ValueError, match="not '.*' .UserWarning: Reading"):
        load_checkpoint(path)


def test_infinite_numbers_are_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_checkpoint(tmp_path / "checkpoint.npz", {"rate": float("inf")})
    assert os.listdir(tmp_path) == []


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    bare = io.BytesIO()
    np.save(bare, np.zeros(3))
    for write in (
        lambda: path.write_text("hello"),
        lambda: np.savez(path, weights=np.zeros(3)),
        lambda: path.write_bytes(bare.getvalue()),
        lambda: path.write_bytes(b""),
    ):
        write()
        with pytest.raises(ValueError, match="^checkpoint must be a whole file of this program"):
            load_checkpoint(path)


def test_other_versions_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "checkpoint.npz"
    monkeypatch.setattr("axonloop.host.runs.checkpoint.FORMAT", "axonloop checkpoint 9")
    save_checkpoint(path, TREE)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="must be 'axonloop checkpoint 2', not 'axonloop checkpo"):
        load_checkpoint(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="^checkpoint must be an existing file, not '.*none.npz'$"):
        load_checkpoint(tmp_path / "none.npz")


def test_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, TREE)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        save_checkpoint(path, {"settings": {}})
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["checkpoint.npz"]


def test_a_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without power a renamed file that was not flushed is empty, and a name can be forgotten."""
    path, events = tmp_path / "metrics.json", []
    flush, replace = os.fsync, Path.replace

    def flushed(handle: int) -> None:
        found = Path(f"/proc/self/fd/{handle}").resolve()
        events.append(("flush", found == tmp_path, found.is_dir() or found.stat().st_size))
        flush(handle)

    def renamed(self: Path, target: Path) -> Path:
        events.append(("rename", self.stat().st_size))
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    write_json(path, {"seed": 1})
    size = path.stat().st_size
    assert events == [("flush", False, size), ("rename", size), ("flush", True, True)]


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    names: list[set[str]] = []

    def write(text: bytes, within: Callable[[], None]) -> Callable[[Any], None]:
        def to(file: Any) -> None:
            file.write(text)
            within()
            names.append(set(os.listdir(tmp_path)))

        return to

    write_whole(path, write(b"first", lambda: write_whole(path, write(b"second", lambda: None))))
    assert path.read_bytes() == b"first"
    assert [len(found) for found in names] == [2, 2]
    assert os.listdir(tmp_path) == ["checkpoint.npz"]


def test_a_key_stands_once(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"seed": 1, "deep": {"a": 1, "b": 2, "a": 3}}')
    with pytest.raises(ValueError, match="keys of a JSON object must be there once each, not 'a'"):
        read_json(tmp_path / "settings.json")


def test_json_is_strict(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"accuracy": float("nan")})
    assert os.listdir(tmp_path) == []
    write_text(path, "{}\n")
    assert path.read_text() == "{}\n"


def test_keys_are_plain(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="^checkpoint keys must be without '/', not 'a/b'$"):
        save_checkpoint(tmp_path / "c.npz", {"a/b": 1})


def trainer_with(data: Any) -> Any:
    return SimpleNamespace(parts=SimpleNamespace(fingerprint=data), own=None)


def test_data_must_be_those_of_the_run() -> None:
    require_origin(trainer_with({"inputs": "a"}), {"data": {"inputs": "a"}})
    require_origin(trainer_with(None), {})
    with pytest.raises(ValueError, match="^inputs of the data must be b, as when the run began"):
        require_origin(trainer_with({"inputs": "a"}), {"data": {"inputs": "b"}})
    with pytest.raises(ValueError, match="^data must be those of the run, not None$"):
        require_origin(trainer_with(None), {"data": {"inputs": "a"}})


def test_a_setting_that_differs_is_named_by_its_key() -> None:
    _require_equal("", {"run": {"seed": 1}}, {"run": {"seed": 1}})
    with pytest.raises(ValueError, match=r"^run\.seed must be 1, with which .*, not 2$"):
        _require_equal("", {"run": {"seed": 1}}, {"run": {"seed": 2}})
    with pytest.raises(
        ValueError, match=r"^data must be \{'path': 'a'\}, with which .*, not None$"
    ):
        _require_equal("", {"data": {"path": "a"}}, {"data": None})
