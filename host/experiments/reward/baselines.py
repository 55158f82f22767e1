"""What the chip's returns stand beside: an actor in float with the same critic, and chance."""

from __future__ import annotations

import numpy as np

from axonloop.host.data import TRAINING, generator
from axonloop.host.experiments.reward.critic import Critic
from axonloop.host.experiments.reward.worlds import World

RATE = 2.0
"""Of the actor in float, the best of 0.25, 0.5, 1, 2 and 4 with seeds above 10."""


def float_returns(world: World, seed: int, steps: int, rate: float = RATE) -> list[float]:
    """Returns of an actor of exact preferences, `(states, actions)`, and exact gradients.

    dh(s, b) = rate delta (1 for the action taken, else 0; less its probability)
    """
    preferences, critic = np.zeros((world.states, world.actions)), Critic(world.states)
    random, returns = generator(seed, TRAINING), []
    state, taken, total = world.begin(random), 0, 0.0
    for _ in range(steps):
        odds = np.exp(preferences[state] - preferences[state].max())
        odds /= odds.sum()
        action = int(np.searchsorted(np.cumsum(odds), random.random(), side="right"))
        action = min(action, world.actions - 1)
        following, reward = world.step(state, action, random)
        delta = critic.judge(state, following, reward)
        preferences[state] += rate * delta * ((np.arange(world.actions) == action) - odds)
        taken, total = taken + 1, total + reward
        if following is None or taken == world.most:
            returns.append(total)
            state, taken, total = world.begin(random), 0, 0.0
        else:
            state = following
    return returns


def random_returns(world: World, seed: int, steps: int) -> list[float]:
    """Returns of one who draws every action from all of them."""
    return float_returns(world, seed, steps, rate=0.0)
