"""Learning rules of other packages, by name.

A package adds one by an entry point of the group `axonloop.rules`: its name is what
`[network] rule` says, its value a function of a `ParameterSet` that returns the terms.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import entry_points

from axonloop.models.checks import cut, require
from axonloop.models.config import ParameterSet

GROUP = "axonloop.rules"


def with_rule(parameters: ParameterSet, name: str, thing: str) -> ParameterSet:
    """The parameters, called `thing`, with the terms of the rule `name`.

    Raises ValueError where there is no such rule, where it fails, or where other terms are given.
    """
    known = {point.name: point for point in entry_points(group=GROUP)}
    names = ", ".join(sorted(known)) or "none is installed"
    require(name in known, "rule", f"a rule of an installed package ({names})", name)
    try:
        found = replace(parameters, terms=tuple(known[name].load()(replace(parameters, terms=()))))
    except Exception as error:
        reason = cut(f"{type(error).__name__}: {error}")
        raise ValueError(f"rule {name!r} must give terms, not fail ({reason})") from error
    good = parameters.terms in ((), found.terms)
    require(good, f"{thing}.terms", "left out beside a rule", parameters.terms)
    return found
