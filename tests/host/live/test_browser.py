"""The page of a run in a real browser."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from axonloop.host.configuration import Settings
from axonloop.host.live import Live
from axonloop.host.runs import Callback, Run, train
from tests.support.live.browser import Browser, browser, needs_chromium
from tests.support.live.pages import wait_until


class Ending(Callback):
    """Ends a run with the epoch in which it is told to."""

    def __init__(self) -> None:
        self.told = Event()

    def on_epoch(self, run: Run, scored: dict[str, Any]) -> bool | None:
        return not self.told.is_set()


def stepped(page: Browser) -> str:
    """The page behind one more tick, or behind one more of the samples that are scored.

    These look alike in words; the first tick of training behind them does not.
    """
    page.click("One tick")
    return page.text


@pytest.mark.slow
@needs_chromium
def test_a_page_shows_pauses_steps_and_ends(tmp_path: Path) -> None:
    live, ending = Live(), Ending()
    settings = Settings().changed(
        {
            "network": {"layers": (16, 8), "lanes": 4},
            "task": {"limit": 20, "ticks": 12},
            "objective": {"burn_in": 3},
            "run": {"epochs": 100_000},
        }
    )
    thread = Thread(target=train, args=(settings,), kwargs={"callbacks": [live, ending]})
    thread.start()
    try:
        wait_until(lambda: live._server is not None)
        with browser() as page:
            page.open(live.url)
            page.wait_for("training samples are done")
            page.wait_for("Counters")
            for word in ("axonloop", "golden", "layer1", "updates"):
                page.wait_for(word)
            page.click("One tick")
            page.wait_for("Paused")
            assert live.gate.paused
            before = page.text
            wait_until(lambda: stepped(page) != before)
            page.type_into(0, "3,16")
            page.wait_for("neurons must be whole numbers in 0..15 by commas")
            page.click("Resume")
            page.wait_for("Training: ")
            assert not page.errors
            ending.told.set()
            page.wait_for("The run is over: test accuracy")
            page.screenshot(tmp_path / "page.png")
    finally:
        ending.told.set()
        live.gate.resume()
        thread.join()
    assert (tmp_path / "page.png").stat().st_size > 20_000
