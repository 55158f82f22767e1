"""How far work is, on stderr: bars on a terminal, else a plain line now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

from axonloop.host.console.notices import notice, stderr

Progress = Callable[[str, int, int], None]
"""Told a phase ("train", "score", or any name), the steps done in it, and their number."""
EVERY = 30.0
"""Seconds between two plain lines."""
_PHASES = {"descend": "training off the chip", "train": "training", "score": "scoring"}


class PlainProgress:
    """What is printed where stderr is no terminal; `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._phase, self._done, self._total = "", 0, 0
        self._began, self._first = clock(), 0

    def report(self, phase: str, done: int, total: int) -> None:
        """Hear of progress. A phase begins where its name is new or it has begun again."""
        if phase != self._phase or done < self._done:
            self._phase, self._began, self._first = phase, self._clock(), done
        self._done, self._total = done, total

    def line(self) -> str:
        """The phase, what is done of it, and the minutes that it still takes; "" before any."""
        if not self._phase:
            return ""
        name, taken = _PHASES.get(self._phase, self._phase), self._clock() - self._began
        done = self._done - self._first
        if done == 0:
            return f"{name}: {taken / 60:.1f} minutes so far"
        left = taken / done * (self._total - self._done) / 60
        return f"{name}: {self._done:,} of {self._total:,}, about {left:.1f} minutes left"


@contextmanager
def progress_bars(every: float = EVERY) -> Iterator[Progress]:
    """Bars on stderr, one per phase; where it is no terminal, a line `every` so many seconds."""
    with _bars() if stderr().is_terminal else _lines(every) as progress:
        yield progress


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Bars(*columns, console=stderr()) as bars:
        tasks = {}

        def report(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(_PHASES.get(phase, phase))
            bars.update(tasks[phase], completed=done, total=total)

        yield report


@contextmanager
def _lines(every: float) -> Iterator[Progress]:
    """Plain lines from a thread of their own: long steps say that they are alive, too."""
    plain, ended = PlainProgress(), Event()

    def tell() -> None:
        while not ended.wait(every):
            if line := plain.line():
                notice(line)

    teller = Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield plain.report
    finally:
        ended.set()
        teller.join()


def steps(progress: Progress, of: str = "") -> Callable[[str], None]:
    """What hears the name of a step that begins, where the one before ends; `of` goes before it."""
    begun: list[str] = []

    def begin(name: str) -> None:
        if begun:
            progress(begun[-1], 1, 1)
        begun.append(f"{of}: {name}" if of else name)
        progress(begun[-1], 0, 1)

    return begin
