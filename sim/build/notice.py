"""One line for whoever waits for a build."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Notify = Callable[[str], None]

NOTICE_SECONDS = 2.0


def to_stderr(message: str) -> None:
    """The default notice: one line on standard error."""
    print(message, file=sys.stderr)


@contextmanager
def announced(notify: Notify, thing: str) -> Iterator[None]:
    """`notify` hears that `thing` is compiled, if that takes over two seconds."""
    message = f"compiling {thing} (once; the result is cached) ..."
    timer = threading.Timer(NOTICE_SECONDS, notify, [message])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
