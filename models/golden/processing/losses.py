"""Gradients of a node's losses, in 2^-12, and the table of exponentials."""

from __future__ import annotations

import numpy as np

from axonloop.models.golden.arithmetic import Int64Array, saturate
from axonloop.models.golden.processing.constants import (
    LARGEST_LEVEL,
    TARGET_ONE,
    NodeConstants,
)

STEPS_PER_NAT = 32
"""Entries of the table for a factor of e."""
ENTRIES = 256
EXPONENTIALS: Int64Array = np.append(
    np.rint(2**15 * np.exp(-np.arange(ENTRIES) / STEPS_PER_NAT)).astype(np.int64), 0
)
"""X of the contract: 2^15 exp(-k / 32), and 0 behind its end."""


def softmax(level: Int64Array, constants: NodeConstants) -> Int64Array:
    """p of each class in 0..4096, from the levels `(classes,)`."""
    below = level.max() - level
    places = np.minimum(_scaled(below, constants), ENTRIES)
    found = EXPONENTIALS[places]
    reciprocal = ((1 << 31) - 1) // int(found.sum())
    probabilities: Int64Array = found * reciprocal + (1 << 18) >> 19
    return probabilities


def cross_entropy_gradient(
    level: Int64Array, target: Int64Array, constants: NodeConstants
) -> Int64Array:
    """The gradient of levels `(classes,)` whose class is the number `target`, `()`."""
    gradient = softmax(level, constants)
    gradient[target] -= TARGET_ONE
    return gradient


def outputs(level: Int64Array, constants: NodeConstants) -> tuple[Int64Array, int]:
    """The outputs of levels, of any shape, and how many were clipped."""
    found, clipped = saturate(_scaled(level, constants), LARGEST_LEVEL)
    return found, int(np.count_nonzero(clipped))


def mse_gradient(
    output: Int64Array, target: Int64Array, constants: NodeConstants
) -> tuple[Int64Array, int]:
    """The gradient of outputs `(classes,)` with numbers as targets, and how much was clipped."""
    error, far = saturate(output - target, LARGEST_LEVEL)
    gradient, steep = saturate(error * constants.gain + (1 << 13) >> 14, LARGEST_LEVEL)
    return gradient, int(np.count_nonzero(far) + np.count_nonzero(steep))


def _scaled(values: Int64Array, constants: NodeConstants) -> Int64Array:
    half = (1 << constants.scale_shift) >> 1
    return values * constants.scale + half >> constants.scale_shift
