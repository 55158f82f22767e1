"""Tables of a chip as both engines take them: of memristors, of masks, of noise at thresholds."""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import ChipConfig

LOGISTIC = tuple(round(32 * log((2 * k + 1) / (511 - 2 * k))) for k in range(256))
"""L of docs/contract.md, section 5: what noise adds to a threshold, in 1/32 of the temperature."""


def gains(chip: ChipConfig) -> NDArray[np.int32]:
    """R of every core: `(cores, 2, 256)`, for weights that fall, then for those that rise."""
    return _by_core(chip, "down_gain", "up_gain")


def gain_shifts(chip: ChipConfig) -> NDArray[np.int32]:
    """s of every core: `(cores, 2)`, down and up."""
    return _by_core(chip, "down_gain_shift", "up_gain_shift")


def shares(chip: ChipConfig) -> NDArray[np.int32]:
    """K of every core: `(cores, 2, 256)`, down and up."""
    return _by_core(chip, "down_share", "up_share")


def _by_core(chip: ChipConfig, *names: str) -> NDArray[np.int32]:
    found = [[getattr(core.memristor, name) for name in names] for core in chip.cores]
    return np.array(found, np.int32)


def row_parts(chip: ChipConfig) -> NDArray[np.int32]:
    """What every axon leaves of its weights, of 256: `(axons,)`."""
    return 256 - np.concatenate([np.array(core.row_loss, np.int32) for core in chip.cores])


def column_parts(chip: ChipConfig) -> NDArray[np.int32]:
    """What every neuron leaves of the sum of its weights, of 256: `(neurons,)`."""
    return 256 - np.concatenate([np.array(core.column_loss, np.int32) for core in chip.cores])
