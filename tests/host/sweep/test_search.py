"""Searches by Optuna: the same draws whenever the same results are known."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

import pytest

from axonloop.host.configuration import SweepSettings
from axonloop.host.sweep import Reached, Search

pytestmark = pytest.mark.skipif(
    find_spec("optuna") is None, reason="the extra sweep is not installed"
)
SPACE: dict[str, Any] = {
    "objective.threshold": {"low": 1.0, "high": 8.0, "log": True},
    "network.layers": [[16], [32], [64]],
    "run.epochs": {"low": 1, "high": 9, "step": 2},
}


def far(values: Any) -> float:
    """A loss that is least at a threshold of 2 and 32 neurons."""
    return abs(float(values["objective.threshold"]) - 2) + (values["network.layers"] != [32])


def searched(sampler: str, batches: int, seed: int = 0) -> list[dict[str, Any]]:
    search = Search(SPACE, SweepSettings(sampler=sampler, search_seed=seed))
    told: list[Reached] = []
    for batch in range(batches):
        told += [Reached(each, far(each)) for each in search.draw(batch, 4, told)]
    return [dict(each.values) for each in told]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_draws_are_within_the_space_and_the_same_again(sampler: str) -> None:
    drawn = searched(sampler, 3)
    assert drawn == searched(sampler, 3)
    assert drawn != searched(sampler, 3, seed=1)
    assert len({str(each) for each in drawn}) == 12
    for each in drawn:
        assert list(each) == list(SPACE)
        assert 1 <= each["objective.threshold"] <= 8
        assert each["network.layers"] in SPACE["network.layers"]
        assert each["run.epochs"] in (1, 3, 5, 7, 9)


def test_more_trials_begin_with_the_same() -> None:
    search = Search(SPACE, SweepSettings())
    assert search.draw(0, 4, [])[:2] == search.draw(0, 2, [])


def test_what_was_reached_decides_what_is_drawn() -> None:
    drawn = searched("tpe", 12)
    first, last = ([far(each) for each in part] for part in (drawn[:12], drawn[-12:]))
    assert sum(last) < sum(first) / 2
    assert searched("random", 12) != drawn


def test_ends_hold_every_choice_and_both_ends() -> None:
    ends = Search(SPACE, SweepSettings()).ends()
    assert {each["objective.threshold"] for each in ends} == {1.0, 8.0}
    assert [each["network.layers"] for each in ends] == [[16], [32], [64]]


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ([], "x must be a list of at least one value"),
        ({"low": 1}, "x must be a range, as "),
        ({"low": 2, "high": 1}, "x.high must be above low, 2, not 1"),
        ({"low": 0, "high": 1, "log": True}, "x.low must be above 0 where log is true"),
        ({"low": 1, "high": 2, "by": 1}, "x must be a range with low, high, log, step"),
        ({"low": 1, "high": 2, "step": -1}, "x.step must be above 0"),
        ({"low": "a", "high": 2}, "x.low must be a finite number"),
    ],
)
def test_ranges_that_are_none(space: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^sweep.search.{message}"):
        Search({"x": space}, SweepSettings())


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ValueError, match="^optuna must be installed for sweeps; pip install "):
        Search(SPACE, SweepSettings())
