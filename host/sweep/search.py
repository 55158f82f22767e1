"""Searches by Optuna: values drawn by what earlier combinations reached.

A draw depends on the results before its batch alone, never on the order in which they came in; so a
sweep that was killed draws the same values again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from axonloop.host.configuration import Sampler, SweepSettings
from axonloop.host.sweep.extra import extra
from axonloop.host.sweep.trials import Values
from axonloop.models.checks import is_whole, require, require_number

RANGE = ("low", "high", "log", "step")


@dataclass(frozen=True)
class Reached:
    """A combination that is done; `loss` is small where it did well."""

    values: Values
    loss: float


class Search:
    """Draws combinations of `space`, which has a list of choices or a range for each setting.

    Raises ValueError for ranges that are none, and without the extra.
    """

    def __init__(self, space: Mapping[str, Any], sweep: SweepSettings) -> None:
        self._optuna = extra("optuna")
        self._space, self._sweep = space, sweep
        self._kinds = {name: _distribution(name, each) for name, each in space.items()}

    def ends(self) -> list[Values]:
        """Combinations that hold every choice and both ends of every range at least once."""
        ends = {
            name: [each["low"], each["high"]] if isinstance(each, Mapping) else each
            for name, each in self._space.items()
        }
        most = max(map(len, ends.values()))
        return [{name: each[k % len(each)] for name, each in ends.items()} for k in range(most)]

    def draw(self, batch: int, count: int, reached: Sequence[Reached]) -> list[Values]:
        """`count` combinations for the batch of that number."""
        optuna = self._optuna
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(sampler=self._sampler(batch))
        for each in reached:
            params = {name: self._coded(name, value) for name, value in each.values.items()}
            told = optuna.trial.create_trial(
                params=params, distributions=self._kinds, value=each.loss
            )
            study.add_trial(told)
        drawn = [study.ask(self._kinds).params for _ in range(count)]
        return [{name: self._value(name, params[name]) for name in self._space} for params in drawn]

    def _sampler(self, batch: int) -> Any:
        samplers = self._optuna.samplers
        seed = (self._sweep.search_seed * 1_000_003 + batch) % 2**32
        if self._sweep.sampler == Sampler.RANDOM:
            return samplers.RandomSampler(seed)
        return samplers.TPESampler(seed=seed, constant_liar=True)

    def _coded(self, name: str, value: Any) -> Any:
        """A value as Optuna has it: of choices the place, as they may be lists."""
        own = self._space[name]
        return own.index(value) if isinstance(own, list) else value

    def _value(self, name: str, coded: Any) -> Any:
        own = self._space[name]
        return own[coded] if isinstance(own, list) else coded


def _distribution(name: str, space: Any) -> Any:
    """What Optuna draws a setting from."""
    kinds = extra("optuna.distributions")
    where = f"sweep.search.{name}"
    if isinstance(space, list):
        require(len(space) > 0, where, "a list of at least one value", space)
        return kinds.CategoricalDistribution(range(len(space)))
    unknown = [key for key in space if key not in RANGE]
    require(not unknown, where, f"a range with {', '.join(RANGE)}", unknown)
    require("high" in space, where, "a range, as { low = 1, high = 8 }", dict(space))
    low, high, log, step = (space.get(key) for key in RANGE)
    for key, value in (("low", low), ("high", high)):
        require_number(f"{where}.{key}", value)
    require(low < high, f"{where}.high", f"above low, {low}", high)
    require(log in (None, True, False), f"{where}.log", "true or false", log)
    require(not log or low > 0, f"{where}.low", "above 0 where log is true", low)
    require(not log or step is None, f"{where}.step", "left out where log is true", step)
    if step is not None:
        require_number(f"{where}.step", step)
        require(step > 0, f"{where}.step", "above 0", step)
    if is_whole(low) and is_whole(high) and (step is None or is_whole(step)):
        return kinds.IntDistribution(low, high, log=bool(log), step=step or 1)
    return kinds.FloatDistribution(low, high, log=bool(log), step=step)
