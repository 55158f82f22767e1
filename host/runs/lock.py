"""A lock on a run's folder: one process at a time writes there."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

LOCK = ".lock"
"""The file that is locked; it names its process, and lies in the folder as long as the lock is
held. A killed process leaves the file, but not the lock: the system releases that."""


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Keep `folder` for this process during the block; ValueError names the one that has it."""
    path = folder / LOCK
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ValueError(
            f"run folder must be free, not in use by {_holder(path)}: wait until that ends, "
            f"or end it, and go on with --out {folder} --resume"
        ) from error
    try:
        path.write_text(f"process {os.getpid()} on {socket.gethostname()}")
        yield
    finally:
        path.unlink(missing_ok=True)
        lock.release()


def is_locked(folder: Path) -> bool:
    """Does a process, this one or another, work on the run in `folder`?"""
    path = folder / LOCK
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _holder(path: Path) -> str:
    """The process that wrote its name into a lock's file, if it did so yet."""
    try:
        return path.read_text() or "another process"
    except OSError:
        return "another process"
