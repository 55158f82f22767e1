"""Data and files that cannot be trained: each is one clear line, and nothing is left behind.

What a [data] table says of a good set is in `test_train_file`; here sets and files are wrong
themselves, as recorders, editors and unfinished copies leave them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from axonloop.host.cli.app import MISTAKE, run

RANDOM = np.random.default_rng(3)
LABELS = RANDOM.integers(0, 2, 40)
IMAGES = RANDOM.random((40, 6))
FILE = """
[network]
layers = [8]
lanes = 8
[objective]
burn_in = 3
[run]
epochs = 1
[data]
path = "set.npz"
ticks = 10
"""
EVENTS = FILE + 'kind = "events"\n[data.events]\nsensor = [4]\n'


def changed(array: np.ndarray[Any, Any], place: Any, value: Any) -> np.ndarray[Any, Any]:
    found = array.copy()
    found[place] = value
    return found


def train(folder: Path, name: str, *more: str) -> int:
    words = ["train", str(folder / name), "--device", "golden", "--out", str(folder / "run")]
    return run([*words, *more])


def refused(folder: Path, capsys: pytest.CaptureFixture[str], name: str, *more: str) -> str:
    """The one line that a file is refused with; the folder is as it was."""
    before = sorted(os.listdir(folder))
    assert train(folder, name, *more) == MISTAKE
    (line,) = capsys.readouterr().err.splitlines()
    assert sorted(os.listdir(folder)) == before
    assert len(line) < 600
    return line.removeprefix("error: ")


SETS: dict[str, tuple[dict[str, Any], str]] = {
    "labels as floats": (
        {"targets": LABELS.astype(float)},
        "targets must be classes of an integer dtype, not 'float64'",
    ),
    "labels as text": ({"targets": LABELS.astype(str)}, "targets must be classes of an integer d"),
    "labels in a column": ({"targets": LABELS[:, None]}, "targets must be one class per sample, "),
    "negative label": ({"targets": changed(LABELS, 4, -1)}, "targets must be in 0..1, not -1 (sam"),
    "lone label": (
        {"targets": changed(0 * LABELS, 4, 1)},
        "train part must be with samples of every class, not 'without [1]'",
    ),
    "lone sample": (
        {"inputs": IMAGES[:1], "targets": LABELS[:1]},
        "validation part must be of at least 1 sample, not '0.1 of 1'",
    ),
    "no samples": ({"inputs": IMAGES[:0], "targets": LABELS[:0]}, "inputs must be of at least 1 s"),
    "no values": ({"inputs": IMAGES[:, :0]}, "inputs must be without empty axes, not (40, 0)"),
    "a value": ({"inputs": np.array(1.0)}, "inputs must be an array with a row for each sample, n"),
    "one axis": ({"inputs": IMAGES[:, 0]}, "inputs must be of shape (samples, ...), not (40,)"),
    "infinite": ({"inputs": changed(IMAGES, (3, 2), np.inf)}, "inputs must be finite numbers, not"),
    "complex": ({"inputs": IMAGES + 1j}, "inputs must be numbers of an integer or float dtype, n"),
    "text": ({"inputs": IMAGES.astype(str)}, "inputs must be numbers of an integer or float dtype"),
    "whole numbers": (
        {"inputs": (9 * IMAGES).astype(int)},
        "inputs: low and high must be given for int64 values, not None",
    ),
    "pickled objects": (
        {"inputs": IMAGES.astype(object)},
        "must be a whole .npz file without pickled objects at inputs, not damaged or foreign",
    ),
}


@pytest.mark.parametrize("case", SETS)
def test_a_wrong_set(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays, message = SETS[case]
    np.savez(tmp_path / "set.npz", **{"inputs": IMAGES, "targets": LABELS} | arrays)
    (tmp_path / "mine.toml").write_text(FILE)
    line = refused(tmp_path, capsys, "mine.toml")
    assert line.startswith(("set.npz: ", "set.npz must"))
    assert message in line


X, T = np.tile(np.arange(5) % 4, 40), np.tile(900 * np.arange(5), 40)
OFFSETS = np.arange(0, 201, 5)
LISTS: dict[str, tuple[dict[str, Any], str]] = {
    "falling times": (
        {"t": changed(T, 3, 0)},
        "sample 0: t of the events must be never falling, not '1800 and then 0'",
    ),
    "outside": ({"x": changed(X, 7, 4)}, "sample 1: x of the events must be in 0..3, not 4"),
    "below 0": ({"x": changed(X, 7, -1)}, "sample 1: x of the events must be in 0..3, not -1"),
    "places as floats": ({"x": X + 0.5}, "x of the events must be whole numbers of an integer dty"),
    "time that is none": ({"t": changed(T + 0.0, 3, np.nan)}, "t of the events must be within +-"),
    "lengths": ({"x": X[:-1]}, "fields of the events must be lists of one length, not "),
    "a sample too few": ({"offsets": OFFSETS[:-1]}, "offsets must be a list from 0 to 200, the nu"),
    "falling offsets": ({"offsets": changed(OFFSETS, 3, 0)}, "offsets must be never falling, not "),
}


@pytest.mark.parametrize("case", LISTS)
def test_wrong_events(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays, message = LISTS[case]
    lists = {"x": X, "t": T, "offsets": OFFSETS, "targets": LABELS}
    np.savez(tmp_path / "set.npz", **lists | arrays)
    (tmp_path / "mine.toml").write_text(EVENTS)
    line = refused(tmp_path, capsys, "mine.toml")
    assert line.startswith("set.npz: ")
    assert message in line


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


DAMAGE = {
    "half an npz": ("set.npz", half, "set.npz must be an .npz file of NumPy, not damaged or fore"),
    "an empty npz": ("set.npz", lambda data: b"", "set.npz must be an .npz file of NumPy, not dam"),
    "half an h5": ("set.h5", half, "set.h5 must be an HDF5 file, not damaged or foreign (OSError:"),
    "no h5": ("set.h5", lambda data: b"no" + data[2:], "set.h5 must be an HDF5 file, not damaged"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_set(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, damaged, message = DAMAGE[case]
    np.savez(tmp_path / "set.npz", inputs=IMAGES, targets=LABELS)
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file["inputs"], file["targets"] = IMAGES, LABELS
    path = tmp_path / name
    path.write_bytes(damaged(path.read_bytes()))
    (tmp_path / "mine.toml").write_text(FILE.replace("set.npz", name))
    assert refused(tmp_path, capsys, "mine.toml").startswith(message)


TEXTS = {
    "syntax": (
        "a.toml",
        "[run]\nepochs 1\n",
        "Expected '=' after a key in a key/value pair (at",
    ),
    "syntax, at": ("a.toml", "[run]\nepochs 1\n", "(at line 2, column 8))"),
    "a key twice": ("a.toml", "[run]\nseed = 1\nseed = 2\n", "Cannot overwrite a value (at line 3"),
    "a table twice": ("a.toml", "[run]\n[run]\n", "Cannot declare ('run',) twice (at line 2, col"),
    "latin-1": ("a.toml", "[run] # f\xfcr\n".encode("latin-1"), "(no UTF-8 at line 1, column 10)"),
    "UTF-16": ("a.toml", "[run]\n".encode("utf-16"), "(no UTF-8 at line 1, column 1)"),
    "empty": ("a.toml", "", "a.toml: content must be one table at least, as [network], not {}"),
    "not a number": (
        "a.toml",
        "[objective]\nthreshold = nan",
        "objective.threshold must be a fin",
    ),
    "negative ticks": (
        "a.toml",
        FILE.replace("10", "-10"),
        "data.ticks must be a whole number in",
    ),
    "half a tick": (
        "a.toml",
        FILE.replace("10", "9.5"),
        "data.ticks must be a whole number, not",
    ),
    "a table's name": (
        "a.toml",
        "[runs]\nseed = 1\n",
        "runs must be left out or one of network, ",
    ),
    "a value of a table": ("a.toml", "run = 3\n", "run must be a table of names and values, not 3"),
    "true": ("a.toml", "[run]\nepochs = true\n", "run.epochs must be a whole number, not True"),
    "NaN in JSON": (
        "a.json",
        '{"objective": {"threshold": NaN}}',
        "threshold must be a finite number, ",
    ),
    "syntax of JSON": (
        "a.json",
        '{"run":\n {"epochs": 1,}}',
        "in double quotes: line 2 column 15",
    ),
    "a list of JSON": ("a.json", "[1]", "a.json must be a JSON object, not [1]"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_wrong_text(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, text, message = TEXTS[case]
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    line = refused(tmp_path, capsys, name)
    assert name in line
    assert message in line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--device", "tpu"], "device must be one of golden, rtl, batched, "),
        (
            ["--out", "{}/mine.toml"],
            "folder to write to must be a folder or new, and below f",
        ),
        (["--json", "{}/none/a.json"], "file to write must be in a folder that exists, not "),
        (["--epochs", "-1"], "run.epochs must be a whole number in 1..1000000, not -1"),
    ],
)
def test_wrong_options(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "set.npz", inputs=IMAGES, targets=LABELS)
    (tmp_path / "mine.toml").write_text(FILE)
    more = [word.format(tmp_path) for word in words]
    assert refused(tmp_path, capsys, "mine.toml", *more).startswith(message)


def test_what_may_not_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A set, and a file, without the permission to read; who is root may read all."""
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    np.savez(tmp_path / "set.npz", inputs=IMAGES, targets=LABELS)
    (tmp_path / "mine.toml").write_text(FILE)
    (tmp_path / "set.npz").chmod(0)
    assert refused(tmp_path, capsys, "mine.toml").startswith("data must be a file to read, not ")
    (tmp_path / "mine.toml").chmod(0)
    assert "mine.toml must be a TOML file, not " in refused(tmp_path, capsys, "mine.toml")


