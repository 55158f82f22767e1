"""A population in the chip's integers, and what they cost.

All errors are in thresholds: a membrane of 1 is one that is at its threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import ParameterSet


@dataclass(frozen=True)
class QuantisationError:
    """What the chip's integers of a population differ by from the float numbers.

    Decays: chip minus float. `weight_max`, `weight_rms`: in thresholds, `_lsb` in weight units.
    `bound`: no membrane is further than this from the float one, in thresholds, as long as both
    have had the same spikes in and out, over at most `ticks` ticks, and nothing saturates.
    `reach`: the largest membrane that any input can make; `room`: the largest that the state
    word holds.
    """

    membrane_decay: float
    current_decay: float
    threshold: float
    weight_max: float
    weight_rms: float
    weight_max_lsb: float
    weight_rms_lsb: float
    bound: float
    ticks: int
    reach: float
    room: float

    @property
    def headroom(self) -> float:
        """`room / reach`; at 1 and above nothing can saturate."""
        return self.room / self.reach if self.reach else math.inf


@dataclass(frozen=True, eq=False)
class QuantisedPopulation:
    """A population in the chip's integers; a membrane word is `scale` times a float membrane."""

    parameters: ParameterSet
    weights: tuple[NDArray[np.int64], ...]
    first_biases: tuple[int, ...]
    drives: tuple[int, ...]
    scale: float
    weight_scale: float
    weight_bits: int
    state_bits: int
    error: QuantisationError
