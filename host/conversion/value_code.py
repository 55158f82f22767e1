"""Numbers as spikes that come at once: one channel for every bit of a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.models.checks import require, require_range

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ValueCode:
    """A value is `low + step k`; k, in 0..2^bits - 1, is sent as its bits.

    Channel `input * bits + b` carries bit b. What lies outside is clipped.
    """

    low: float
    step: float
    bits: int

    @property
    def top(self) -> int:
        """The largest k."""
        return (1 << self.bits) - 1

    def numbers(self, values: Floats) -> NDArray[np.int64]:
        """The k of every value: the nearest, of the shape of `values`."""
        found = np.rint((values - self.low) / self.step)
        return np.clip(found, 0, self.top).astype(np.int64)

    def spikes(self, values: Floats) -> NDArray[np.bool_]:
        """The channels of samples `(samples, inputs)`: bool `(samples, inputs * bits)`."""
        numbers = self.numbers(values)
        bits = (numbers[:, :, None] >> np.arange(self.bits)) & 1
        return bits.reshape(len(values), -1).astype(np.bool_)

    def values(self, values: Floats) -> Floats:
        """What the chip takes the values for."""
        return self.low + self.step * self.numbers(values).astype(np.float64)

    def spread(self, weights: Floats) -> Floats:
        """Weights `(inputs, outputs)` as those of the channels, `(inputs * bits, outputs)`."""
        powers = self.step * 2.0 ** np.arange(self.bits)
        return (weights[:, None, :] * powers[:, None]).reshape(-1, weights.shape[1])


def fitted_code(values: Floats, bits: int) -> ValueCode:
    """The code of at most `bits` bits that holds all of `values`.

    Values on a grid that few enough bits can count, such as pixels of 0..16, are held exactly.
    """
    require_range("input_bits", bits, 1, 12)
    found = np.unique(values)
    low, high = float(found[0]), float(found[-1])
    require(high > low, "calibration inputs", "of more than one value", low)
    step = float(np.diff(found).min())
    numbers = (found - low) / step
    most = round(float(numbers[-1]))
    even = np.abs(numbers - np.rint(numbers)).max() < 1e-4
    if even and most < 1 << bits:
        return ValueCode(low, (high - low) / most, most.bit_length())
    return ValueCode(low, (high - low) / ((1 << bits) - 1), bits)
