"""Memristors in files: TOML with everything, CSV with a measured curve.

    name = "mine"                      pulse,conductance,polarity
    endurance = 1e6                    0,32.9,up
    [up]                               1,52.0,up
    start = 47.2                       ...
    goal = 674                         0,674,down
    rate = 0.0306                      1,480,down
    [down]
    ...
    [spread]                           rate, high, low, write, normal
    [retention]                        seconds, rest, celsius, activation
    [drift]                            exponent, first

A branch has start, goal and rate (exponential), start, goal and pulses (even), or the lists pulses
and conductances (measured). Conductances are in nS.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from axonloop.models.checks import cut, require
from axonloop.models.memristor.ageing import Drift, Retention
from axonloop.models.memristor.branch import Branch, Even, Exponential, Measured
from axonloop.models.memristor.memristor import Memristor, Spread

POLARITIES = {"up": "up", "+": "up", "1": "up", "+1": "up", "p": "up", "ltp": "up"} | {
    "down": "down", "-": "down", "-1": "down", "d": "down", "ltd": "down"
}  # fmt: skip
"""What may stand in the column of the polarity."""
UNITS = {"nS": 1.0, "uS": 1e3, "mS": 1e6, "S": 1e9}
"""Units of conductance in CSV files, in nS."""
_BRANCHES: tuple[Any, ...] = (Exponential, Even, Measured)
_PARTS: Mapping[str, type] = {"spread": Spread, "retention": Retention, "drift": Drift}
_PLAIN = ("name", "endurance", "levels", "bend", "about")


class Curve(NamedTuple):
    """One polarity as it was measured: pulses, and conductances in nS, both `(points,)`."""

    pulses: NDArray[np.float64]
    conductances: NDArray[np.float64]


def read_memristor(path: Path) -> Memristor:
    """A memristor from a .toml file, or of a measured curve in a .csv file, in nS.

    Raises ValueError, with the file's name, for all that is wrong in it.
    """
    if path.suffix == ".csv":
        curves = read_curves(path)
        with _told_of(path):
            up, down = (_measured(curves, name) for name in ("up", "down"))
            return Memristor(path.stem, up, down, about=str(path.name))
    require(path.suffix == ".toml", "memristor file", "a .toml or .csv file", str(path))
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} must be a TOML file, not {str(path)!r} ({error})") from error
    with _told_of(path):
        return _memristor_of(data, path.stem)


def _measured(curves: Mapping[str, Curve], polarity: str) -> Measured:
    require(polarity in curves, "curve", f"there for polarity {polarity} too", sorted(curves))
    pulses, conductances = curves[polarity]
    return Measured(tuple(pulses.tolist()), tuple(conductances.tolist()))


def read_curves(path: Path, unit: str = "nS") -> dict[str, Curve]:
    """What was measured, by polarity, "up" and "down", from columns pulse, conductance, polarity.

    Without a column polarity all points are "up". Raises ValueError, with the line, for what is not
    a number, an unknown polarity or unit, and a file without points.
    """
    require(unit in UNITS, "unit", f"one of {', '.join(UNITS)}", unit)
    try:
        lines = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f"{path.name} must be a CSV file, not {str(path)!r} ({error})") from error
    points: dict[str, list[tuple[float, float]]] = {}
    with _told_of(path):
        require(bool(lines), "curve", "a head and one line or more", "empty")
        for number, line in enumerate(lines, start=2):
            named = {str(key).strip(): value for key, value in line.items()}
            point = _number(named, "pulse", number), _number(named, "conductance", number)
            polarity = str(named.get("polarity", "up")).strip().lower()
            known = polarity in POLARITIES
            require(known, f"polarity in line {number}", "up or down, + or -", polarity)
            points.setdefault(POLARITIES[polarity], []).append(point)
    scale = UNITS[unit]
    return {name: _curve(found, scale) for name, found in points.items()}


def _curve(points: list[tuple[float, float]], scale: float) -> Curve:
    pulses, conductances = np.array(sorted(points)).T
    return Curve(pulses, conductances * scale)


def _number(line: Mapping[str, Any], column: str, number: int) -> float:
    require(column in line, "columns", "pulse, conductance and polarity", sorted(line))
    try:
        value = float(line[column])
    except (TypeError, ValueError):
        value = float("nan")
    finite = bool(np.isfinite(value))
    require(finite, f"{column} in line {number}", "a finite number", line[column])
    return value


def toml_of(memristor: Memristor) -> str:
    """The file that `read_memristor` reads the memristor from."""
    lines = []
    for name in _PLAIN:
        value = getattr(memristor, name)
        if value not in (None, "", 0.0, float("inf")):
            lines.append(f"{name} = {_toml(value)}")
    for name in ("up", "down", *_PARTS):
        part = getattr(memristor, name)
        if part is not None and part != Spread():
            lines += ["", f"[{name}]"]
            lines += [f"{key} = {_toml(value)}" for key, value in asdict(part).items()]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{"".join(c if c.isprintable() else " " for c in escaped)}"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(repr, value))}]"
    return repr(value)


def _memristor_of(data: Mapping[str, Any], stem: str) -> Memristor:
    unknown = sorted(set(data) - {*_PLAIN, *_PARTS, "up", "down"})
    require(not unknown, "names", f"of {', '.join((*_PLAIN, 'up', 'down', *_PARTS))}", unknown)
    for name in ("up", "down"):
        require(name in data, name, f"there, as [{name}] with start, goal, rate", None)
    values: dict[str, Any] = {"name": stem} | {n: data[n] for n in _PLAIN if n in data}
    for name in ("name", "about"):
        good = isinstance(values.get(name, ""), str)
        require(good, name, "text", values.get(name))
    for name in ("endurance", "bend"):
        if name in values:
            values[name] = _plain_number(name, values[name])
    values |= {name: _branch(name, data[name]) for name in ("up", "down")}
    values |= {name: _part(name, kind, data[name]) for name, kind in _PARTS.items() if name in data}
    return Memristor(**values)


def _branch(name: str, table: Any) -> Branch:
    require(isinstance(table, Mapping), name, "a table", table)
    kinds = {frozenset(field.name for field in fields(kind)): kind for kind in _BRANCHES}
    given = frozenset(table)
    if given not in kinds:
        raise ValueError(
            f"[{name}] must be start, goal and rate, start, goal and pulses, or pulses and "
            f"conductances, not {cut(', '.join(sorted(given)))}"
        )
    read: Any = _list if kinds[given] is Measured else _plain_number
    branch: Branch = kinds[given](**{key: read(f"{name}.{key}", table[key]) for key in table})
    return branch


def _list(name: str, values: Any) -> tuple[float, ...]:
    require(isinstance(values, list), name, "a list of numbers", values)
    return tuple(_plain_number(name, value) for value in values)


def _part(name: str, kind: type, table: Any) -> Any:
    require(isinstance(table, Mapping), name, "a table", table)
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(table) - known)
    require(not unknown, f"names in [{name}]", f"of {', '.join(sorted(known))}", unknown)
    needed = {"retention": ("seconds", "rest"), "drift": ("exponent",)}.get(name, ())
    lacking = [key for key in needed if key not in table]
    require(not lacking, f"[{name}]", f"with {', '.join(needed)}", f"without {lacking}")
    return kind(
        **{
            key: value if isinstance(value, bool) else _plain_number(f"{name}.{key}", value)
            for key, value in table.items()
        }
    )


def _plain_number(name: str, value: Any) -> float:
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    require(good, name, "a number", value)
    return float(value)


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Put the name of the file before what is wrong in it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{cut(path.name)}: {error}") from error
