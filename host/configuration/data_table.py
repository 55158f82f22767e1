"""The table [data]: a user's data set, and what of the table [task] it decides."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from axonloop.host.configuration.tables import changed_table
from axonloop.host.data import GENERATED, DataDescription, EventBins, SpikeCode, Split
from axonloop.host.data.formats import set_format
from axonloop.models.checks import require

DECIDED = {
    "ticks": "data.ticks, or else the file,",
    "inputs": "what data.inputs names",
    "classes": "data.classes, or else the file,",
}
"""What [task] says too, and who decides it: it must agree with that, or be left out."""
ELSEWHERE = {
    "encoding": "data.encoding.code",
    "peak": "data.encoding.peak",
    "white": "data.encoding.high",
    "limit": "data.limit",
}
"""What [task] says of the digits alone, and the names that say it of other data."""


def changed_data(old: DataDescription | None, values: Any) -> DataDescription:
    """A description from its table, or the old one with other values; ValueError with the name."""
    if isinstance(values, DataDescription):
        return values
    require(isinstance(values, Mapping), "data", "a table", values)
    own = {} if old is None else {name: getattr(old, name) for name in _names(old)}
    for name in values:
        known = _names(DataDescription)
        require(name in known, f"data.{name}", f"left out or one of {', '.join(known)}", name)
    own |= values
    for name, kind in (("encoding", SpikeCode), ("split", Split)):
        if isinstance(own.get(name), Mapping):
            usual = kind() if old is None else getattr(old, name)
            own[name] = changed_table(usual, own[name], f"data.{name}.")
    if isinstance(own.get("events"), Mapping):
        own["events"] = _bins_of(own["events"], (old and old.events) or _bins_in(own))
    try:
        return DataDescription(**own)
    except (TypeError, ValueError) as error:
        raise ValueError(f"data.{error}") from error


def decided_by(data: DataDescription) -> dict[str, int]:
    """What a description says of [task] before any file is open."""
    found: dict[str, int | None] = {"ticks": data.ticks, "classes": data.classes}
    return {name: value for name, value in found.items() if value is not None}


def agreed_task(given: Mapping[str, Any], decided: Mapping[str, int]) -> dict[str, Any]:
    """The table [task], `given` by a user, with what data have `decided`.

    Raises ValueError, which names both keys, where the two differ, or where a name belongs to the
    digits.
    """
    for name, home in ELSEWHERE.items():
        wanted = f"left out beside [data], where {home} says it"
        require(name not in given, f"task.{name}", wanted, given.get(name))
    for name, value in decided.items():
        wanted = f"left out or {value}, as {DECIDED[name]} says"
        require(given.get(name, value) == value, f"task.{name}", wanted, given.get(name))
    return {**given, **decided}


def _bins_of(values: Mapping[str, Any], old: EventBins | None) -> EventBins:
    """The table [data.events]."""
    require("sensor" in values or old is not None, "data.events.sensor", "given, as [34, 34]", None)
    found: EventBins = changed_table(old or EventBins((1,)), values, "data.events.")
    return found


def _bins_in(values: Mapping[str, Any]) -> EventBins | None:
    """The usual bins of the format that a table names; None where it names none."""
    name = values.get("format") or GENERATED.get(values.get("set", ""))
    return set_format(name).bins if name else None


def _names(kind: Any) -> list[str]:
    return [entry.name for entry in dataclasses.fields(kind)]
