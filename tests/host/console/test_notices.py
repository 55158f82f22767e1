"""Lines for people, where stderr is a terminal."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from axonloop.host.console import notice
from axonloop.host.console.notices import stderr


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The console is made anew, and believes that it has colours."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    stderr.cache_clear()
    yield
    stderr.cache_clear()


@pytest.mark.usefixtures("terminal")
def test_a_notice_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """No colours for its numbers and paths, no markup, no breaks."""
    told = "[bold]3[/bold] of 12 at /tmp/x, 'text' " + "long " * 60
    notice(told)
    assert capsys.readouterr().err == told + "\n"


@pytest.mark.usefixtures("terminal")
def test_the_console_takes_no_random_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    state = random.getstate()
    notice("hello")
    assert random.getstate() == state
