"""Data sets of other packages, by name.

A package adds one by an entry point of the group `axonloop.data`: its name is what `[data] set`
says, its value a function without arguments that returns what `open_data` takes, arrays by key or
a torch Dataset, or the path of a file.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from axonloop.models.checks import cut, require

GROUP = "axonloop.data"


def named_set(name: str) -> Any:
    """What the function of a data set returns; ValueError where there is none, or it fails."""
    known = {point.name: point for point in entry_points(group=GROUP)}
    names = ", ".join(sorted(known)) or "none is installed"
    require(name in known, "data.set", f"a data set of an installed package ({names})", name)
    try:
        return known[name].load()()
    except Exception as error:
        reason = cut(f"{type(error).__name__}: {error}")
        raise ValueError(f"data.set {name!r} must open, not fail ({reason})") from error
