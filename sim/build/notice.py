"""Notices: a build that takes longer says so in one line, and why it takes so long only once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Notify = Callable[[str], None]

NOTICE_SECONDS = 2.0
"""Seconds that a build may take before it says so."""


def to_stderr(message: str) -> None:
    """Print a notice on standard error; it is the default."""
    print(message, file=sys.stderr)


@contextmanager
def announced(notify: Notify, thing: str) -> Iterator[None]:
    """Call `notify` with a line about `thing` if the block, which compiles it, takes over 2 s."""
    message = f"compiling {thing} (once; the result is cached) ..."
    timer = threading.Timer(NOTICE_SECONDS, notify, [message])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
