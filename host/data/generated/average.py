"""What a readout of the inputs' averages over time gets: the control for whatever uses time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.spike_encoders import SCORING, generator
from axonloop.host.data.user_data import Data, DataPart

PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
"""Squared weights' shares in the loss; the validation part chooses."""
STEPS, MOMENTUM = 400, 0.9


def averaged_readout(data: Data) -> dict[str, float]:
    """The accuracy, in 0..1, of logistic regression on each channel's share of ticks with a spike.

    "validation" is the best of PENALTIES, and "test" that of the same penalty. The channels are
    scaled to the training part's mean 0 and standard deviation 1. Targets are classes.
    """
    train, validation, test = (averages(part) for part in (data.train, data.validation, data.test))
    middle, spread = train.mean(0), train.std(0)
    scaled = [
        (each - middle) / np.where(spread > 0, spread, 1) for each in (train, validation, test)
    ]
    classes = [_classes(part) for part in (data.train, data.validation, data.test)]
    best = {"validation": -1.0, "test": -1.0}
    for penalty in PENALTIES:
        weights = fitted(scaled[0], classes[0], data.outputs, penalty)
        answers = [(_with_one(own) @ weights).argmax(1) for own in scaled[1:]]
        shares = [float((a == c).mean()) for a, c in zip(answers, classes[1:], strict=True)]
        if shares[0] > best["validation"]:
            best = {"validation": shares[0], "test": shares[1]}
    return best


def averages(part: DataPart) -> NDArray[np.float64]:
    """The share of ticks in which each channel spikes, `(samples, channels)`; 0 for no samples."""
    rasters = (
        part.raster(place, generator(0, SCORING, part.number(place))) for place in range(len(part))
    )
    return np.array([raster.mean(0) for raster in rasters])


def fitted(
    values: NDArray[np.float64], classes: NDArray[np.int64], count: int, penalty: float
) -> NDArray[np.float64]:
    """Weights `(values + 1, count)` of logistic regression, by accelerated descent."""
    inputs = _with_one(values)
    wanted = np.eye(count)[classes]
    weights = np.zeros((inputs.shape[1], count))
    ahead = weights
    largest = float(np.linalg.norm(inputs, 2)) ** 2 / len(inputs)
    rate = 1 / (largest / 2 + penalty)
    for _ in range(STEPS):
        logits = inputs @ ahead
        chances = np.exp(logits - logits.max(1, keepdims=True))
        chances /= chances.sum(1, keepdims=True)
        slope = inputs.T @ (chances - wanted) / len(inputs) + penalty * ahead
        new = ahead - rate * slope
        weights, ahead = new, new + MOMENTUM * (new - weights)
    return weights


def _with_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.hstack([values, np.ones((len(values), 1))])


def _classes(part: DataPart) -> NDArray[np.int64]:
    return np.array([part.target(place) for place in range(len(part))], np.int64)
