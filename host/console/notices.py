"""Lines for people, on stderr."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


class StoppedError(RuntimeError):
    """Ctrl-C ended work that can go on; the message says how."""


@cache
def stderr() -> Console:
    """The one console on stderr, so that notices and progress bars do not cut each other."""
    state = random.getstate()  # rich draws from Python's random numbers when it is loaded
    from rich.console import Console

    random.setstate(state)
    return Console(stderr=True, highlight=False)


def notice(message: str) -> None:
    """Print a line."""
    stderr().print(message, markup=False, soft_wrap=True)
