"""Neurons in float.

A float population obeys, per tick, with x the sum of the weights of its spiking inputs:

    I' = current_decay I + x + bias
    V' = membrane_decay V + I' + drive

and spikes where V' is above its threshold, or, if `inclusive`, at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from axonloop.models.checks import require, require_number

Floats = NDArray[np.float64]


class FloatReset(StrEnum):
    """What a spike does to the membrane.

    `zero`: V = 0 in the same tick. `subtract`: one threshold is taken from V in the same tick.
    `late`: one threshold, or `taken` of it, is taken from V in the next tick, after V has decayed
    (snntorch's subtraction). `none`: nothing.
    """

    ZERO = "zero"
    SUBTRACT = "subtract"
    LATE = "late"
    NONE = "none"


@dataclass(frozen=True, eq=False)
class FloatPopulation:
    """Neurons in float; see the module for their equations.

    `weights`: arrays `(sources, neurons)`, one per projection that ends here. `thresholds`,
    `biases`, `drives`: `(neurons,)`. Decays lie in 0..1. All but decays are in the units of the
    thresholds. With `matched`, weights make up for what rounding does to a decay's sum. Raises
    ValueError for what is not finite or has another shape.
    """

    name: str
    membrane_decay: float
    thresholds: Floats
    weights: tuple[Floats, ...]
    current_decay: float = 0.0
    biases: Floats | None = None
    drives: Floats | None = None
    reset: FloatReset = FloatReset.ZERO
    inclusive: bool = False
    taken: float = 1.0
    matched: bool = False

    def __post_init__(self) -> None:
        for name in ("membrane_decay", "current_decay"):
            value = getattr(self, name)
            require_number(f"{name} of {self.name!r}", value)
            require(0 <= value <= 1, f"{name} of {self.name!r}", "in 0..1", value)
        size = len(self.thresholds)
        arrays = {"thresholds": self.thresholds, "biases": self.biases, "drives": self.drives}
        for name, array in arrays.items():
            if array is not None:
                good = array.shape == (size,)
                require(good, f"{name} of {self.name!r}", f"of shape {(size,)}", array.shape)
                _require_finite(f"{name} of {self.name!r}", array)
        low = float(self.thresholds.min())
        require(low > 0, f"thresholds of {self.name!r}", "above 0", low)
        for array in self.weights:
            good = array.ndim == 2 and array.shape[1] == size
            require(good, f"weights of {self.name!r}", f"of shape (sources, {size})", array.shape)
            _require_finite(f"weights of {self.name!r}", array)

    def in_thresholds(self, values: Floats | None) -> Floats:
        """Values per neuron, or weights, as parts of each neuron's threshold; None: zeros."""
        return np.zeros(len(self.thresholds)) if values is None else values / self.thresholds


def _require_finite(thing: str, array: Floats) -> None:
    bad = array[~np.isfinite(array)]
    require(not bad.size, thing, "finite numbers", float(bad[0]) if bad.size else None)
