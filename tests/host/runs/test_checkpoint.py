"""Files that are whole or not there, and checkpoints that are refused."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.files import write_json, write_text
from axonloop.host.runs import load_checkpoint
from axonloop.host.runs.checkpoint import save_checkpoint

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
    with pytest.raises(ValueError, match="must be 'axonloop checkpoint 1', not 'axonloop checkpo"):
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
