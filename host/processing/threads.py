"""Torch on one thread: more cost time at these sizes, and sums in another order are other bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread in this block, or in every call of a function that it decorates.

    The process gets back the number of threads that it had.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
