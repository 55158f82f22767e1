"""HDF5 files: larger than memory, read in whole chunks once, refused where damaged."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from axonloop.host.data import SHUFFLING, DataDescription, Split, generator, open_data
from axonloop.host.data.hdf5 import Hdf5Source
from tests.support.damage import flip_bits
from tests.support.memory.epoch import compare

ALL = Split(train=1, validation=0, test=0)
RANDOM = np.random.default_rng(1)
SPIKES = RANDOM.random((200, 8, 16)) < 0.2
LABELS = np.arange(200) % 3


def described(path: Path, **more: Any) -> DataDescription:
    return DataDescription(str(path), **{"kind": "spikes", "split": ALL} | more)


@pytest.fixture(params=["contiguous", "chunked", "compressed"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    chunks = None if request.param == "contiguous" else (7, 8, 5)
    pressed = "gzip" if request.param == "compressed" else None
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file.create_dataset("of/spikes", data=SPIKES, chunks=chunks, compression=pressed)
        file["of/labels"] = LABELS
    return tmp_path / "set.h5"


def test_samples_are_those_of_the_file(path: Path) -> None:
    with open_data(described(path, inputs="of/spikes", targets="of/labels")) as data:
        for place in data.train.order(3, 1).tolist():
            number = data.train.number(place)
            assert (data.train.raster(place, RANDOM) == SPIKES[number]).all()
            assert data.train.target(place) == LABELS[number]
    with pytest.raises(ValueError, match="^set.h5: of/spikes must be open, not 'closed'"):
        data.train.raster(0, RANDOM)


def test_keys_that_are_not_there_are_named(path: Path) -> None:
    with pytest.raises(
        ValueError, match="^set.h5: key must be one of of/labels, of/spikes, not 'of"
    ):
        open_data(described(path, inputs="of", targets="of/labels"))


def test_an_order_reads_every_chunk_once(tmp_path: Path) -> None:
    """Chunks of 64 KiB, of which 14 stay: an order goes through 30 of them in three turns."""
    with h5py.File(tmp_path / "set.h5", "w") as file:
        shape, chunk = (480, 4, 1024), (16, 4, 1024)
        file.create_dataset("inputs", shape, np.uint8, chunks=chunk, fillvalue=1)
        file["targets"] = np.zeros(480, int)
    with open_data(described(tmp_path / "set.h5", memory=1)) as data:
        assert data.train.inputs.chunks_kept == 14
        first, second, again = (data.train.order(1, epoch) for epoch in (0, 1, 0))
    for order in (first, second):
        assert sorted(order.tolist()) == list(range(480))
        turns = np.split(order // 16, [14 * 16, 28 * 16])
        assert [len(set(turn.tolist())) for turn in turns] == [14, 14, 2]
        assert len(set(turns[0][:16].tolist())) > 4  # samples of several chunks in between
    shuffled = generator(1, SHUFFLING, 0).permutation(480)
    for turn in np.split(first, [14 * 16, 28 * 16]):  # in which nothing else is moved
        assert turn.tolist() == shuffled[np.isin(shuffled, turn)].tolist()
    assert first.tolist() == again.tolist() != second.tolist()


def test_chunks_larger_than_memory_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file.create_dataset("inputs", (64, 32, 1024), np.uint8, chunks=(32, 32, 512))
        file["targets"] = np.zeros(64, int)
    wanted = "^set.h5: inputs: chunks of a row must be at most 917504 bytes, .* not 1048576$"
    with pytest.raises(ValueError, match=wanted):
        open_data(described(tmp_path / "set.h5", memory=1))
    open_data(described(tmp_path / "set.h5", memory=2)).close()


def test_memory_is_shared_by_what_is_read_side_by_side(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file.create_dataset("inputs", data=SPIKES, chunks=(1, 8, 16))
        file.create_dataset("targets", data=SPIKES[:, :, :5], chunks=(1, 8, 5))
    with open_data(described(tmp_path / "set.h5", target="spikes", memory=1)) as data:
        assert data.train.inputs.chunks_kept == (7 << 17) // 2 // (8 * 16)
        assert (data.train.target(9) == SPIKES[9, :, :5]).all()


def test_wrong_samples_are_refused_as_they_are_read(tmp_path: Path) -> None:
    values = np.full((20, 3), 0.5)
    values[11, 2] = np.nan
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file.create_dataset("inputs", data=values, chunks=(4, 3))
        file["targets"] = np.zeros(20, int)
    with open_data(described(tmp_path / "set.h5", kind="values", ticks=9)) as data:
        wanted = r"^set.h5: inputs must be finite numbers, not nan \(sample 11\)$"
        with pytest.raises(ValueError, match=wanted):
            data.train.raster(11, RANDOM)
        with pytest.raises(ValueError, match=wanted):
            data.check()


def test_wrong_targets_are_refused_as_they_are_read(tmp_path: Path) -> None:
    numbers = np.zeros((200, 2))
    numbers[11, 1] = np.inf
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file["inputs"], file["targets"] = SPIKES, numbers
    with open_data(described(tmp_path / "set.h5", target="numbers")) as data:
        assert data.train.target(10).tolist() == [0, 0]
        with pytest.raises(ValueError, match=r"^set.h5: targets must be finite numbers, not inf"):
            data.train.target(11)


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.h5"
    path.write_bytes(b"no HDF5" * 100)
    with pytest.raises(ValueError, match="^set.h5 must be an HDF5 file, not damaged or foreign"):
        open_data(described(path))
    with h5py.File(path, "w") as file:
        file["inputs"], file["targets"] = 3, LABELS
    with pytest.raises(ValueError, match="^set.h5: inputs must be an array with a row for each"):
        open_data(described(path))


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_is_one_line_or_can_be_read(tmp_path: Path, seed: int) -> None:
    """HDF5 has no sums of what is not compressed: a label may change unseen."""
    path, random = tmp_path / "set.h5", np.random.default_rng(seed)
    with h5py.File(path, "w") as file:
        file.create_dataset("inputs", data=SPIKES, chunks=(50, 8, 16), compression="gzip")
        file["targets"] = LABELS
    flip_bits(path, random, 8, cut=bool(seed % 2))
    said = ""
    try:
        with open_data(described(path)) as data:
            data.check()
    except ValueError as error:
        said = str(error)
    assert said == "" or re.fullmatch(r"set\.h5[ :].*", said)


def test_closing_is_allowed_twice(path: Path) -> None:
    source = Hdf5Source(path, 1 << 20)
    source.close()
    source.close()


@pytest.mark.skipif(sys.platform != "linux", reason="peaks of memory are read from /proc")
@pytest.mark.slow
def test_an_epoch_of_a_large_file_stays_within_its_memory(tmp_path: Path) -> None:
    """A file of 300 MiB, 30 MiB of memory: the peak above that of an empty run; one reading."""
    found = compare(tmp_path, 300, 30)
    assert found["epoch"]["samples"] == 7680
    assert found["epoch"]["peak_mebibytes"] - found["empty"]["peak_mebibytes"] < 30
    assert found["epoch"]["read_mebibytes"] < 305
