"""What the tables of settings check of their values."""

from __future__ import annotations

import dataclasses
from enum import StrEnum

from axonloop.models.checks import require, require_range, take_whole


def require_ranges(owner: object, **ranges: tuple[int, int]) -> None:
    """ValueError for a whole number out of its range; None passes where it is the default."""
    take_whole(owner, *ranges)
    usual = {entry.name: entry.default for entry in dataclasses.fields(owner)}  # type: ignore[arg-type]
    for name, (low, high) in ranges.items():
        value = getattr(owner, name)
        if value is not None or usual[name] is not None:
            require_range(name, value, low, high)


def require_word(name: str, value: object, kind: type[StrEnum]) -> None:
    words = [entry.value for entry in kind]
    require(isinstance(value, str) and value in words, name, f"one of {', '.join(words)}", value)
