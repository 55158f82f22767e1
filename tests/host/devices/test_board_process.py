"""A board and a run as two processes: Ctrl-C, the plug pulled, damage, wrong boards."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from axonloop.host.cli.app import run
from axonloop.host.runs import load_checkpoint
from tests.support.board_process import (
    CHIP,
    BoardProcess,
    board_process,
    ended,
    start_training,
)

SAME = ("weight_hash", "trace_hash", "spike_hash", "history")


@pytest.fixture(autouse=True, scope="module")
def interruptible() -> Iterator[None]:
    """Children take SIGINT and SIGHUP, which a shell's background and nohup ignore."""
    numbers = (signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("settings") / "settings.json"
    file.write_text(json.dumps(CHIP))
    return file


@pytest.fixture
def board(config: Path) -> Iterator[BoardProcess]:
    with board_process(config) as process:
        yield process


def results(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "metrics.json").read_text()))


def golden(folder: Path, config: Path, limit: int) -> dict[str, Any]:
    settings = ["--config", str(config), "--limit", str(limit)]
    assert ended(start_training(folder, "golden", *settings))[0] == 0
    return {name: results(folder)[name] for name in SAME}


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_board_cleanly(board: BoardProcess, how: signal.Signals) -> None:
    code, said = board.end(how)
    assert code == 0
    assert said[-1].endswith("0 bytes in, 0 out, 0 faults")
    assert "Traceback" not in "".join(said)


@pytest.mark.parametrize(
    "how", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)]
)
def test_a_signal_ends_a_run_with_a_word(config: Path, tmp_path: Path, how: signal.Signals) -> None:
    folder = tmp_path / "run"
    training = start_training(folder, "golden", "--config", str(config))
    while not (folder / "checkpoint.npz").exists():
        assert training.poll() is None
        time.sleep(0.02)
    training.send_signal(how)
    code, said = ended(training)
    assert code == 130
    how_on = f"a run goes on from its last checkpoint with --resume --out {folder}"
    assert said == f"error: stopped; {how_on}"


@pytest.mark.slow
@pytest.mark.parametrize("rate", ["1e-3"])
def test_digits_over_a_bad_line(config: Path, tmp_path: Path, rate: str) -> None:
    expected = golden(tmp_path / "golden", config, 3)
    with board_process(config, "--faults", rate, "--seed", "5") as board:
        settings = ["--config", str(config), "--limit", "3"]
        code, said = ended(start_training(tmp_path / "run", board.device, *settings))
        assert code == 0, said
        said = board.end(signal.SIGINT)[1][-1]
    found = results(tmp_path / "run")
    assert {name: found[name] for name in SAME} == expected
    assert found["line"]["repaired"] > 0
    assert found["line"]["bad"] + found["line"]["board_bad"] > 0
    assert not said.endswith(" 0 faults")


@pytest.mark.slow
def test_the_plug_is_pulled_and_the_run_goes_on(config: Path, tmp_path: Path) -> None:
    """The board dies when a checkpoint is written that lies within the run; a new one goes on."""
    expected = golden(tmp_path / "golden", config, 60)
    folder = tmp_path / "run"
    with board_process(config) as board:
        settings = ["--config", str(config), "--limit", "60"]
        training = start_training(folder, board.device, *settings)
        while not (folder / "checkpoint.npz").exists() or sample(folder) == 0:
            assert training.poll() is None
            time.sleep(0.05)
        board.end(signal.SIGKILL)
        code, said = ended(training)
    assert code == 1
    # Another test's board may get the number of the port meanwhile: then it is a foreign board.
    assert said.startswith("error: board must stay on its port, not go away") or (
        said.startswith("error: session must last, not end")
    )
    assert said.endswith("go on with --resume")
    assert 0 < sample(folder) < 60
    assert not (folder / "metrics.json").exists()
    with board_process(config) as board:
        assert ended(start_training(folder, board.device, "--resume"))[0] == 0
    found = results(folder)
    assert {name: found[name] for name in SAME} == expected


def sample(folder: Path) -> int:
    """Where the run's checkpoint stands."""
    return int(load_checkpoint(folder / "checkpoint.npz")["position"]["sample"])


@pytest.mark.slow
def test_a_run_is_interrupted_and_its_board_takes_the_next(
    board: BoardProcess, config: Path, tmp_path: Path
) -> None:
    training = start_training(tmp_path / "run", board.device, "--config", str(config))
    while not (tmp_path / "run" / "checkpoint.npz").exists():
        assert training.poll() is None
        time.sleep(0.05)
    training.send_signal(signal.SIGINT)
    code, said = ended(training)
    assert (code, said.split(";")[0]) == (130, "error: stopped")
    again = start_training(tmp_path / "a", board.device, "--config", str(config), "--limit", "2")
    assert ended(again)[0] == 0


@pytest.mark.slow
def test_wrong_boards(board: BoardProcess, config: Path, tmp_path: Path) -> None:
    """One line each, and no run folder: another geometry, and a port that is in use."""
    code, said = ended(start_training(tmp_path / "other", board.device, "--layers", "32"))
    assert code == 1
    assert said.startswith("error: board must be built for this network, not for another (axons")
    assert said.endswith("build and load a bitstream for its geometry")
    first = start_training(tmp_path / "first", board.device, "--config", str(config))
    while not (tmp_path / "first" / "checkpoint.npz").exists():
        assert first.poll() is None
        time.sleep(0.05)
    code, said = ended(start_training(tmp_path / "other", board.device, "--config", str(config)))
    assert code == 1
    assert said.endswith("must be free, not in use: end the other program that has it open")
    first.send_signal(signal.SIGINT)
    assert ended(first)[0] == 130
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("device", "code", "error"),
    [
        ("serial:/dev/nowhere", 1, "error: port '/dev/nowhere' must be there, not missing: plug"),
        ("serial:", 2, "error: device must be serial:PORT or serial:PORT@BAUD, as"),
    ],
)
def test_no_board(
    tmp_path: Path, device: str, code: int, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", "digits", "--device", device, "--out", str(tmp_path / "run")]) == code
    assert capsys.readouterr().err.splitlines()[-1].startswith(error)
    assert not (tmp_path / "run").exists()
