"""Settings in one flat dictionary: as options name them, and as runs of versions up to 0.1."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from axonloop.host.configuration.settings import TABLES
from axonloop.models.checks import require


def nested(data: Mapping[str, Any]) -> dict[str, Any]:
    """Flat settings, each in its table; ValueError where some are flat and some in tables.

    Settings that have tables are returned as they are, and so are names that no table has.
    """
    homes = {
        entry.name: table for table, kind in TABLES.items() for entry in dataclasses.fields(kind)
    }
    flat = [name for name in data if name in homes]
    found: dict[str, Any] = {name: value for name, value in data.items() if name not in homes}
    for name in flat:
        where = f"in its table, [{homes[name]}]"
        require(not any(table in data for table in TABLES), name, where, "beside tables")
        found.setdefault(homes[name], {})[name] = data[name]
    return found
