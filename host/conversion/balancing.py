"""Balanced integers for integrate-and-fire neurons: rates of spikes that stand for activations.

A neuron of a stage gets x = sum of weights and bias in every tick, and spikes whenever another
`activation` has come together; what is above its threshold stays (reset by subtraction), so after
T ticks it has spiked about T relu(x) / activation times, and at most T times. `activation` is a
high percentile of what the stage puts out on the calibration inputs: Diehl et al. 2015 took the
maximum, Rueckauer et al. 2017 the percentile, which a rare large value does not spoil.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.host.conversion.stages import Floats, Stage
from axonloop.models.checks import require

Integers = NDArray[np.int64]
_ROOM = 1.5
"""Room of a membrane, in largest inputs of the calibration."""


@dataclass(frozen=True, eq=False)
class BalancedStage:
    """A stage in the chip's integers.

    `weights` `(channels, neurons)` and `drives` `(neurons,)` add to the membrane in every tick,
    `units` of it per activation of 1. A spike of a rectified stage stands for `activation`, its
    threshold is `theta`; the membrane of the last one is read. `rounding`: the root of the mean
    square of the weights' rounding, in weight units; `clipped`: the share of the calibration's
    activations that are above `activation`.
    """

    weights: Integers
    drives: Integers
    units: float
    activation: float
    theta: int
    rounding: float
    clipped: float


def balanced(
    stages: Sequence[Stage],
    channels: Floats,
    percentile: float,
    weight_max: int,
    state_max: int,
    ticks: int,
) -> list[BalancedStage]:
    """The integers of all stages.

    `channels` `(samples, inputs)` is what the first stage gets in calibration. Membranes keep to
    the state word for `ticks` ticks of such inputs, with half as much room again.
    """
    found: list[BalancedStage] = []
    heard, before = channels, 1.0
    for number, stage in enumerate(stages):
        last = number == len(stages) - 1
        sums = heard @ stage.weights + stage.biases
        heard = np.maximum(sums, 0)
        activation = 1.0 if last else _activation(number, heard, percentile)
        weights = stage.weights * before
        largest = float(np.abs(weights).max())
        require(largest > 0, f"weights of layer{number + 1}", "other than 0 alone", largest)
        most = _ROOM * ticks * max(float(np.abs(sums).max()), float(np.abs(stage.biases).max()))
        units = min(weight_max / largest, (state_max - 1) / (activation + most))
        theta = state_max if last else max(1, round(units * activation))
        units = units if last else theta / activation
        whole = np.clip(np.rint(weights * units), -weight_max, weight_max)
        found.append(
            BalancedStage(
                whole.astype(np.int64),
                np.rint(stage.biases * units).astype(np.int64),
                units,
                activation,
                theta,
                float(np.sqrt(np.square((whole - weights * units)[weights != 0]).mean())),
                0.0 if last else float((heard > activation).mean()),
            )
        )
        before = activation
    return found


def _activation(number: int, heard: Floats, percentile: float) -> float:
    found = float(np.percentile(heard, percentile))
    thing = f"activations of layer{number + 1} at the percentile {percentile:g}"
    require(found > 0, thing, "above 0 on the calibration inputs", found)
    return found
