"""Texts that were recorded: what must stay as it is until somebody records it anew."""

from __future__ import annotations

import math
import re
from difflib import unified_diff
from pathlib import Path

NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])")
NEAR = 1e-4
"""How far numbers with a point may be apart, as another machine rounds, of their size."""


def differences(was: str, now: str) -> str:
    """The lines of two texts that differ, as `diff -u` has them; "" where none does.

    Whole numbers are the same or not, others may be a little apart.
    """
    before, after = was.splitlines(), now.splitlines()
    if len(before) == len(after):
        after = [old if _alike(old, new) else new for old, new in zip(before, after, strict=True)]
    return "\n".join(unified_diff(before, after, "recorded", "now", n=1, lineterm=""))


def _alike(old: str, new: str) -> bool:
    if old == new:
        return True
    if NUMBER.split(old) != NUMBER.split(new):
        return False
    return all(map(_near, NUMBER.findall(old), NUMBER.findall(new)))


def _near(old: str, new: str) -> bool:
    if old.lstrip("-").isdigit() and new.lstrip("-").isdigit():
        return old == new
    return math.isclose(float(old), float(new), rel_tol=NEAR)


class Recorded:
    """The recorded texts of a folder, compared, or with `anew` written."""

    def __init__(self, folder: Path, anew: bool) -> None:
        self._folder, self._anew = folder, anew

    def check(self, name: str, text: str) -> None:
        """Fail, and say how, if a text is not what stands in the file `name`.txt."""
        path = self._folder / f"{name}.txt"
        if self._anew:
            self._folder.mkdir(exist_ok=True)
            path.write_text(text)
            return
        assert path.exists(), f"no {path}: record it with `pytest --record`"
        told = differences(path.read_text(), text)
        assert not told, f"{path.name}: if it is meant, `pytest --record` records it\n{told}"