def test_a_mark_before_the_text_is_no_mistake(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", inputs=IMAGES, targets=LABELS)
    (tmp_path / "mine.toml").write_text("\ufeff" + FILE)
    assert train(tmp_path, "mine.toml") == 0


def test_a_sample_that_is_wrong_later_stops_a_run_that_can_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Samples of HDF5 are looked at as they are read; the checkpoint stays whole."""
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file["inputs"], file["targets"] = changed(IMAGES, 11, np.nan), LABELS
    (tmp_path / "mine.toml").write_text(FILE.replace("set.npz", "set.h5"))
    assert train(tmp_path, "mine.toml") == MISTAKE
    line = capsys.readouterr().err.splitlines()[-1]
    assert line == "error: set.h5: inputs must be finite numbers, not nan (sample 11)"
    assert not list((tmp_path / "run").glob("*.new"))
    with h5py.File(tmp_path / "set.h5", "a") as file:
        file["inputs"][11] = IMAGES[11]
    assert train(tmp_path, "mine.toml", "--resume") == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["eval", "{}"], "checkpoint must be an existing file, not "),
        (["eval", "{}/mine.toml"], "checkpoint must be an existing file, not "),
        (["init", "{}/none/mine.toml"], "file to write must be in a folder that exists, not "),
        (["init", "{}/mine.toml"], "file must be new, not "),
        (["init", "{}"], "file must be one that ends with .toml, as mine.toml, not "),
    ],
)
def test_wrong_words_of_init_and_eval(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.toml").write_text(FILE)
    assert run([word.format(tmp_path) for word in words]) == MISTAKE
    assert capsys.readouterr().err.startswith(f"error: {message}")
    assert os.listdir(tmp_path) == ["mine.toml"]
