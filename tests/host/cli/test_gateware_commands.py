"""Commands for gateware and boards, with stand-ins for boards and builds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axonloop.host.cli.app import run
from axonloop.host.cli.gateware import board as command
from axonloop.host.cli.gateware import estimate, fpga
from axonloop.host.fpga import estimate as model
from axonloop.host.fpga.ports import PluggedIn
from axonloop.sim.cosim import Misbehaviour
from tests.support.outlines.recorded import Recorded


@pytest.mark.parametrize(
    ("given", "boards"),
    [([], []), (["--board", "icebreaker", "--board", "ulx3s-25f"], ["icebreaker", "ulx3s-25f"])],
)
def test_a_budget_of_some_boards_or_of_all(
    given: list[str], boards: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(fpga, "budget", asked.append)
    assert run(["budget", *given]) == 0
    assert asked == [boards]


@pytest.mark.parametrize("there", [False, True])
def test_boards_and_ports_are_listed(
    there: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    recorded: Recorded,
) -> None:
    ports = [
        PluggedIn("/dev/ttyUSB0", "Radiona ULX3S FPGA 85K", "0403:6015", ("ulx3s-85f",)),
        PluggedIn("/dev/ttyUSB1", "something", "1234:5678", ()),
    ]
    monkeypatch.setattr(fpga, "plugged_in", lambda: ports if there else [])
    assert run(["boards"]) == 0
    said = capsys.readouterr()
    recorded.check("boards-plugged-in" if there else "boards", said.out)
    assert ("no USB serial port is there" in said.err) is not there


def test_errors_of_estimates_are_told_without_a_board(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], recorded: Recorded
) -> None:
    rows = [
        {"board": "icebreaker", "chip": "c0ffee", "LUT": 0.125, "Fmax": -0.02, "DSP": None},
        {"board": "ulx3s-25f", "chip": "beef", "LUT": -0.5},
    ]
    monkeypatch.setattr(model, "errors", lambda records: rows)
    estimate.estimate(None, None, None, None, bare=True)
    recorded.check("estimate-errors", capsys.readouterr().out)


class Serving:
    """A board that serves until it is stopped, or Ctrl-C comes."""

    port, cycles, seconds, received, sent, faults = "/dev/pts/9", 5_000_000, 2.0, 1200, 340, 5

    def __init__(self, make: Callable[[], Any], wrong: Misbehaviour) -> None:
        self.wrong = wrong

    def __enter__(self) -> Serving:
        return self

    def __exit__(self, *error: object) -> None: ...

    def serve(self, stop: Callable[[], bool], look: Callable[[], None]) -> None:
        assert not stop(), "a board serves for ever"
        look()
        raise KeyboardInterrupt


def test_a_board_with_a_node_says_how_it_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "board.toml"
    file.write_text("[board]\nprocessor = true\n")
    monkeypatch.setattr(command, "Board", Serving)
    command.serve({}, file, None, Misbehaviour())
    told = capsys.readouterr().err.splitlines()[1]
    assert told.endswith("--device serial:/dev/pts/9 --loss integer --processor chip")


@pytest.mark.parametrize(("baud", "suffix"), [(None, ""), (2_000_000, "@2000000")])
def test_a_board_serves_until_ctrl_c_and_tells_what_passed(
    baud: int | None,
    suffix: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "Board", Serving)
    command.serve({}, None, baud, Misbehaviour())
    assert capsys.readouterr().err.splitlines() == [
        f"board: serial:/dev/pts/9{suffix}",
        f"try:   axonloop train digits --device serial:/dev/pts/9{suffix}",
        "5000000 cycles at 2500 kHz, 1200 bytes in, 340 out, 5 faults",
    ]
