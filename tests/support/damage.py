"""Files that a disk or a line has damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def flip_bits(path: Path, random: np.random.Generator, count: int, cut: bool = False) -> None:
    """Flip `count` random bits of a file; with `cut` it ends somewhere before."""
    content = bytearray(path.read_bytes())
    if cut:
        del content[random.integers(1, len(content)) :]
    for index in random.integers(0, len(content), count):
        content[index] ^= 1 << int(random.integers(8))
    path.write_bytes(content)
