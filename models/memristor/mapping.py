"""Weights as conductances: a pair of devices, or one device and a reference.

With a pair, W / limit range = G+ - G-, and many pairs stand for one weight; with one device,
W / limit range / 2 = G - (Gmax + Gmin) / 2: half the steps, half the area.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.models.checks import require, require_number, require_range
from axonloop.models.memristor.array import MemristorArray
from axonloop.models.memristor.memristor import Memristor

Floats = NDArray[np.float64]


class Pair(NamedTuple):
    """Two conductances per weight, in nS, each of the weights' shape."""

    plus: Floats
    minus: Floats


class WeightMapping:
    """Weights of -`limit` to `limit` on devices of a kind.

    With `bits`, whole weights of so many are to be held: ValueError where the device has fewer
    levels than that, and everywhere for weights beyond the limit.
    """

    def __init__(self, kind: Memristor, limit: float, bits: int | None = None) -> None:
        require_number("limit of weights", limit)
        require(limit > 0, "limit of weights", "above 0", limit)
        if bits is not None and kind.levels is not None:
            require_range("weight bits", bits, 2, 16)
            needed = 1 << (bits - 1)  # a sign is which of the two devices it is
            holds = kind.levels >= needed
            require(
                holds, f"levels of {kind.name}", f"{needed} or more for {bits} bits", kind.levels
            )
        self.kind, self.limit = kind, limit

    def _share(self, weights: ArrayLike) -> Floats:
        given = np.asarray(weights, np.float64)
        most = float(np.abs(given).max(initial=0))
        good = most <= self.limit
        require(good, "weights", f"in -{self.limit:g}..{self.limit:g}", most)
        return given / self.limit

    def least_power(self, weights: ArrayLike) -> Pair:
        """The pair that reading draws the least current from: one of the two is at Gmin."""
        difference = self._share(weights) * self.kind.range
        low = self.kind.low
        return Pair(low + np.maximum(difference, 0), low + np.maximum(-difference, 0))

    def centred(self, weights: ArrayLike) -> Pair:
        """The pair whose mean is the middle of the range: room to both sides."""
        half, middle = self._share(weights) * self.kind.range / 2, self.middle
        return Pair(middle + half, middle - half)

    def least_writes(self, weights: ArrayLike, now: Pair) -> Pair:
        """The pair that is reached from `now` by the fewest writes, and of these by fewest pulses.

        One device is written where its range allows it, else both, to the pair of least power.
        """
        kind = self.kind
        lacks = self._share(weights) * kind.range - (now.plus - now.minus)
        plus, minus = now.plus + lacks, now.minus - lacks
        cost_plus = np.abs(kind.pulses_for(now.plus, lacks))
        cost_minus = np.abs(kind.pulses_for(now.minus, -lacks))
        by_plus = np.isfinite(cost_plus) & (cost_plus <= cost_minus)
        by_minus = np.isfinite(cost_minus) & ~by_plus
        both = self.least_power(weights)
        return Pair(
            np.where(by_plus, plus, np.where(by_minus, now.plus, both.plus)),
            np.where(by_minus, minus, np.where(by_plus, now.minus, both.minus)),
        )

    def weights(self, pair: Pair) -> Floats:
        """What a pair stands for."""
        found: Floats = (pair.plus - pair.minus) / self.kind.range * self.limit
        return found

    @property
    def middle(self) -> float:
        """The reference, (Gmax + Gmin) / 2, in nS."""
        return (self.kind.high + self.kind.low) / 2

    def with_reference(self, weights: ArrayLike) -> Floats:
        """The conductance of the one device of each weight, in nS."""
        found: Floats = self.middle + self._share(weights) * self.kind.range / 2
        return found

    def against_reference(self, conductance: ArrayLike) -> Floats:
        """What one device and the reference stand for."""
        at = np.asarray(conductance, np.float64)
        found: Floats = (at - self.middle) / (self.kind.range / 2) * self.limit
        return found


class DifferentialArray:
    """Weights on pairs that are only ever potentiated: G+ to raise one, G- to lower it.

    A pair of which one device has passed the share `full` of its range is refreshed: both are set
    back to Gmin and the difference is written anew. `refreshes` counts these.
    """

    def __init__(
        self,
        mapping: WeightMapping,
        shape: tuple[int, ...],
        random: np.random.Generator,
        full: float = 0.9,
    ) -> None:
        require(0 < full < 1, "full", "a share of the range in 0..1", full)
        self.mapping, self._full = mapping, full
        self.plus = MemristorArray(mapping.kind, shape, random)
        self.minus = MemristorArray(mapping.kind, shape, random)
        self.refreshes = 0

    @property
    def weights(self) -> Floats:
        """What the pairs stand for now."""
        return self.mapping.weights(Pair(self.plus.conductance, self.minus.conductance))

    def change(self, wanted: ArrayLike) -> None:
        """Write changes of the weights, then refresh the pairs that are full."""
        given = np.broadcast_to(np.asarray(wanted, np.float64), self.plus.writes.shape)
        scaled = given / self.mapping.limit * self.mapping.kind.range
        self.plus.change(np.maximum(scaled, 0))
        self.minus.change(np.maximum(-scaled, 0))
        self._refresh()

    def _refresh(self) -> None:
        kind = self.mapping.kind
        most = kind.low + self._full * kind.range
        full = np.maximum(self.plus.conductance, self.minus.conductance) > most
        if not full.any():
            return
        self.refreshes += int(full.sum())
        wanted = self.plus.conductance - self.minus.conductance
        for array in (self.plus, self.minus):
            array.change(np.where(full, kind.low - array.conductance, 0))
        lacks = wanted - (self.plus.conductance - self.minus.conductance)
        lacks = np.where(full, lacks, 0)
        self.plus.change(np.maximum(lacks, 0))
        self.minus.change(np.maximum(-lacks, 0))
