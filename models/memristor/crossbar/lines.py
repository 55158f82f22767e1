"""The wires of a crossbar: many resistor chains at once, without a difference of large numbers.

A chain has a node at each cell, a wire of conductance `wire` between neighbours, one more from node
0 to a terminal at 0 V, an open far end, and a leak to 0 V at each node. Its nodal equations are
tridiagonal. Eliminated from the far end, the leak seen at a node is its own and what is behind one
wire in series: only sums and products of positive numbers, so small leaks beside large wires keep
all their digits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Lines:
    """Chains along the first axis: `leaks` `(nodes, ...)` > 0 or 0, in S, and `wire` in S."""

    def __init__(self, leaks: Floats, wire: float) -> None:
        seen = np.empty_like(leaks)
        seen[-1] = leaks[-1]
        for node in range(len(leaks) - 2, -1, -1):
            behind = seen[node + 1]
            seen[node] = leaks[node] + wire * behind / (wire + behind)
        self._resistance = 1 / (wire + seen)
        self._share = wire * self._resistance

    def voltages(self, currents: Floats) -> Floats:
        """The voltages of all nodes, in V, for currents into them, in A, both `(nodes, ...)`."""
        solved = currents.copy()
        share, resistance = self._share, self._resistance
        product = np.empty_like(solved[0])
        for node in range(len(solved) - 2, -1, -1):
            np.multiply(share[node + 1], solved[node + 1], out=product)
            solved[node] += product
        solved *= resistance
        for node in range(1, len(solved)):
            np.multiply(share[node], solved[node - 1], out=product)
            solved[node] += product
        return solved


def wire_currents(voltages: Floats, wire: float) -> Floats:
    """What leaves each node through its wires, in A, for voltages `(nodes, ...)` of chains."""
    toward_terminal = np.diff(voltages, axis=0, prepend=0.0) * wire
    found = toward_terminal.copy()
    found[:-1] -= toward_terminal[1:]
    return found
