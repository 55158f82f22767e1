"""Progress where stderr is no terminal, and on one."""

from __future__ import annotations

import time

import pytest

from axonloop.host.console import progress_bars, steps
from axonloop.host.console.progress import PlainProgress


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_line_says_phase_share_and_time_left() -> None:
    clock = Clock()
    plain = PlainProgress(clock)
    assert plain.line() == ""
    clock.now = 60
    plain.report("train", 1000, 5000)
    clock.now = 90
    assert plain.line() == "training: 0.5 minutes so far"
    clock.now = 180
    plain.report("train", 2000, 5000)
    assert plain.line() == "training: 2,000 of 5,000, about 6.0 minutes left"


def test_a_phase_that_begins_again_is_timed_anew() -> None:
    clock = Clock()
    plain = PlainProgress(clock)
    plain.report("train", 0, 4)
    clock.now = 600
    plain.report("train", 4, 4)
    plain.report("train", 0, 4)
    clock.now = 660
    plain.report("train", 1, 4)
    assert plain.line() == "training: 1 of 4, about 3.0 minutes left"
    plain.report("score", 0, 2)
    clock.now = 720
    assert plain.line() == "scoring: 1.0 minutes so far"


def test_long_work_in_a_pipe_tells_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars(every=0.02) as progress:
        steps(progress, "board")("placement")
        time.sleep(0.3)
    lines = capsys.readouterr().err.splitlines()
    assert 1 < len(lines) < 20
    assert set(lines) == {"board: placement: 0.0 minutes so far"}


def test_short_work_in_a_pipe_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as progress:
        progress("train", 1, 2)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar_for_each_phase(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bars() as progress:
        progress("descend", 3, 7)
        progress("ticks", 1, 2)
    text = capsys.readouterr().err
    assert "training off the chip" in text
    assert "3/7" in text
    assert "ticks" in text


def test_a_step_ends_where_the_next_begins() -> None:
    heard: list[tuple[str, int, int]] = []
    begin = steps(lambda *told: heard.append(told))
    begin("one")
    begin("two")
    assert heard == [("one", 0, 1), ("one", 1, 1), ("two", 0, 1)]
