"""What a run says of itself while it goes on: a line of JSON each, for programs that follow it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from axonloop.host.files import read_text
from axonloop.models.checks import require

JOURNAL = "journal.jsonl"
EVERY = 5.0
"""Least seconds between two lines of progress."""


class Journal:
    """Appends lines to a run's journal; without a folder it writes nothing.

    Every line has `event` (begin, progress, epoch, end), `time` (UTC, ISO 8601) and `seconds`, of
    this process since it opened the run. The journal of a resumed run goes on behind the lines of
    the processes before; a line that a killed process left cut short is taken away.
    """

    def __init__(self, folder: Path | None, clock: Callable[[], float] = monotonic) -> None:
        self._path = None if folder is None else folder / JOURNAL
        self._clock, self._began = clock, clock()
        self._last = self._began
        if self._path is not None and self._path.exists():
            _cut_to_whole_lines(self._path)

    def write(self, event: str, **values: Any) -> None:
        """Append a line; NaN and infinities are refused with ValueError."""
        if self._path is None:
            return
        now = self._clock()
        told = {"event": event, "time": datetime.now(UTC).isoformat(timespec="milliseconds")}
        line = json.dumps(told | {"seconds": now - self._began} | values, allow_nan=False)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        self._last = now

    def progress(self, done: int, total: int, tell: Callable[[], dict[str, Any]]) -> None:
        """Append a line of progress with what `tell` says, if the last line is `EVERY` s old."""
        if self._path is not None and self._clock() - self._last >= EVERY:
            self.write("progress", done=done, total=total, **tell())


def read_journal(folder: Path) -> list[dict[str, Any]]:
    """The whole lines of a run's journal; none where it has no journal. ValueError: no JSON."""
    path = folder / JOURNAL
    if not path.is_file():
        return []
    text, found = read_text(path), []
    for number, line in enumerate(text[: text.rfind("\n") + 1].splitlines(), start=1):
        try:
            found.append(json.loads(line))
        except ValueError as error:
            where = f"{str(path)!r}, line {number} ({error})"
            raise ValueError(f"line of a journal must be JSON, not {where}") from error
        require(isinstance(found[-1], dict), "line of a journal", "a JSON object", line)
    return found


def _cut_to_whole_lines(path: Path) -> None:
    with path.open("r+b") as file:
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
