"""What rounding does to weights and biases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from axonloop.host.network.quantisation.scaled import Scaled


@dataclass(frozen=True)
class Rounding:
    """Errors in thresholds: the largest sum of a neuron's, the largest one, and their rms."""

    sum: float
    max: float
    rms: float


def rounding_of(own: Scaled, q: float) -> Rounding:
    """The errors of weights and biases in whole numbers of 1/q thresholds."""
    errors = [np.abs(np.rint(array * q) / q - array) for array in own.inputs]
    there = [error[array != 0] for error, array in zip(errors, own.inputs, strict=True)]
    every = np.concatenate(there)
    sums = sum(error.sum(axis=0) for error in errors)
    rms = float(np.sqrt((every**2).mean())) if every.size else 0.0
    return Rounding(float(np.max(sums)), float(every.max(initial=0)), rms)
