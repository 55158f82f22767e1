"""What readouts are to reach: a loss, what its targets are, and how a sample is scored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host.processing.core import CROSS_ENTROPY, Loss
from axonloop.host.processing.objective import ACCURACY, MSE, Measure


class LossName(StrEnum):
    """Losses that settings can name: one of classes, two of numbers, and integers of either."""

    CROSS_ENTROPY = "cross-entropy"
    MSE = "mse"
    SMOOTH_L1 = "smooth-l1"
    INTEGER = "integer"

    @property
    def function(self) -> Loss:
        """The loss itself, torch's, with a mean over the outputs."""
        named: dict[str, Loss] = {
            "cross-entropy": CROSS_ENTROPY,
            "mse": torch.nn.functional.mse_loss,
            "smooth-l1": torch.nn.functional.smooth_l1_loss,
        }
        return named[self]

    def takes(self, of_classes: bool) -> bool:
        """Can targets be classes, or else numbers?"""
        return self is LossName.INTEGER or (self is LossName.CROSS_ENTROPY) == of_classes


@dataclass(frozen=True)
class Goal:
    """The loss of readouts and the measure of their samples.

    `per_tick`: a target is a series, with an entry for each tick. `integer`: the loss is that of a
    processing node, in place of torch's.
    """

    loss: Loss = CROSS_ENTROPY
    measure: Measure = ACCURACY
    per_tick: bool = False
    integer: bool = False

    @classmethod
    def of(cls, of_classes: bool, loss: Loss | str | None, per_tick: bool = False) -> Goal:
        """That of targets that are classes, or else numbers.

        `loss`: a function of torch, a `LossName`, or None for the usual one: cross-entropy or mse.
        """
        usual = LossName.CROSS_ENTROPY if of_classes else LossName.MSE
        integer = loss == LossName.INTEGER
        named = usual if integer or loss is None else loss
        function = LossName(named).function if not callable(named) else named
        return cls(function, ACCURACY if of_classes else MSE, per_tick, integer)


def mean_target(targets: Iterable[NDArray[Any]]) -> NDArray[np.float64]:
    """The mean of each output, `(outputs,)`, over targets `(outputs,)` or `(ticks, outputs)`."""
    total, count = np.zeros(1), 0
    for target in targets:
        total = total + target.reshape(-1, target.shape[-1]).mean(0)
        count += 1
    mean: NDArray[np.float64] = total / max(1, count)
    return mean


def baseline_mse(mean: NDArray[np.float64], targets: Iterable[NDArray[Any]]) -> float:
    """The mean squared error of who answers `mean` `(outputs,)` to every sample."""
    errors = [float(np.square(target - mean).mean()) for target in targets]
    return float(np.mean(errors))
