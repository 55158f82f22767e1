"""Rewards instead of labels: a bandit and a grid, learned on the chip by a broadcast modulation.

An actor of spiking neurons chooses on the chip, a critic on the host says how much better the step
was than expected, and that number, the modulation M, is all that learning hears: one for all
synapses. The rule is `late_reward`, M Z_i P_j. Beside it stand an actor in float with the same
critic, and chance. What every episode brought is counted, exploration included.

Settings were chosen with seeds 11 to 18.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

import numpy as np

from axonloop.host.console import Progress
from axonloop.host.experiments.reward.actor import live
from axonloop.host.experiments.reward.baselines import float_returns, random_returns
from axonloop.host.experiments.reward.worlds import Bandit, Grid, World
from axonloop.host.experiments.rows import ResultRow
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, INK, Picture, legend, mark, styled

WORLDS: dict[str, World] = {"bandit": Bandit(), "grid": Grid()}
STEPS = {"bandit": 2000, "grid": 3000}
FULL_STEPS = {"bandit": 4000, "grid": 6000}
LAST = 100
"""Episodes that the rows tell of."""
TOGETHER = 20
"""Episodes whose mean is a point of the curves."""


def measure(order: Order, progress: Progress) -> Metrics:
    """Both worlds with all seeds: chip, float, chance."""
    steps = FULL_STEPS if order.full else STEPS
    found: dict[str, Any] = {}
    for name, world in WORLDS.items():
        lives = live(str(order.device), world, order.seeds, steps[name], progress)
        returns = {
            "chip": [each.returns for each in lives],
            "float": [float_returns(world, seed, steps[name]) for seed in order.seeds],
            "chance": [random_returns(world, seed, steps[name]) for seed in order.seeds],
        }
        found[name] = {
            "steps": steps[name],
            "best": world.best,
            "last": {way: [mean(run[-LAST:]) for run in runs] for way, runs in returns.items()},
            "curves": {way: [curve_of(run) for run in runs] for way, runs in returns.items()},
            "policies": [each.policy for each in lives],
            "weight_hashes": [each.weight_hash for each in lives],
            "spike_hashes": [each.spike_hash for each in lives],
        }
    rows = [row for name, own in found.items() for row in _rows(name, own)]
    return {**found, "rows": [*rows, *_asked(found["bandit"], found["grid"])]}


def curve_of(returns: Sequence[float]) -> list[float]:
    """The means of `TOGETHER` episodes each, or of fewer if there are not as many."""
    size = min(TOGETHER, len(returns))
    whole = np.array(returns[: len(returns) // size * size])
    means: list[float] = whole.reshape(-1, size).mean(axis=1).round(4).tolist()
    return means


def _rows(name: str, own: dict[str, Any]) -> list[ResultRow]:
    last = own["last"]
    return [
        ResultRow(
            f"{name}, mean return of the last {LAST} episodes (at best {own['best']:.2f})",
            "prints none",
            _ends(last["float"]),
            _ends(last["chip"]),
        ),
        ResultRow(f"{name}, the same by chance", "", _ends(last["chance"])),
    ]


def _asked(bandit: dict[str, Any], grid: dict[str, Any]) -> list[ResultRow]:
    """Rows about the actions that have most spikes in the end."""
    arms, field = WORLDS["bandit"], WORLDS["grid"]
    assert isinstance(field, Grid)
    good = [right_arms(policy, arms) for policy in bandit["policies"]]
    ways = [short_ways(policy, field) for policy in grid["policies"]]
    return [
        ResultRow("bandit, contexts with the good arm", "", "", f"{_of(good)} of {arms.states}"),
        ResultRow(
            "grid, starts that go the shortest way", "", "", f"{_of(ways)} of {len(field.starts)}"
        ),
    ]


def _ends(each: Sequence[float]) -> str:
    """The mean of all seeds, and each of them."""
    return f"{mean(each):.2f} ({', '.join(f'{value:.2f}' for value in each)})"


def _of(counts: Sequence[int]) -> str:
    return ", ".join(str(count) for count in counts)


def right_arms(policy: Sequence[int], world: World) -> int:
    """In how many contexts of a bandit a policy takes the good arm."""
    return sum(action == state % world.actions for state, action in enumerate(policy))


def short_ways(policy: Sequence[int], world: Grid) -> int:
    """From how many starts of a grid a policy reaches the goal on the shortest way."""
    distances, found = world.distances(), 0
    for start in world.starts:
        cell = start
        for _ in range(distances[start]):
            cell = world.moved(cell, policy[cell])
        found += cell == world.goal
    return found


@styled
def draw(metrics: Metrics) -> Picture:
    """Return against episodes in both worlds, means over the seeds; the policy on the grid."""
    picture = Picture(12, 3.9)
    *curves, field = picture.subplots(1, 3)
    for axes, name in zip(curves, WORLDS, strict=True):
        own = metrics[name]
        for kind, colour in (("chance", GREY), ("float", INK), ("chip", BLUE)):
            runs = own["curves"][kind]
            count = min(len(run) for run in runs)
            curves, episodes = np.array([run[:count] for run in runs]), TOGETHER * np.arange(count)
            axes.plot(episodes, curves.mean(0), color=colour, label=kind)
            low, high = curves.min(0), curves.max(0)
            axes.fill_between(episodes, low, high, color=colour, alpha=0.15, lw=0)
        mark(axes, own["best"], "best")
        axes.set(xlabel="episode", ylabel="return", title=f"{name.capitalize()}, {len(runs)} seeds")
        legend(axes, below=True, ncols=3)
    _draw_policy(field, metrics["grid"]["policies"][0])
    return picture


def _draw_policy(axes: Any, policy: Sequence[int]) -> None:
    """An arrow in each cell: the action with most spikes, of the first seed."""
    world = WORLDS["grid"]
    assert isinstance(world, Grid)
    side = world.side
    for cell in range(world.states):
        row, column = divmod(cell, side)
        if cell in world.walls:
            axes.fill_between([column - 0.5, column + 0.5], row - 0.5, row + 0.5, color=GREY)
        elif cell == world.goal:
            axes.plot(column, row, "*", color=BLUE, markersize=16)
        else:
            axes.plot(column, row, "^>v<"[policy[cell]], color=INK, markersize=8)
    axes.set(xlim=(-0.5, side - 0.5), ylim=(side - 0.5, -0.5), xticks=[], yticks=[], aspect="equal")
    axes.set_title("What the chip does in each cell, seed 1")
