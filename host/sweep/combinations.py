"""Combinations of a sweep with what their trials reached, and the choice among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from axonloop.host.sweep.folder import SweepFolder
from axonloop.host.sweep.search import Reached
from axonloop.host.sweep.trials import Trial, Values


@dataclass(frozen=True)
class Combination:
    """A combination and its trials, each with the `scores` of those that are done."""

    number: int
    values: Values
    trials: Sequence[Trial]
    scores: Sequence[float]
    measure: str

    @property
    def whole(self) -> bool:
        """Are all of its trials done? Others are not chosen."""
        return len(self.scores) == len(self.trials)

    @property
    def mean(self) -> float:
        """The mean score."""
        return sum(self.scores) / len(self.scores)

    @property
    def loss(self) -> float:
        """The mean score, small where it is good."""
        return -self.mean if self.measure.endswith("accuracy") else self.mean


def scored_combinations(trials: Sequence[Trial], folder: SweepFolder) -> list[Combination]:
    """The combinations of trials with their scores on the validation part, in order."""
    by_number: dict[int, list[Trial]] = {}
    for trial in trials:
        by_number.setdefault(trial.combination, []).append(trial)
    return [_combination(number, own, folder) for number, own in by_number.items()]


def _combination(number: int, trials: Sequence[Trial], folder: SweepFolder) -> Combination:
    done = [found for trial in trials if (found := folder.metrics(trial)) is not None]
    named = [score_of(metrics, "validation") for metrics in done]
    measure = named[0][0] if named else ""
    return Combination(number, trials[0].values, trials, [value for _, value in named], measure)


def score_of(metrics: Mapping[str, Any], part: str) -> tuple[str, float]:
    """Name and value of the score that a run has of a part."""
    found = (name for name in (f"{part}_accuracy", f"{part}_mse") if name in metrics)
    name = next(found)
    return name, float(metrics[name])


def best(combinations: Sequence[Combination]) -> Combination | None:
    """The whole combination with the best mean, of equal ones the first; None: none is whole."""
    return min(
        (each for each in combinations if each.whole), key=lambda each: each.loss, default=None
    )


def reached(combinations: Sequence[Combination]) -> list[Reached]:
    """What a search is told of combinations: those that are whole."""
    return [Reached(each.values, each.loss) for each in combinations if each.whole]
