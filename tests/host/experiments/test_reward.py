"""Rewards: the worlds, the critic, and an actor that learns from M alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from axonloop.host.experiments.reward import experiment as reward
from axonloop.host.experiments.reward.actor import Life, chosen, live
from axonloop.host.experiments.reward.baselines import float_returns, random_returns
from axonloop.host.experiments.reward.critic import DISCOUNT, RATE, Critic
from axonloop.host.experiments.reward.worlds import Bandit, Grid
from axonloop.host.order import Order
from axonloop.host.pictures import save
from axonloop.host.training import POPULATION

SMALL = Grid(side=3, walls=(4,), most=9)
"""Goal 8; the only wall in the middle."""
RANDOM = np.random.default_rng(1)


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


def test_a_grid_has_walls_edges_and_a_goal() -> None:
    up, right, down, left = range(4)
    assert [SMALL.moved(0, action) for action in range(4)] == [0, 1, 3, 0]
    assert [SMALL.moved(1, down), SMALL.moved(3, right), SMALL.moved(5, left)] == [1, 3, 5]
    assert SMALL.moved(7, up) == 7
    assert SMALL.step(7, right, RANDOM) == (None, 1 - SMALL.cost)
    assert SMALL.step(6, right, RANDOM) == (7, -SMALL.cost)
    assert SMALL.distances() == {8: 0, 5: 1, 7: 1, 2: 2, 6: 2, 1: 3, 3: 3, 0: 4}
    mean_steps = (1 + 1 + 2 + 2 + 3 + 3 + 4) / 7
    assert SMALL.best == pytest.approx(1 - SMALL.cost * mean_steps)


def test_a_bandit_pays_as_often_as_it_says() -> None:
    world = Bandit(good=0.75, poor=0.25)
    for action, chance in ((1, 0.75), (2, 0.25)):
        paid = [world.step(5, action, RANDOM) for _ in range(2000)]
        assert {end for end, _ in paid} == {None}
        assert np.mean([reward for _, reward in paid]) == pytest.approx(chance, abs=0.05)


def test_the_critic_moves_toward_what_follows() -> None:
    critic = Critic(3)
    assert critic.judge(1, None, 1.0) == 1.0
    assert critic.values.tolist() == [0, RATE, 0]
    assert critic.judge(0, 1, -0.1) == pytest.approx(DISCOUNT * RATE - 0.1)


def test_an_action_is_likelier_with_more_spikes() -> None:
    drawn = [chosen(np.array([0, 8, 8]), RANDOM) for _ in range(1000)]
    shares = np.bincount(drawn, minlength=3) / 1000
    odds = np.exp([-2, 0, 0])
    assert shares == pytest.approx(odds / odds.sum(), abs=0.05)


def test_m_is_zero_in_silence_and_never_where_something_was_rewarded() -> None:
    life = Life(Bandit(), 1)
    life.take(0, np.zeros(4, dtype=np.int64))
    life.take(1, np.zeros(4, dtype=np.int64))
    assert life.target(0) == life.target(1) == 0
    for delta, sent in ((1.0, 32), (-0.5, -16), (0.001, 1), (0.0, -1), (-0.001, -1)):
        life._delta = delta
        assert life.target(2) == sent


def test_a_chip_learns_a_bandit_and_chance_does_not() -> None:
    world = Bandit(states=2, actions=2, good=1, poor=0)
    (found,) = live(POPULATION, world, [3], 250, quiet)
    assert found.policy == [0, 1]
    assert np.mean(found.returns[-60:]) > 0.85
    assert np.mean(float_returns(world, 3, 250)[-60:]) > 0.85
    assert np.mean(random_returns(world, 3, 250)) == pytest.approx(0.5, abs=0.1)


def test_every_device_lives_the_same() -> None:
    together = live(POPULATION, SMALL, [5, 6], 25, quiet)
    alone = live("golden", SMALL, [5, 6], 25, quiet)
    assert together == alone
    assert together[0].weight_hash != together[1].weight_hash


@pytest.mark.slow
def test_a_life_on_rtl_is_the_same() -> None:
    assert live("rtl", SMALL, [5], 8, quiet) == live("golden", SMALL, [5], 8, quiet)


def test_policies_are_judged_by_shortest_ways() -> None:
    up, right, down, left = range(4)
    around = [right, right, down, up, 0, down, right, right, 0]
    assert reward.short_ways(around, SMALL) == 6
    assert reward.right_arms([0, 1, 2, 3, 0, 1, 2, 0], Bandit()) == 7


def test_reward_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reward, "STEPS", {"bandit": 30, "grid": 90})
    metrics = reward.measure(Order(POPULATION, seeds=(1, 2)), quiet)
    assert len(metrics["rows"]) == 6
    assert [len(run) for run in metrics["bandit"]["curves"]["chip"]] == [1, 1]
    assert reward.curve_of([1.0] * 20 + [0.5] * 20 + [0.0]) == [1.0, 0.5]
    save(reward.draw(metrics), tmp_path / "picture.png")
