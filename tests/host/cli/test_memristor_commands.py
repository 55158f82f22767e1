"""`axonloop memristor`: a measured curve becomes a memristor."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.cli.app import MISTAKE, run
from axonloop.models.memristor import NAMED, find_memristor, read_memristor


@pytest.fixture
def curve(tmp_path: Path) -> Path:
    """Mo/TiOx/TiN with noise, as CSV, in uS."""
    kind, random = find_memristor("mo-tiox-tin"), np.random.default_rng(1)
    lines = ["pulse,conductance,polarity"]
    for branch, name, first in ((kind.up, "up", 0), (kind.down, "down", 1)):
        for pulse in range(first, 60):
            at = abs(float(branch.after(pulse)) + random.normal(0, 5))
            lines.append(f"{pulse},{at / 1000},{name}")
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_curve_is_fitted(curve: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = curve.with_name("fit.json")
    assert run(["memristor", "fit", str(curve), "--unit", "uS", "--json", str(report)]) == 0
    assert "rms error" in capsys.readouterr().out
    kind, true = read_memristor(curve.with_suffix(".toml")), find_memristor("mo-tiox-tin")
    assert kind.name == "mine"
    for name in ("up", "down"):
        found, expected = getattr(kind, name), getattr(true, name)
        assert found.rate == pytest.approx(expected.rate, rel=0.1)
        assert found.goal == pytest.approx(expected.goal, abs=20)
    up, down = json.loads(report.read_text())["rows"]
    assert (up["points"], down["points"]) == (60, 59)
    assert up["error"] == pytest.approx(5, rel=0.3)
    assert curve.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert run(["memristor", "show", str(curve.with_suffix(".toml"))]) == 0
    assert capsys.readouterr().out == curve.with_suffix(".toml").read_text()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("down", "up"), "curve must be of both polarities, up and down, not 'up'"),
        (("up", "x"), "polarity in line 2 must be up or down"),
        (("0.", "-0."), "conductances must be 0 nS or more"),
        (("pulse,", "time,"), "columns must be pulse, conductance and polarity"),
    ],
)
def test_wrong_curves_are_one_line(
    change: tuple[str, str], said: str, curve: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    curve.write_text(curve.read_text().replace(*change))
    assert run(["memristor", "fit", str(curve)]) == MISTAKE
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert not curve.with_suffix(".toml").exists()


def test_a_curve_that_goes_the_wrong_way(curve: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = curve.read_text().replace("up", "?").replace("down", "up").replace("?", "down")
    curve.write_text(text)
    assert run(["memristor", "fit", str(curve), "--unit", "uS"]) == MISTAKE
    assert "curve of polarity down must be falling, not 'from" in capsys.readouterr().err


def test_all_names_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["memristor", "list"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in NAMED)
    assert run(["memristor", "show", "gold"]) == MISTAKE
    assert "memristor must be one of ideal, mo-tiox-tin" in capsys.readouterr().err


def test_experiments_take_a_memristor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["experiment", "ica", "--out", str(tmp_path / "new"), "--memristor"]
    assert run([*command, "gold"]) == MISTAKE
    assert "memristor must be one of ideal" in capsys.readouterr().err
    assert run([*command, "ideal"]) == MISTAKE
    assert "branches of ideal must be exponential" in capsys.readouterr().err
