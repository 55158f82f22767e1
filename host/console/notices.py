"""Lines for people, on stderr."""

from __future__ import annotations

from functools import cache

from rich.console import Console


class StoppedError(RuntimeError):
    """Ctrl-C ended work that can go on; the message says how."""


@cache
def stderr() -> Console:
    """The one console on stderr, so that notices and progress bars do not cut each other."""
    return Console(stderr=True, highlight=False)


def notice(message: str) -> None:
    """Print a line."""
    stderr().print(message, markup=False, soft_wrap=True)
