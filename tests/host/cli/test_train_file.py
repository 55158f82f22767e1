"""`axonloop train FILE`: a run on one's own data, and one clear line for what is wrong."""

from __future__ import annotations

import json
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.savez(tmp_path / "set.npz", inputs=IMAGES, targets=LABELS)
    (tmp_path / "mine.toml").write_text(FILE)
    return tmp_path


def train(folder: Path, *more: str, target: str = "mine.toml") -> int:
    arguments = ["--device", "golden", "--out", str(folder / "run"), *more]
    return run(["train", str(folder / target) if "." in target else target, *arguments])


def metrics(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "run" / "metrics.json").read_text()))


def test_a_run_goes_on_from_anywhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The path is told from the file's folder, wherever the command is given."""
    monkeypatch.chdir(folder)
    assert run(["train", "mine.toml", "--device", "golden", "--epochs", "2", "--out", "whole"]) == 0
    assert run(["train", "mine.toml", "--device", "golden", "--out", "run"]) == 0
    monkeypatch.chdir("/")
    assert train(folder, "--resume", "--epochs", "2") == 0
    assert run(["eval", str(folder / "run")]) == 0
    whole = json.loads((folder / "whole" / "metrics.json").read_text())
    for name in ("weight_hash", "spike_hash", "test_accuracy"):
        assert metrics(folder)[name] == whole[name]
    assert whole["weight_hash"] in capsys.readouterr().out


def test_options_win_and_the_runs_own_file_will_do(folder: Path) -> None:
    assert train(folder, "--limit", "9", "--seed", "4") == 0
    assert metrics(folder)["samples"] == {"train": 9, "test": 8}
    config = json.loads((folder / "run" / "config.json").read_text())
    assert config["data"]["limit"] == 9
    assert train(folder, "--resume", "--epochs", "2", target="run/config.json") == 0
    assert metrics(folder)["seed"] == 4


@pytest.mark.parametrize(
    ("words", "target", "message"),
    [
        ((), "digits", "target must be the file with its [data], or the run's config.json, not 'd"),
        (("--layers", "16"), "mine.toml", "network.layers must be (8,), with which the run began"),
        (("--config", "a.toml"), "mine.toml", "config must be left out with --resume, not 'a.tom"),
    ],
)
def test_a_run_is_resumed_as_what_it_is(
    words: tuple[str, ...],
    target: str,
    message: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert train(folder) == 0
    capsys.readouterr()
    assert train(folder, "--resume", *words, target=target) == MISTAKE
    assert capsys.readouterr().err.startswith(f"error: {message}")


def in_data(text: str) -> str:
    return FILE + text


WRONG = {
    "unknown key": (in_data("speed = 3"), "data.speed must be left out or one of path, kind,"),
    "wrong kind": (in_data("limit = 'all'"), "data.limit must be a whole number, not 'all'"),
    "path of a number": (FILE.replace('"set.npz"', "3"), "data.path must be text, not 3"),
    "no path": (FILE.replace('path = "set.npz"', ""), "data.path must be a file, as set.npz, not"),
    "missing": (FILE.replace("set.", "none."), "data must be a file to read, not "),
    "a folder": (FILE.replace("set.npz", "."), "path must be a file that ends with .npz, .h5, "),
    "a folder.npz": (FILE.replace("set", "folder"), "data must be a file to read, not "),
    "no such kind": (FILE.replace("set.npz", "set.csv"), "path must be a file that ends with "),
    "damaged": (FILE.replace("set", "damaged"), "damaged.npz must be an .npz file of NumPy, not "),
    "no such key": (in_data("inputs = 'x'"), "set.npz: key must be one of inputs, targets, not 'x"),
    "no ticks": (FILE.replace("ticks = 10", ""), "data.ticks of values must be given, as 40, not "),
    "two ticks": (
        in_data("[task]\nticks = 40"),
        "task.ticks must be left out or 10, as data.ticks",
    ),
    "two inputs": (in_data("[task]\ninputs = 64"), "task.inputs must be left out or 6, as what da"),
    "two classes": (in_data("[task]\nclasses = 10"), "task.classes must be left out or 2, as data"),
    "two encodings": (
        in_data("[task]\npeak = 0.8"),
        "task.peak must be left out beside [data], wh",
    ),
    "two limits": (
        in_data("limit = 4\n[task]\nlimit = 3"),
        "task.limit must be left out where dat",
    ),
    "classes": (in_data("classes = 1"), "set.npz: targets must be in 0..0, not 1 (sample "),
    "not finite": (
        FILE.replace("set", "nan"),
        "nan.npz: inputs must be finite numbers, not nan (s",
    ),
    "not finite, read later": (
        FILE.replace("set.npz", "nan.h5"),
        "nan.h5: inputs must be finite numbers, not nan (sample ",
    ),
    "range": (in_data("[data.encoding]\nlow = 0\nhigh = 0.5"), "set.npz: inputs must be in 0..0.5"),
    "code": (in_data("[data.encoding]\ncode = 'morse'"), "data.encoding.code must be one of rate"),
    "shares": (in_data("[data.split]\ntrain = 1"), "data.split.shares of the split must be 1 in s"),
    "no validation": (
        in_data("[data.split]\ntrain = 0.8\nvalidation = 0"),
        "validation part of the data must be of at least 1 sample, which a run scores",
    ),
    "no sensor": (in_data("kind = 'events'\n[data.events]\nleast = 1"), "data.events.sensor must "),
    "nothing is wanted": (
        in_data("target = 'none'"),
        "data.target must be class or numbers, to be ",
    ),
    "burn-in": (
        FILE.replace("burn_in = 3", "burn_in = 10"),
        "objective.burn_in must be a whole nu",
    ),
    "counts": (
        FILE.replace("set", "counts"),
        "counts.npz: targets must be one for each of 40 samp",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_one_line_and_leaves_nothing(
    case: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, message = WRONG[case]
    (folder / "folder.npz").mkdir()
    (folder / "damaged.npz").write_bytes(b"PK\x03\x04 and nothing")
    wrong = np.full_like(IMAGES, np.nan)
    np.savez(folder / "nan.npz", inputs=wrong, targets=LABELS)
    np.savez(folder / "counts.npz", inputs=IMAGES, targets=LABELS[:-1])
    with h5py.File(folder / "nan.h5", "w") as file:
        file["inputs"], file["targets"] = wrong, LABELS
    (folder / "mine.toml").write_text(text)
    before = sorted(folder.iterdir())
    assert train(folder) == MISTAKE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert len(line) < 600
    assert sorted(folder.iterdir()) == before


def test_digits_are_digits(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(folder / "mine.toml")
    assert train(folder, "--config", config, target="digits") == MISTAKE
    assert "target must be the file with its [data]" in capsys.readouterr().err
    assert not (folder / "run").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["train", "none.toml"],
            "none.toml must be there, not missing ('none.toml'); axon",
        ),
        (["train", "numbers"], "target must be digits, or a TOML or JSON file, as mine.t"),
        (["train", "a.toml", "--config", "b.toml"], "config must be left out beside a.toml, not "),
        (["init", "mine.json"], "file must be one that ends with .toml, as mine.toml, not 'mine."),
    ],
)
def test_wrong_words(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(words) == MISTAKE
    assert capsys.readouterr().err.startswith(f"error: {message}")
    assert list(tmp_path.iterdir()) == []
