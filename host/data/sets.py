"""Data sets by name: those that are generated, and those of other packages.

A package adds one by an entry point of the group `axonloop.data`: its name is what `[data] set`
says, its value a function without arguments that returns what `open_data` takes, arrays by key or
a torch Dataset, or the path of a file.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from axonloop.models.checks import cut, require

GROUP = "axonloop.data"
GENERATED = {
    "saccade-digits": "n-mnist",
    "shape-gestures": "dvs-gesture",
    "spoken-digits": "shd",
}
"""The generated sets, and the format of each; they are made when they are first asked for."""


def named_set(name: str) -> Any:
    """What the function of a data set returns; ValueError where there is none, or it fails."""
    if name in GENERATED:
        from axonloop.host.data.generated import generated_set  # needs what is slow to load

        return generated_set(name)
    known = {point.name: point for point in entry_points(group=GROUP)}
    names = ", ".join(sorted(known)) or "none is installed"
    wanted = f"a data set of an installed package ({names}) or one of {', '.join(GENERATED)}"
    require(name in known, "data.set", wanted, name)
    try:
        return known[name].load()()
    except Exception as error:
        reason = cut(f"{type(error).__name__}: {error}")
        raise ValueError(f"data.set {name!r} must open, not fail ({reason})") from error
