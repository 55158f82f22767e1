"""`axonloop data`: what is in a recording, its picture, and generated sets in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from axonloop.host.cli.app import run
from axonloop.host.data.formats import write_events
from tests.support.events.files import random_events, spoken_set

MISTAKE = 2


def test_a_recording_is_told_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, picture = tmp_path / "a.aedat", tmp_path / "a.png"
    write_events(path, random_events((2, 128, 128), 1000))
    assert run(["data", "show", str(path), "--picture", str(picture)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "format AEDAT 3.1 sensor 2 x 128 x 128 events 1,000 from 0.000" in told
    assert picture.read_bytes().startswith(b"\x89PNG")
    path = spoken_set(tmp_path) / "shd_test.h5"
    assert run(["data", "show", str(path), "--sample", "2"]) == 0
    assert "sensor 700 events 60" in " ".join(capsys.readouterr().out.split())


def test_a_set_is_written_whole_into_a_new_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "digits"
    command = ["data", "make", "saccade-digits", "--out", str(out), "--limit", "2"]
    assert run(command) == 0
    assert len([*out.rglob("*.bin")]) == 4
    assert run(command) == MISTAKE
    assert "folder of the set must be new, not" in capsys.readouterr().err
    assert run(["data", "make", "digits", "--out", str(tmp_path / "b")]) == MISTAKE
    assert "generated set must be one of saccade-digits" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["digits"]


def test_a_broken_recording_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.aedat"
    path.write_bytes(b"hello")
    assert run(["data", "show", str(path)]) == MISTAKE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: a.aedat must be a file that begins with #!AER-DAT2.0 or")
