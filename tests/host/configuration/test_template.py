"""The file that `axonloop init` writes says what is usual, and trains."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from axonloop.host.cli.app import MISTAKE, run
from axonloop.host.configuration import Configuration, NetworkSettings, Settings, usual_file
from axonloop.host.data import DataDescription, EventBins


def test_it_says_what_is_usual(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    assert run(["init", str(file)]) == 0
    assert f"axonloop train {file}" in capsys.readouterr().err
    assert Configuration.read(file).settings == Settings()
    assert run(["init", str(file)]) == MISTAKE
    assert capsys.readouterr().err == f"error: file must be new, not '{file}'\n"


def test_it_trains(tmp_path: Path) -> None:
    file, out = tmp_path / "mine.toml", tmp_path / "run"
    file.write_text(usual_file())
    options = ["--device", "golden", "--limit", "3", "--epochs", "1", "--out", str(out)]
    assert run(["train", str(file), *options]) == 0
    assert json.loads((out / "metrics.json").read_text())["samples"]["train"] == 3


def test_what_is_commented_out_is_usual_too(tmp_path: Path) -> None:
    """Tables of data with their marks removed; and all names are there."""
    text = usual_file()
    head, data = text.split("#[data]\n")
    told = re.sub(r"(?m)^#(?! )", "", "#[data]\n" + data)
    plain, _, bins = told.partition("[data.events]\n")
    file = tmp_path / "mine.toml"
    file.write_text(head + plain)
    found = Configuration.read(file).settings
    path = str(tmp_path / "set.npz")
    assert found == Settings(data=DataDescription(path=path, ticks=40))
    file.write_text(plain.replace('"values"', '"events"') + "[data.events]\n" + bins)
    events = EventBins((34, 34))
    expected = DataDescription(path=path, kind="events", ticks=40, events=events)
    assert Configuration.read(file).settings.data == expected
    file.write_text(re.sub(r"(?m)^#(\w+ = .*  # of the digits)$", r"\1", head))
    assert Configuration.read(file).settings == Settings()
    for line in text.splitlines():
        assert len(line) <= 100


def test_a_table_says_above_it_what_it_is() -> None:
    """The docstring of its dataclass, but for the errors that it raises."""
    lines = usual_file().splitlines()
    for name in ("network", "task", "objective", "run"):
        place = lines.index(f"[{name}]")
        assert lines[place - 1].startswith("# ")
    assert f"# {NetworkSettings.__doc__.splitlines()[0]}" in lines
    assert not any("Raises" in line for line in lines)
