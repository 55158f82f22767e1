"""Refusals in the one grammar of this project."""

from __future__ import annotations

from enum import IntEnum
from typing import Any


def require(good: bool, thing: str, condition: str, value: object) -> None:
    """Raise ValueError in the one grammar of this project unless `good`."""
    if not good:
        raise ValueError(f"{thing} must be {condition}, not {value!r}")


def require_range(thing: str, value: int, low: int, high: int) -> None:
    """Raise ValueError unless `value` is a whole number in `low..high`."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    require(whole and low <= value <= high, thing, f"a whole number in {low}..{high}", value)


def require_member(thing: str, value: Any, kind: type[IntEnum]) -> IntEnum:
    """The member of `kind` that `value` is or numbers; ValueError if there is none."""
    choices = ", ".join(f"{member.value} ({member.name.lower()})" for member in kind)
    known = isinstance(value, int) and value in kind.__members__.values()
    require(known, thing, f"one of {choices}", value)
    return kind(value)


def require_number(thing: str, value: object) -> None:
    """ValueError unless `value` is a number, and neither NaN nor infinite."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    require(number and -1e300 < value < 1e300, thing, "a finite number", value)  # type: ignore[operator]
