"""What the command line refuses before it begins: one line, and nothing is left behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from axonloop.host.cli.gateware import board
from axonloop.host.verification import verify as verification
from tests.support.commands import refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "train digits --device tpu",
            "device must be one of golden, rtl, batched, batched:cpu, batched:cuda, gates:ecp5, "
            "gates:ice40, serial:PORT, replay:FILE, not 'tpu'",
        ),
        ("train digits --epochs 0", "run.epochs must be a whole number in 1..1000000, not 0"),
        ("train digits --seed -1", "run.seed must be a whole number in 0..4294967295, not -1"),
        ("train digits --limit 0", "task.limit must be a whole number in 1..1000000, not 0"),
        ("train digits --resume", "out must be given with --resume, as --out runs/NAME, not None"),
        ("train digits --out none --resume", "config.json must be a JSON file, not 'none/config"),
        ("train digits --config none.json", "none.json must be a JSON file, not 'none.json'"),
        ("eval none", "checkpoint must be an existing file, not 'none/checkpoint.npz'"),
        ("verify --devices golden", "devices must be two or more, distinct, not ['golden']"),
        ("train cats", "target must be digits, or a TOML or JSON file, as mine.toml, "),
        ("train digits --speed 3", "No such option: --speed"),
        ("train digits --epochs many", "Invalid value for '--epochs'"),
        ("study layers --seeds 0", "seeds must be a whole number in 1..1000, not 0"),
        (
            "train digits --loss none",
            "objective.loss must be one of cross-entropy, mse, smooth-l1, integer, not 'none'",
        ),
        ("train digits --processor board", "processor must be one of host, chip, not 'board'"),
        (
            "train digits --processor chip --loss integer --device batched",
            "device with the processor on the chip must be golden, rtl or serial:PORT, "
            "not 'batched'",
        ),
        (
            "train digits --processor chip --device golden",
            "objective.loss with the processor on the chip must be integer, not None",
        ),
    ],
)
def test_mistakes(
    arguments: str,
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused(capsys, *arguments.split()).startswith(message)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--seed -1", "Invalid value for '--seed'"),
        ("--hang-after -1", "Invalid value for '--hang-after'"),
        ("--reset-after -1", "Invalid value for '--reset-after'"),
        ("--faults 2", "sum of all rates must be at most 1, not 2"),
        ("--faults lost=0.6", "rate of lost bytes must be in 0..0.5, not 0.6"),
        ("--faults many", "faults must be as 1e-3 or"),
        ("--baud 0", "baud must be a whole number in 300..1073741823, not 0"),
        ("--layers 0", "network.layers[0] must be "),
        ("--mesh 0x1", "network.mesh: columns of the mesh must be a whole number in 1..16, not 0"),
        ("--config none.json", "none.json must be a JSON file"),
    ],
)
def test_board_refuses_before_it_compiles(
    arguments: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(board, "Board", lambda *_: pytest.fail("a board was begun"))
    assert refused(capsys, "board", *arguments.split()).startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--ticks 0", "ticks must be a whole number in 1..1000000000000, not 0"),
        ("--seed -1", "seed must be a whole number in 0..9223372036854775807, not -1"),
        ("--mesh 0x1", "columns of the mesh must be a whole number in 1..16, not 0"),
        ("--geometries small,cats", "geometry must be one of "),
        ("--devices golden,cats", "device must be one of "),
        ("--devices golden,golden", "devices must be two or more, distinct, not "),
    ],
)
def test_verify_refuses_before_it_compiles(
    arguments: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(verification, "_run", lambda *_: pytest.fail("a device was opened"))
    assert refused(capsys, "verify", *arguments.split()).startswith(message)


@pytest.mark.parametrize("baud", [-1, 0, 299, 2**30, 2**32])
def test_a_board_of_no_rate(baud: int, capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(capsys, "board", "--baud", str(baud))
    assert line == f"baud must be a whole number in 300..1073741823, not {baud}"


@pytest.mark.parametrize(
    "command",
    [
        "train digits --out new --device=",
        "eval run --device=",
        "verify --devices=golden,",
        "identify ",
        "study layers --out new --device=",
        "study deploy --out new --device=",
        "experiment stdp-window --out new --device=",
    ],
)
def test_an_empty_device_is_refused(
    command: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    line = refused(capsys, *command.split(" "))
    assert line.startswith(
        ("--device must be followed", "identify must be followed", "device must be")
    )
    assert line.endswith(("not by nothing", "not ''"))
    assert not Path("new").exists()


@pytest.mark.parametrize("words", [("--device", ""), ("--out", ""), ("--out=",), ("--json", "")])
def test_an_option_without_its_value_is_refused(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An empty path would be the current folder, and no device is the RTL."""
    monkeypatch.chdir(tmp_path)
    line = refused(capsys, "train", "digits", "--limit", "2", *words)
    assert line == f"{words[0].rstrip('=')} must be followed by a value, not by nothing"
    assert os.listdir(tmp_path) == []


def test_results_of_no_folder_write_no_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    options = ["--folder", str(tmp_path / "none"), "--out", str(page)]
    assert "folder must be one with" in refused(capsys, "results", *options)
    assert not page.exists()
