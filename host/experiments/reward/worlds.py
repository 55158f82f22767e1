"""Small worlds that hand out rewards: a bandit with contexts, and a grid with a goal.

A world has `states` and `actions`. `begin` draws the state in which an episode starts; `step` says
what an action does in a state: the next state (None: the episode is over) and the reward.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import mean
from typing import Protocol

import numpy as np

from axonloop.models.checks import require_range

Step = tuple[int | None, float]


class World(Protocol):
    """What an actor meets."""

    @property
    def states(self) -> int:
        """How many states there are."""

    @property
    def actions(self) -> int:
        """How many actions, in every state."""

    @property
    def most(self) -> int:
        """Steps after which an episode is broken off."""

    def begin(self, random: np.random.Generator) -> int: ...

    def step(self, state: int, action: int, random: np.random.Generator) -> Step: ...

    @property
    def best(self) -> float:
        """The mean return of the best policy."""


@dataclass(frozen=True)
class Bandit:
    """One step per episode: in each context one arm pays with chance `good`, the others `poor`.

    The good arm of context s is s modulo `actions`.
    """

    states: int = 8
    actions: int = 4
    most: int = 1
    good: float = 0.9
    poor: float = 0.1

    def begin(self, random: np.random.Generator) -> int:
        """Any context."""
        return int(random.integers(self.states))

    def step(self, state: int, action: int, random: np.random.Generator) -> Step:
        """1 or 0, and the end."""
        chance = self.good if action == state % self.actions else self.poor
        return None, float(random.random() < chance)

    @property
    def best(self) -> float:
        """Always the good arm."""
        return self.good


MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))
"""Rows and columns of a step up, right, down and left."""


@dataclass(frozen=True)
class Grid:
    """A square of `side` x `side` cells with walls; reward 1 at the goal, `cost` for every step.

    The goal is the last cell, any other free cell may be the start. A step into a wall or over the
    edge stays where it is.
    """

    side: int = 5
    walls: tuple[int, ...] = (7, 12, 17, 18)
    cost: float = 0.04
    most: int = 40
    actions: int = 4

    def __post_init__(self) -> None:
        require_range("side of the grid", self.side, 2, 16)

    @property
    def states(self) -> int:
        """All cells, walls too."""
        return self.side**2

    @property
    def goal(self) -> int:
        """The last cell."""
        return self.states - 1

    @property
    def starts(self) -> list[int]:
        """The cells where an episode may begin."""
        return [cell for cell in range(self.goal) if cell not in self.walls]

    def begin(self, random: np.random.Generator) -> int:
        """Any free cell but the goal."""
        return int(random.choice(self.starts))

    def moved(self, state: int, action: int) -> int:
        """The cell that a step leads to."""
        row, column = (state // self.side + MOVES[action][0], state % self.side + MOVES[action][1])
        inside = 0 <= row < self.side and 0 <= column < self.side
        cell = row * self.side + column
        return cell if inside and cell not in self.walls else state

    def step(self, state: int, action: int, random: np.random.Generator) -> Step:
        """The next cell, or the end at the goal."""
        cell = self.moved(state, action)
        return (None, 1 - self.cost) if cell == self.goal else (cell, -self.cost)

    def distances(self) -> dict[int, int]:
        """Steps to the goal on the shortest way, from every free cell."""
        found, waiting = {self.goal: 0}, deque([self.goal])
        while waiting:
            cell = waiting.popleft()
            for other in self.starts:
                near = any(self.moved(other, action) == cell for action in range(self.actions))
                if near and other not in found:
                    found[other] = found[cell] + 1
                    waiting.append(other)
        return found

    @property
    def best(self) -> float:
        """The shortest way from every start."""
        distances = self.distances()
        return mean(1 - self.cost * distances[start] for start in self.starts)
