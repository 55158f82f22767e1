"""Dataclasses as tables of names and values, of which some are changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from axonloop.models.checks import require
from axonloop.models.config import ConvolutionGeometry, Geometry, ParameterSet, Term


def changed_table(table: Any, values: Any, path: str) -> Any:
    """A copy of a dataclass with other values; ValueError names what is wrong, behind `path`."""
    require(isinstance(values, Mapping), path.rstrip(".") or "settings", "a table", values)
    known = [entry.name for entry in dataclasses.fields(table)]
    for name in values:
        require(name in known, path + str(name), f"left out or one of {', '.join(known)}", name)
    own = {name: entry_of(getattr(table, name), values[name], path + name) for name in values}
    try:
        if isinstance(table, ParameterSet) and isinstance(own.get("terms"), list | tuple):
            own["terms"] = tuple(_term(term) for term in own["terms"])
        return replace(table, **own)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}{error}") from error


def entry_of(old: Any, new: Any, path: str) -> Any:
    """A value in place of an old one; a table is changed, not replaced, by a dictionary."""
    if type(new) is type(old) or not dataclasses.is_dataclass(old):
        return new
    return changed_table(old, new, f"{path}.")


def changed_geometry(old: Geometry, new: Any) -> Geometry:
    """A geometry in place of an old one; a table that has convolutions makes it one with them."""
    if isinstance(new, Geometry):
        return new
    if isinstance(new, Mapping) and "convolutions" in new:
        return ConvolutionGeometry(**dataclasses.asdict(old) | dict(new))
    changed: Geometry = entry_of(old, new, "geometry")
    return changed


def _term(value: Any) -> Any:
    """A term of a learning rule from a dictionary."""
    return Term(**value) if isinstance(value, Mapping) else value
