"""Arrays, .npz files and torch Datasets as columns; what is damaged or foreign is refused."""

from __future__ import annotations

import re
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from axonloop.host.data import DataDescription, Split, open_data
from axonloop.host.data.columns import NpzSource
from tests.support.damage import flip_bits

NOTHING = np.random.default_rng(0)
ALL = Split(train=1, validation=0, test=0)
IMAGES = np.arange(24, dtype=np.uint8).reshape(6, 2, 2) * 10
LABELS = np.array([0, 1, 2, 0, 1, 2])


def described(path: Path | str = "", **more: Any) -> DataDescription:
    return DataDescription(str(path), **{"ticks": 20, "split": ALL} | more)


def spikes(data: Any) -> list[Any]:
    return [data.train.raster(k, np.random.default_rng(k)).tolist() for k in range(6)]


def test_all_sources_give_the_same_samples(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    np.savez_compressed(path, inputs=IMAGES, targets=LABELS, other=np.zeros(3))
    dataset = TensorDataset(torch.from_numpy(IMAGES), torch.from_numpy(LABELS))
    wanted = open_data(described(), {"inputs": IMAGES, "targets": LABELS})
    with open_data(described(path)) as from_file:
        for data in (from_file, open_data(described(), dataset)):
            assert spikes(data) == spikes(wanted)
            assert [data.train.target(k) for k in range(6)] == LABELS.tolist()
            assert (data.channels, data.outputs, data.ticks) == (4, 3, 20)


def test_a_key_of_a_file_is_loaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, loaded = tmp_path / "set.npz", []
    np.savez(path, inputs=IMAGES, targets=LABELS, flags=IMAGES > 100)
    plain = np.lib.npyio.NpzFile.__getitem__

    def counting(self: Any, key: str) -> Any:
        loaded.append(key)
        return plain(self, key)

    monkeypatch.setattr(np.lib.npyio.NpzFile, "__getitem__", counting)
    with open_data(described(path)) as data:
        spikes(data)
    assert sorted(loaded) == ["inputs", "targets"]
    loaded.clear()
    same = {"kind": "spikes", "target": "spikes", "inputs": "flags", "targets": "flags"}
    with open_data(described(path, ticks=None, **same)) as data:
        assert (data.train.raster(1, NOTHING) == data.train.target(1)).all()
    assert loaded == ["flags"]


class Counting:
    """A Dataset that tells which items were asked for; `targets` as torchvision has them."""

    def __init__(self, targets: Any = None) -> None:
        self.asked: list[int] = []
        if targets is not None:
            self.targets = targets

    def __len__(self) -> int:
        return 6

    def __getitem__(self, number: int) -> Any:
        self.asked.append(number)
        return torch.from_numpy(IMAGES[number]), int(LABELS[number])


def test_a_datasets_own_targets_save_reading_it() -> None:
    lister, reader = Counting(LABELS.tolist()), Counting()
    for dataset in (lister, reader):
        assert open_data(described(), dataset).train.target(5) == 2
    assert lister.asked == [0]
    assert sorted(set(reader.asked)) == list(range(6))
    data = open_data(described(), lister)
    lister.asked.clear()
    data.train.raster(4, NOTHING)
    assert lister.asked == [4]


class Items(list[Any]):
    """A list of items is a map-style Dataset."""


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (iter([]), "Dataset must be map-style, with __len__ and __getitem__, not 'list_iterator'"),
        (Items([]), "Dataset must be of at least 1 sample, not 0"),
        (Items([3]), r"Dataset: item 0 must be a pair \(input, target\), not 'int'"),
        (
            Items([(IMAGES[0], 0), (IMAGES[0], [0, 1])]),
            r"Dataset: targets: sample 1 must be of sha",
        ),
        (Items([(IMAGES[0], 0.5)]), "Dataset: targets must be classes of an integer dtype, not"),
        (
            Items([([[1], [2, 3]], 0)]),
            "Dataset: input of item 0 must be one array of NumPy, not li",
        ),
    ],
)
def test_wrong_datasets_are_refused(dataset: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        open_data(described(), dataset)


def test_items_of_another_shape_are_refused_when_read() -> None:
    data = open_data(described(), Items([(IMAGES[0], 0), (IMAGES[0, 0], 0)]))
    with pytest.raises(
        ValueError, match=r"^Dataset: inputs: sample 1 must be of shape \(2, 2\), n"
    ):
        data.check()


class Pickled:
    """What nobody should load from a stranger's file."""

    def __reduce__(self) -> Any:
        return (pytest.fail, ("the file was unpickled",))


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    np.savez(path, inputs=np.array([Pickled(), 1], dtype=object), targets=LABELS)
    wanted = "^set.npz must be a whole .npz file without pickled objects at inputs, not .*pickle"
    with pytest.raises(ValueError, match=wanted):
        open_data(described(path))


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    path.write_text("no archive")
    with pytest.raises(ValueError, match="^set.npz must be an .npz file of NumPy, not damaged or"):
        open_data(described(path))
    with path.open("wb") as file:
        np.save(file, IMAGES)
    with pytest.raises(ValueError, match="^set.npz must be an .npz file .* save it with np.savez"):
        open_data(described(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inputs.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': ((((\n")
    with pytest.raises(ValueError, match="^set.npz must be a whole .npz file without .* at inputs"):
        open_data(described(path))


@pytest.mark.parametrize("seed", range(40))
def test_damage_to_a_file_is_one_line_or_harmless(tmp_path: Path, seed: int) -> None:
    """The sums of a .npz file find whatever changes what is read."""
    path, random = tmp_path / "set.npz", np.random.default_rng(seed)
    np.savez_compressed(path, inputs=IMAGES, targets=LABELS)
    flip_bits(path, random, 3)
    said, read = "", {"inputs": IMAGES, "targets": LABELS}
    try:
        with closing(NpzSource(path)) as source:
            columns = {key: source.column(key) for key in read}
        read = {key: column.rows(0, column.shape[0]) for key, column in columns.items()}
    except ValueError as error:
        said = str(error)
    assert said == "" or re.fullmatch(r"set\.npz[ :].*", said)
    assert np.array_equal(read["inputs"], IMAGES)
    assert np.array_equal(read["targets"], LABELS)


def test_paths_and_keys_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    with pytest.raises(ValueError, match="^data must be a file to read, not"):
        open_data(described(path))
    np.savez(path, images=IMAGES, targets=LABELS)
    with pytest.raises(ValueError, match="^set.npz: key must be one of images, targets, not 'inpu"):
        open_data(described(path))
    with pytest.raises(ValueError, match="^path must be a file that ends with .npz, .h5, .hdf5 or"):
        open_data(described(tmp_path / "set.csv"))
    with pytest.raises(
        ValueError, match="^data must be left out where there is a path, not 'dict'"
    ):
        open_data(described(path), {})
    with pytest.raises(ValueError, match="^data must be given where path is empty, not 'NoneType'"):
        open_data(described())


def test_arrays_must_be_arrays() -> None:
    with pytest.raises(ValueError, match="^arrays: inputs must be one array of NumPy, not list"):
        open_data(described(), {"inputs": [[1], [2, 3]], "targets": LABELS})
    with pytest.raises(ValueError, match="^arrays: inputs must be an array with a row for each"):
        open_data(described(), {"inputs": 3, "targets": LABELS})
