"""The bound on the membrane's error that a choice of scales has."""

from __future__ import annotations

import numpy as np

from axonloop.host.network.quantisation.float_population import FloatReset
from axonloop.host.network.quantisation.rounding import Rounding, rounding_of
from axonloop.host.network.quantisation.scaled import Reach, Scaled
from axonloop.host.network.quantisation.scales import Scales
from axonloop.host.network.quantisation.words import decay_sum, threshold_word


class Bound:
    """The bound of `QuantisationError` for each choice of scales.

    An error e per tick in a value that decays by k makes at most e (1 + k + k^2 + ...). In
    each tick the current errs by its weights' rounding, by the truncation of its decay, and
    by the decay's own error times the largest current; the membrane by what the current
    does, by its shift and truncation, and by its decay's error times the largest membrane.
    """

    def __init__(self, own: Scaled, reach: Reach) -> None:
        self.own, self.reach = own, reach
        self._decays_apart = self._matched_decays()
        self._rounding: dict[float, Rounding] = {}

    def of(self, choice: Scales) -> float:
        """The bound, in thresholds."""
        own, population, unit = self.own, self.own.population, 1 / choice.scale
        current = self.rounding(choice.q).sum
        if not population.matched:
            current += abs(own.beta.error) * self.reach.current
        current += own.beta.truncation * unit / 2**choice.i_shift
        step = current * own.beta.sum(own.ticks) + (unit if choice.i_shift else 0.0)
        step += own.alpha.truncation * unit + (0.5 * unit if own.drives.any() else 0.0)
        if not population.matched:
            step += abs(own.alpha.error) * (self.reach.membrane + self.reach.reset)
        if population.reset is FloatReset.LATE:
            step += 0.5 * unit + own.alpha.truncation * unit
        if population.reset is FloatReset.SUBTRACT:
            theta = threshold_word(choice.scale, population.inclusive)
            step += abs(theta * unit - 1)
        return float(step * own.alpha.sum(own.ticks)) + self._decays_apart

    def rounding(self, q: float) -> Rounding:
        """What rounding does with `q` weight units per threshold."""
        if q not in self._rounding:
            self._rounding[q] = rounding_of(self.own, q)
        return self._rounding[q]

    def _matched_decays(self) -> float:
        """What the rounding of matched decays makes of the largest inputs, at the membrane."""
        own, population = self.own, self.own.population
        if not population.matched:
            return 0.0
        taken = {FloatReset.LATE: population.taken, FloatReset.SUBTRACT: 1.0}
        inputs = self.reach.current + float(np.abs(own.drives).max(initial=0))
        inputs += taken.get(population.reset, 0.0)
        current = own.beta.apart(own.ticks) * self.reach.inputs
        keep = decay_sum(population.membrane_decay, own.ticks)
        return own.alpha.apart(own.ticks) * inputs + current * keep
