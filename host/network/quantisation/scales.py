"""The choices of scale among which the best is searched.

The chip's words follow from one number, `scale`: units of the membrane per threshold.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from axonloop.host.network.quantisation.float_population import Floats
from axonloop.host.network.quantisation.scaled import Reach, Scaled


@dataclass(frozen=True)
class Scales:
    """A choice: `q` weight units per threshold, shifts, and `scale` that follows from them."""

    q: float
    w_exp: int
    i_shift: int

    @property
    def scale(self) -> float:
        return self.q * 2.0 ** (self.w_exp - self.i_shift)


def scales_of(own: Scaled, reach: Reach, weight_bits: int) -> Iterator[Scales]:
    """The weight units, each with all shifts that keep membrane and current in their words."""
    for q in _units(own, (1 << (weight_bits - 1)) - 1):
        for w_exp in range(8):
            for i_shift in range(16 if own.beta.word else 8):
                choice = Scales(q, w_exp, i_shift)
                current = reach.current * choice.scale * 2.0**i_shift
                fits = max(reach.need * choice.scale, current) <= own.state_max
                if fits and choice.scale >= 4:
                    yield choice


def _units(own: Scaled, weight_max: int) -> Iterator[float]:
    """Weight units per threshold that keep the largest weight in its word."""
    if not own.largest:
        yield 1.0
        return
    full = weight_max / own.largest
    unit = _common_unit(np.concatenate([array.ravel() for array in own.inputs]))
    most = math.floor(full / unit * (1 + 1e-12)) if unit else 0
    for shrink in range(12):
        yield full / 2**shrink
        yield 2.0 ** math.floor(math.log2(full) - shrink)
        if most >> shrink:
            yield (most >> shrink) * unit


def _common_unit(values: Floats) -> float:
    """A factor that makes all values whole numbers; 0 if none is found."""
    some = np.abs(values[values != 0])
    smallest = float(some.min())
    for part in range(1, 17):
        multiples = some * (part / smallest)
        if np.abs(multiples - np.rint(multiples)).max() < 1e-9 * multiples.max():
            return part / smallest
    return 0.0
