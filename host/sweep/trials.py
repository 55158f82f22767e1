"""The trials of a sweep: combinations of values, their names, and the settings of each."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from axonloop.host.configuration import Configuration, Settings
from axonloop.host.devices import check_device_name
from axonloop.models.checks import require

FARM = "farm"
"""The device that stands for the next free board."""
SEARCH, CHOSEN = "search", "chosen"
"""The parts of a sweep: trials to choose among, and those of the chosen combination."""
SEED, TUNE = "run.seed", "task.tune"
LONGEST = 100
"""Most characters of a trial's name that tells its values."""
Values = Mapping[str, Any]
"""Values of settings by their names with dots, as `objective.threshold`."""


@dataclass(frozen=True)
class Trial:
    """One run of a sweep: the values of a combination, a seed and a device.

    `combination` is its number; `tables` are those of a configuration file, whole; `part` is
    "search", scored on the validation part, or "chosen", scored on the test part.
    """

    name: str
    part: str
    combination: int
    values: Values
    seed: int
    device: str
    tables: Mapping[str, Any]
    source: str

    @property
    def settings(self) -> Settings:
        """The settings of its run; ValueError, which names the trial, for values out of range."""
        return Configuration.of(dict(self.tables), f"{self.source}, trial {self.name}").settings


class Trials:
    """Makes the trials of a configuration with a table [sweep].

    Raises ValueError for a sweep that varies nothing, or a setting that the sweep itself decides.
    """

    def __init__(self, configuration: Configuration, device: str | None = None) -> None:
        self.sweep, self._source = configuration.sweep, configuration.source
        own = ("sweep", "board")
        self._base = {
            name: table for name, table in configuration.tables.items() if name not in own
        }
        self.devices = self.sweep.devices if device is None else (device,)
        for each in self.devices:
            if each != FARM:
                check_device_name(each)
        _require_once("sweep.devices", self.devices)
        self.grid = dict(_leaves(self.sweep.grid, "", "sweep.grid"))
        self.search = dict(_leaves(self.sweep.search, "", "sweep.search"))
        both = not self.grid or not self.search
        require(both, "sweep.search", "left out beside sweep.grid", list(self.search))
        several = len(self.sweep.seeds) > 1 or len(self.devices) > 1
        varied = bool(self.grid or self.search) or several
        told = "with a grid, a search or several seeds, as [sweep.grid] run.seed = [1, 2]"
        require(varied, "sweep", told, {})
        for name in self.varied:
            self._require_free(name)
        self._seed = configuration.settings.run.seed
        self.seeds: Sequence[int | None] = self.sweep.seeds or (None,)
        _require_once("sweep.seeds", self.sweep.seeds)

    @property
    def varied(self) -> list[str]:
        """The names of all settings that differ between combinations."""
        return [*self.grid, *self.search]

    def _require_free(self, name: str) -> None:
        where = f"{self._source}: sweep: {name}"
        apart = name.split(".")[0] not in ("sweep", "board")
        require(apart, where, "a setting of training (docs/configuration.md)", name)
        require(name != TUNE, where, "left out: a sweep scores trials on the validation part", name)
        alone = name != SEED or not self.sweep.seeds
        require(alone, where, "left out beside sweep.seeds", name)

    def combinations(self) -> list[Values]:
        """All combinations of the grid; ValueError for an empty list of values."""
        for name, values in self.grid.items():
            require(len(values) > 0, f"sweep.grid.{name}", "a list of at least one value", values)
        return [dict(zip(self.grid, each, strict=True)) for each in product(*self.grid.values())]

    def of_combination(self, number: int, values: Values) -> list[Trial]:
        """The trials of a combination: each of the seeds on each of the devices."""
        stem = _told(values, self.varied) if self.grid else f"combination={number:03}"
        if len(stem) > LONGEST:
            stem = f"combination={number:03}"
        first = "" if not self.varied else stem
        return [self._trial(SEARCH, first, number, values, *own) for own in self._repeats()]

    def chosen(self, number: int, values: Values) -> list[Trial]:
        """The chosen combination once more, to be scored on the test part."""
        return [self._trial(CHOSEN, CHOSEN, number, values, *own) for own in self._repeats()]

    def _repeats(self) -> Iterator[tuple[int | None, str]]:
        yield from product(self.seeds, self.devices)

    def _trial(
        self, part: str, stem: str, number: int, values: Values, seed: int | None, device: str
    ) -> Trial:
        tables = _with(self._base, dict(values) | {TUNE: part == SEARCH})
        named = [stem] if stem else []
        if seed is not None:
            tables = _with(tables, {SEED: seed})
            named += [f"seed={seed}"]
        if len(self.devices) > 1:
            named += [f"device={_plain(device)}"]
        own = values.get(SEED, self._seed) if seed is None else seed
        return Trial(
            ",".join(named), part, number, values, own, device, tables, self._source or "settings"
        )


def require_distinct(trials: Sequence[Trial]) -> None:
    """ValueError where two trials have one name."""
    counts = Counter(trial.name for trial in trials)
    twice = [name for name, count in counts.items() if count > 1]
    told = "all different: is a value there twice?"
    require(not twice, "names of trials", told, twice[0] if twice else None)


def _require_once(name: str, values: Sequence[Any]) -> None:
    require(len(set(values)) == len(values), name, "there once each", list(values))


def _leaves(table: Mapping[str, Any], path: str, where: str) -> Iterator[tuple[str, Any]]:
    """The settings in a table of tables, or with dots in their names, and what stands there."""
    for name, value in table.items():
        full = f"{path}.{name}" if path else name
        if isinstance(value, Mapping) and not ("low" in value and where.endswith("search")):
            require(len(value) > 0, f"{where}.{full}", "a table of settings", value)
            yield from _leaves(value, full, where)
        else:
            ranged = isinstance(value, Mapping)
            told = "a list of values" + " or { low = 1, high = 8 }" * where.endswith("search")
            require(isinstance(value, list) or ranged, f"{where}.{full}", told, value)
            yield full, value


def _with(tables: Mapping[str, Any], values: Values) -> dict[str, Any]:
    """Tables with values put where their dotted names say."""
    found = dict(tables)
    for name, value in values.items():
        first, _, rest = name.partition(".")
        if rest:
            inner = found.get(first, {})
            found[first] = _with(inner if isinstance(inner, Mapping) else {}, {rest: value})
        else:
            found[first] = value
    return found


def _told(values: Values, names: Sequence[str]) -> str:
    """Values as a name tells them, each setting by as little of its name as is its own."""
    return ",".join(f"{short_name(name, names)}={_plain(value)}" for name, value in values.items())


def short_name(name: str, names: Sequence[str]) -> str:
    """The shortest end of a dotted name that no other of `names` has."""
    parts = name.split(".")
    for count in range(1, len(parts)):
        end = ".".join(parts[-count:])
        if not any(other != name and other.endswith(f".{end}") for other in names):
            return end
    return name


def _plain(value: Any) -> str:
    """A value as part of a file's name."""
    if isinstance(value, list) and all(isinstance(each, int) for each in value):
        return "x".join(map(str, value))
    text = value if isinstance(value, str) else json.dumps(value)
    return re.sub(r"[^A-Za-z0-9.+-]", "-", text)
