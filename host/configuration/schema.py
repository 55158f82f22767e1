"""The one schema of configuration files: which tables and names there are, and of what kinds.

The models of pydantic are made of the dataclasses that hold the values, so a name stands in one
place; ranges, and what goes together, are checked by those classes themselves.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from enum import IntEnum
from functools import partial
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, create_model

from axonloop.hdl.boards import Build
from axonloop.host.configuration.settings import TABLES
from axonloop.host.configuration.sweep_table import SweepSettings
from axonloop.host.data import DataDescription
from axonloop.models.checks import cut, is_whole, shown
from axonloop.models.config import ConvolutionGeometry

STRICT = ConfigDict(strict=True, extra="forbid")
ELSEWHERE = ("geometry", "mesh")
"""Fields of a build that have a table of their own, or a place in one."""
KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "model_type": "a table of names and values",
    "str": "text, or a table of sources and their keys",
}
"""What must stand where pydantic says this; else its own words are told."""
UNIONS = ("str",)
"""The first kind of fields that may be of two, which pydantic puts behind their names."""


def _model(kind: type, without: tuple[str, ...] = (), **more: Any) -> type[BaseModel]:
    """A model of what a file may say of a dataclass: all its fields, any of them left out."""
    hints = get_type_hints(kind)
    fields: dict[str, Any] = {
        entry.name: (_accepted(hints[entry.name]), None)
        for entry in dataclasses.fields(kind)
        if entry.name not in without
    }
    return create_model(kind.__name__, __config__=STRICT, **fields, **more)


def _accepted(hint: Any) -> Any:
    """What a file may have for a field with this type hint."""
    if get_origin(hint) in (Union, types.UnionType):
        return Union[tuple(_accepted(each) for each in get_args(hint))]  # noqa: UP007
    if get_origin(hint) is tuple:
        entries: Any = list[_accepted(get_args(hint)[0])]  # type: ignore[misc]
        return Annotated[entries, BeforeValidator(_listed)]
    if dataclasses.is_dataclass(hint):
        return _model(hint)  # type: ignore[arg-type]
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return Annotated[int, BeforeValidator(partial(_number, hint))]
    return hint


def _listed(value: object) -> object:
    """A list of a tuple too, as Python has it where JSON and TOML have lists."""
    return list(value) if isinstance(value, tuple) else value


def _number(kind: type[IntEnum], value: Any) -> int:
    """The number of an enumeration's member, from the number or from its name in small letters."""
    words = {member.name.lower(): int(member) for member in kind}
    if isinstance(value, str) and value in words:
        return words[value]
    if is_whole(value) and value in words.values():
        return int(value)
    raise ValueError(f"one of {', '.join(words)}")


_TABLES: dict[str, Any] = {name: (_model(kind), None) for name, kind in TABLES.items()}
_TABLES["data"] = (_model(DataDescription), None)
_TABLES["geometry"] = (_model(ConvolutionGeometry), None)
_TABLES["board"] = (_model(Build, ELSEWHERE, name=(str, None)), None)
_TABLES["sweep"] = (_model(SweepSettings), None)
SCHEMA = create_model("Configuration", __config__=STRICT, **_TABLES)
"""All tables of a file."""


def validated(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The tables of `data`, with numbers for the words of enumerations.

    Raises ValueError for the first name that is unknown and the first value of a wrong kind.
    """
    try:
        found: dict[str, dict[str, Any]] = SCHEMA.model_validate(data).model_dump(
            exclude_unset=True
        )
    except ValidationError as error:
        details = error.errors(include_url=False)
        more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
        raise ValueError(_line(details[0]) + more) from None
    return found


def _line(details: Mapping[str, Any]) -> str:
    """What pydantic found, in the grammar of this project."""
    path = details["loc"]
    if path[-1] in UNIONS:
        path, details = path[:-1], {**details, "type": path[-1]}
    expected = KINDS.get(details["type"], details["msg"])
    given = details["input"]
    if details["type"] == "extra_forbidden":
        expected, given = _known(path), path[-1]
    elif details["type"] == "value_error":
        expected = str(details["ctx"]["error"])
    return f"{cut(_name(path))} must be {expected}, not {shown(given)}"


def _name(path: tuple[int | str, ...]) -> str:
    """A path as a person writes it: network.layers[0]."""
    return "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in path).removeprefix(".")


def _known(path: tuple[int | str, ...]) -> str:
    """Where an unknown name belongs, or which names are known in its place."""
    model: Any = SCHEMA
    for step in path[:-1]:
        if isinstance(step, str):
            model = _inside(model.model_fields[step].annotation)
    homes = [
        f"[{table}]"
        for table, field in SCHEMA.model_fields.items()
        if path[-1] in _inside(field.annotation).model_fields
    ]
    if homes and model is SCHEMA:
        return f"in its table, {' or '.join(homes)}"
    return f"left out or one of {', '.join(model.model_fields)}"


def _inside(annotation: Any) -> Any:
    """The model of a table, or of the entries of a list of tables."""
    return get_args(annotation)[0] if get_args(annotation) else annotation
