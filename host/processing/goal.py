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
    """Losses that settings can name: one of classes, two of numbers."""

    CROSS_ENTROPY = "cross-entropy"
    MSE = "mse"
    SMOOTH_L1 = "smooth-l1"

    @property
    def function(self) -> Loss:
        """The loss itself, torch's, with a mean over the outputs."""
        named: dict[str, Loss] = {
            "cross-entropy": CROSS_ENTROPY,
            "mse": torch.nn.functional.mse_loss,
            "smooth-l1": torch.nn.functional.smooth_l1_loss,
        }
        return named[self]

    @property
    def of_classes(self) -> bool:
        """Are its targets classes? Else they are numbers."""
        return self is LossName.CROSS_ENTROPY


@dataclass(frozen=True)
class Goal:
    """The loss of readouts and the measure of their samples.

    `per_tick`: a target is a series, with an entry for each tick.
    """

    loss: Loss = CROSS_ENTROPY
    measure: Measure = ACCURACY
    per_tick: bool = False

    @classmethod
    def of(cls, of_classes: bool, loss: Loss | str | None, per_tick: bool = False) -> Goal:
        """That of targets that are classes, or else numbers.

        `loss`: a function of torch, a `LossName`, or None for the usual one: cross-entropy or mse.
        """
        usual = LossName.CROSS_ENTROPY if of_classes else LossName.MSE
        function = LossName(loss or usual).function if not callable(loss) else loss
        return cls(function, ACCURACY if of_classes else MSE, per_tick)


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
