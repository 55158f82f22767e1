"""The pages that look at a run."""

from __future__ import annotations

import warnings
from typing import Any

from axonloop.host.live.watch import Watch
from axonloop.host.runs import Run

UPDATE_MS = 150
"""Milliseconds between two looks at what is new."""


class Viewers:
    """Counts the pages of a run, in the thread of the server; the run is watched while one is open.

    When the last is closed, a run that was paused goes on.
    """

    def __init__(self, watch: Watch, run: Run) -> None:
        self._watch, self._run, self._count = watch, run, 0
        with warnings.catch_warnings():  # bokeh adds filters when it is loaded
            from axonloop.host.live.pages import Page

        self._page = Page

    def add(self, document: Any) -> None:
        """Fill the document of a new page."""
        page = self._page(self._run, self._watch)
        document.title = page.title
        document.add_root(page.view)
        document.add_periodic_callback(page.update, UPDATE_MS)
        document.on_session_destroyed(self._leave)
        self._count += 1
        self._watch.looked_at = True

    def _leave(self, context: Any) -> None:
        self._count -= 1
        if self._count == 0:
            self._watch.looked_at = False
            self._watch.gate.resume()
