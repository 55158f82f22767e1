"""What a processing node is set up with: the first table of section 13 of docs/contract.md."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike

from axonloop.models.arrays import ranged
from axonloop.models.checks import require, require_member, require_range
from axonloop.models.config import MAX_CLASSES, MAX_HEARD, NodeEncoding
from axonloop.models.golden.arithmetic import Int64Array

MAX_THRESHOLD = 1 << 22
MAX_SCALE = (1 << 16) - 1
MAX_WANTED = (1 << 15) - 1
LARGEST_LEVEL = (1 << 15) - 1
"""Largest magnitude of a level, an output, a target or a gradient."""
CONTROL_SHIFT = 8
"""Bits of A behind the point of the threshold."""
SHARE_ONE = 1 << 15
"""All neurons of a node, as the controller counts them."""
TARGET_ONE = 1 << 12
"""Steps of outputs, targets and gradients in 1."""
WEIGHT_MAX = 127


class NodeLoss(IntEnum):
    """The losses of a node."""

    CROSS_ENTROPY = 0
    MSE = 1


RANGES = {
    "leak": (0, 4096),
    "rise": (0, 8),
    "scale": (1, MAX_SCALE),
    "scale_shift": (0, 16),
    "gain": (0, 65535),
    "burn_in": (0, 65535),
    "threshold": (1, MAX_THRESHOLD),
    "limit": (1, 127),
    "wanted": (0, MAX_WANTED),
    "slowness": (1, 15),
}


@dataclass(frozen=True, eq=False)
class NodeConstants:
    """The constants of a node, by the names of the contract's table.

    `readout`, `feedback`: int `(classes, neurons)` in -127..127. Raises ValueError for what is out
    of range.
    """

    readout: ArrayLike
    feedback: ArrayLike
    leak: int
    rise: int
    scale: int
    scale_shift: int
    loss: NodeLoss = NodeLoss.CROSS_ENTROPY
    gain: int = 0
    burn_in: int = 0
    encoder: NodeEncoding = NodeEncoding.SIGMA_DELTA
    threshold: int = 1
    limit: int = 1
    wanted: int = 0
    slowness: int = 4

    def __post_init__(self) -> None:
        for name in ("readout", "feedback"):
            matrix = ranged(name, getattr(self, name), -WEIGHT_MAX, WEIGHT_MAX)
            require(matrix.ndim == 2, name, "of shape (classes, neurons)", matrix.shape)
            object.__setattr__(self, name, matrix)
        shape = self.columns.shape
        require(self.rows.shape == shape, "feedback", f"of shape {shape}", self.rows.shape)
        require_range("classes of a node", shape[0], 1, MAX_CLASSES)
        require_range("neurons of a node", shape[1], 1, MAX_HEARD)
        for name, (low, high) in RANGES.items():
            require_range(name, getattr(self, name), low, high)
        for name, kind in (("loss", NodeLoss), ("encoder", NodeEncoding)):
            object.__setattr__(self, name, require_member(name, getattr(self, name), kind))

    @property
    def columns(self) -> Int64Array:
        """The readout G, int64 `(classes, neurons)`."""
        return np.asarray(self.readout)

    @property
    def rows(self) -> Int64Array:
        """The feedback F, int64 `(classes, neurons)`."""
        return np.asarray(self.feedback)

    @property
    def classes(self) -> int:
        """Outputs of the readout."""
        return len(self.columns)

    @property
    def neurons(self) -> int:
        """Neurons that the node hears."""
        return len(self.columns.T)

    @property
    def share(self) -> int:
        """A neuron, in 2^-15 of all."""
        return (2 * SHARE_ONE + self.neurons) // (2 * self.neurons)
