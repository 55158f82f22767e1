"""An array of memristors: each its own, each with its conductance and the writes it has had."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.models.checks import require, require_number
from axonloop.models.memristor.memristor import Memristor

Floats = NDArray[np.float64]


class MemristorArray:
    """Devices of one kind in an array of `shape`, all at `conductance` in nS, by default Gmin.

    `conductance` and `writes` are arrays of `shape`. What varies between devices is drawn at once
    from `random`, what varies between writes as they happen.
    """

    def __init__(
        self,
        kind: Memristor,
        shape: tuple[int, ...],
        random: np.random.Generator,
        conductance: ArrayLike | None = None,
    ) -> None:
        self.kind, self._random = kind, random
        spread = kind.spread
        self._rates = spread.rates(random, shape), spread.rates(random, shape)
        self.low, self.high = spread.ends(random, shape, kind.low, kind.high)
        self.writes = np.zeros(shape, np.int64)
        at = self.low if conductance is None else np.asarray(conductance, np.float64)
        self.conductance = np.clip(np.broadcast_to(at, shape), self.low, self.high)

    @property
    def stuck(self) -> NDArray[np.bool_]:
        """The devices that have had all the writes they bear."""
        return self.writes >= self.kind.endurance

    def pulse(self, pulses: ArrayLike) -> None:
        """Write: pulses > 0 potentiate, < 0 depress, 0 leaves a device alone.

        ValueError for pulses that are not finite or of another shape.
        """
        given = np.broadcast_to(np.asarray(pulses, np.float64), self.conductance.shape)
        require(bool(np.isfinite(given).all()), "pulses", "finite", "NaN or infinite")
        written = (given != 0) & ~self.stuck
        if not written.any():
            return
        effect = given * self.kind.spread.writes(self._random, given.shape)
        effect = effect * np.where(given > 0, *self._rates)
        self.conductance = np.where(written, self._moved(effect), self.conductance)
        self.writes += written

    def change(self, wanted: ArrayLike) -> None:
        """Write changes in nS, with the pulses that the kind takes for them: the compensation.

        A change to the end of the range or beyond gets the pulses of 99 % of the way.
        """
        at = np.clip(self.conductance, self.kind.low, self.kind.high)
        change = np.broadcast_to(np.asarray(wanted, np.float64), at.shape)
        up, down = 0.99 * (self.kind.high - at), 0.99 * (self.kind.low - at)
        self.pulse(self.kind.pulses_for(at, np.clip(change, down, up)))

    def verify(self, wanted: ArrayLike, tolerance: float, most: int = 20) -> int:
        """Read, and write what lacks, until all are within `tolerance` nS; the rounds it took.

        After `most` rounds, some may not be: stuck ones, or beyond a device's range.
        """
        require_number("tolerance", tolerance)
        require(tolerance > 0, "tolerance", "above 0 nS", tolerance)
        for done in range(most):
            lacks = np.asarray(wanted, np.float64) - self.conductance
            off = np.abs(lacks) > tolerance
            if not off.any():
                return done
            self.change(np.where(off, lacks, 0.0))
        return most

    def age(self, seconds: float, celsius: float = 25.0) -> None:
        """Let time pass without a write."""
        self.conductance = np.clip(self.kind.aged(self.conductance, seconds, celsius), 0, self.high)

    def _moved(self, effect: Floats) -> Floats:
        """Conductances after pulses: the kind's steps, in the range of each device."""
        kind = self.kind
        wide = (self.high - self.low) / kind.range
        wide = np.where(wide > 0, wide, 1.0)
        at = kind.low + (self.conductance - self.low) / wide
        found = self.low + (at + kind.step(at, effect) - kind.low) * wide
        return np.clip(found if kind.levels is None else self._settled(found), self.low, self.high)

    def _settled(self, conductance: Floats) -> Floats:
        """The stable states below or above, at random, so that the mean stays."""
        assert self.kind.levels is not None
        gap = (self.high - self.low) / (self.kind.levels - 1)
        gap = np.where(gap > 0, gap, 1.0)
        level = np.floor((conductance - self.low) / gap + self._random.random(gap.shape))
        found: Floats = self.low + level * gap
        return found
