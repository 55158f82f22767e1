"""The critic, on the host: what a state is worth, and by how much a step was better than that.

    delta = r + discount V(s') - V(s)          V(s) += rate delta

(Sutton & Barto 2018, section 13.5.) Delta is what the chip hears as its modulation M.
"""

from __future__ import annotations

import numpy as np

DISCOUNT, RATE = 0.95, 0.1


class Critic:
    """Values of the states, one copy's: float64 `(states,)`."""

    def __init__(self, states: int) -> None:
        self.values = np.zeros(states)

    def judge(self, state: int, following: int | None, reward: float) -> float:
        """How much better than thought a step was; the value moves there."""
        later = 0.0 if following is None else DISCOUNT * float(self.values[following])
        delta = reward + later - float(self.values[state])
        self.values[state] += RATE * delta
        return delta
