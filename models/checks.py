"""Refusals in the one grammar of this project."""

from __future__ import annotations

from enum import IntEnum
from numbers import Integral
from typing import Any

import numpy as np

MOST_SHOWN = 200
"""Most characters that an error shows of a value, and of what the value belongs to."""


def require(good: bool, thing: str, condition: str, value: object) -> None:
    """Raise ValueError in the one grammar of this project unless `good`.

    What is long of `thing` and `value` is cut: both may come from a file that somebody wrote.
    """
    if not good:
        raise ValueError(f"{cut(thing)} must be {condition}, not {shown(value)}")


def shown(value: object) -> str:
    """A value as errors show it: its `repr`, cut if it is long."""
    try:
        return cut(repr(value))
    except (ValueError, RecursionError) as error:  # thousands of digits, or of lists in lists
        return f"a {type(value).__name__} too large to show ({type(error).__name__})"


def cut(text: str) -> str:
    """A text of at most MOST_SHOWN characters, and how long it was."""
    if len(text) <= MOST_SHOWN:
        return text
    return f"{text[:MOST_SHOWN]}... ({len(text)} characters)"


def is_whole(value: object) -> bool:
    """Say whether `value` is an integer, Python's or NumPy's; bools and floats are none."""
    return type(value) is int or (isinstance(value, Integral) and not isinstance(value, bool))


def require_range(thing: str, value: int, low: int, high: int) -> int:
    """`value` as an int; ValueError unless it is a whole number in `low..high`."""
    good = is_whole(value) and low <= value <= high
    require(good, thing, f"a whole number in {low}..{high}", value)
    return int(value)


def take_whole(owner: object, *names: str) -> None:
    """Make integers of NumPy in fields of a frozen dataclass Python's; all else stays as it is.

    So what is computed, hashed or written as JSON from the fields does not depend on who set them.
    """
    for name in names:
        value = getattr(owner, name)
        if type(value) is not int and is_whole(value):
            object.__setattr__(owner, name, int(value))


def require_member(thing: str, value: Any, kind: type[IntEnum]) -> IntEnum:
    """The member of `kind` that `value` is or numbers; ValueError if there is none."""
    choices = ", ".join(f"{member.value} ({member.name.lower()})" for member in kind)
    known = is_whole(value) and value in kind.__members__.values()
    require(known, thing, f"one of {choices}", value)
    return kind(value)


def require_number(thing: str, value: object) -> None:
    """ValueError unless `value` is a number, and neither NaN nor infinite."""
    plain = float(value) if isinstance(value, np.floating) else value
    number = is_whole(plain) or isinstance(plain, float)
    require(number and -1e300 < plain < 1e300, thing, "a finite number", value)  # type: ignore[operator]
