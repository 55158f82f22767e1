"""Error events of a node: what its neurons are wrong by, in whole thresholds; its controller."""

from __future__ import annotations

import numpy as np

from axonloop.models.config import NodeEncoding
from axonloop.models.golden.arithmetic import Int64Array, saturate
from axonloop.models.golden.processing.constants import (
    CONTROL_SHIFT,
    MAX_THRESHOLD,
    NodeConstants,
)

RESIDUE = (1 << 23) - 1
"""Largest magnitude of what a neuron is wrong by."""


class NodeEncoder:
    """`residue` R of each neuron, int64 `(neurons,)`; `control` A; `clipped` of the last tick."""

    def __init__(self, constants: NodeConstants) -> None:
        self._constants = constants
        self.residue: Int64Array = np.zeros(constants.neurons, dtype=np.int64)
        self.control = constants.threshold << CONTROL_SHIFT
        self.clipped = 0

    def encode(self, wrong: Int64Array) -> Int64Array:
        """The error values of the exact sums `wrong`, both `(neurons,)`; the controller moves."""
        kind, theta = self._constants.encoder, self.control >> CONTROL_SHIFT
        wrong, lost = saturate(wrong, RESIDUE)
        self.clipped = int(np.count_nonzero(lost))
        if kind == NodeEncoding.SIGMA_DELTA:
            wrong, lost = saturate(self.residue + wrong, RESIDUE)
            self.clipped += int(np.count_nonzero(lost))
        magnitude = np.abs(wrong)
        if kind == NodeEncoding.DENSE:
            steps = (2 * magnitude + theta) // (2 * theta)
        else:
            steps = magnitude // theta
        errors: Int64Array = np.sign(wrong) * np.minimum(steps, self._constants.limit)
        if kind == NodeEncoding.SIGMA_DELTA:
            self.residue = wrong - errors * theta
        if self._constants.wanted:
            self._move(int(np.count_nonzero(errors)))
        return errors

    def _move(self, events: int) -> None:
        """Move the threshold after a tick with so many events."""
        constants = self._constants
        surplus = (16 * events - constants.wanted) * constants.share >> 4
        surplus = max(-(2**15 - 1), min(surplus, 2**15 - 1))
        moved = self.control + (self.control * surplus >> 15 + constants.slowness)
        self.control = min(max(moved, 1 << CONTROL_SHIFT), MAX_THRESHOLD << CONTROL_SHIFT)
