"""`axonloop check`: tables of a NIR file, and one line for each mistake."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from axonloop.hdl.boards import BOARDS
from axonloop.host.cli.app import MISTAKE, run
from tests.support.nir_graphs import convolutional, nir, recurrent
from tests.support.outlines.recorded import Recorded


def test_a_file_is_shown_and_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], recorded: Recorded
) -> None:
    nir.write(tmp_path / "a.nir", convolutional())
    arguments = ["check", str(tmp_path / "a.nir"), "--dialect", "nir", "--dt", "1e-3"]
    results = tmp_path / "a.json"
    assert run([*arguments, "--weight-bits", "8", "--ticks", "60", "--json", str(results)]) == 0
    out = capsys.readouterr().out
    recorded.check("check", out)
    lines = out.splitlines()
    assert lines[1].split() == ["input", "Input", "2", "x", "8", "x", "9", "source"]
    assert any(line.startswith("n5 ") and "neurons on the chip" in line for line in lines)
    assert lines[-1] == "note: n5: step s of the graph is tick s + 1 (a tick per layer)"
    found = json.loads(results.read_text())
    assert found["geometry"]["weight_bits"] == 8
    assert [layer["name"] for layer in found["comparison"]["layers"]] == ["n1", "n5"]
    assert found["comparison"]["ticks"] == 61


@pytest.mark.parametrize("state_bits", [16, 24])
def test_boards_are_asked(
    state_bits: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wider states than a board's own would be clipped there."""
    nir.write(tmp_path / "a.nir", recurrent())
    bits = ["--weight-bits", "8", "--state-bits", str(state_bits)]
    assert run(["check", str(tmp_path / "a.nir"), "--dialect", "norse", *bits]) == 0
    lines = capsys.readouterr().out.splitlines()
    boards = dict(
        line.split(maxsplit=1) for line in lines[lines.index("board") + 1 :][: len(BOARDS)]
    )
    own = "another build may; its own has state_bits"
    assert boards["icebreaker"] == f"{own} 14, not {state_bits}"
    wide = "holds it with its own build" if state_bits == 16 else f"{own} 16, not 24"
    assert boards["ulx3s-85f"] == boards["ulx3s-25f"] == wide


def test_inputs_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nir.write(tmp_path / "a.nir", recurrent())
    np.savez(tmp_path / "in.npz", input=np.zeros((9, 20)))
    model, spikes = str(tmp_path / "a.nir"), str(tmp_path / "in.npz")
    assert run(["check", model, "--dialect", "norse", "--inputs", spikes]) == 0
    out = capsys.readouterr().out
    assert "ticks        10" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dialect", "nir"], "dt must be given for the dialect nir"),
        (["--dialect", "norse", "--ticks", "0"], "ticks must be a whole number in 1..1048576"),
        (["--dialect", "norse", "--rate", "2"], "rate must be in 0..1, not 2.0"),
        (["--dialect", "norse", "--inputs", "none.npz"], "inputs must be a .npz file of arrays"),
    ],
)
def test_mistakes(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nir.write(tmp_path / "a.nir", recurrent())
    assert run(["check", str(tmp_path / "a.nir"), *arguments]) == MISTAKE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {message}")
