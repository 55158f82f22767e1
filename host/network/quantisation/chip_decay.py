"""A decay of the chip beside the float one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from axonloop.host.network.quantisation.float_population import FloatPopulation, FloatReset
from axonloop.host.network.quantisation.words import decay_sum, decay_word, truncation_of
from axonloop.models.config import DECAY_ONE


@dataclass(frozen=True)
class ChipDecay:
    """A float decay as a word in 1/4096; `match` gives the word the sum of the decay itself."""

    exact: float
    word: int
    match: float

    @property
    def kept(self) -> float:
        """What the chip keeps in a tick, in 0..1."""
        return self.word / DECAY_ONE

    @property
    def error(self) -> float:
        """Chip minus float."""
        return self.kept - self.exact

    @property
    def truncation(self) -> float:
        """The most that truncation takes in a tick, in units of the word that decays."""
        return truncation_of(self.word)

    def sum(self, ticks: int) -> float:
        """1 + k + k^2 + ... of what the chip keeps, over `ticks` terms."""
        return decay_sum(self.kept, ticks)

    def apart(self, ticks: int) -> float:
        """The sum over `ticks` of the distances between the word, as matched, and the decay."""
        times = np.arange(ticks)
        return float(np.abs(self.match * self.kept**times - self.exact**times).sum())


def chip_decay(population: FloatPopulation, name: str) -> ChipDecay:
    """The decay of this name on the chip; it is matched where the population asks for it."""
    exact: float = getattr(population, name)
    word = decay_word(f"{name} of {population.name!r}", exact)
    long = population.reset in (FloatReset.LATE, FloatReset.NONE)  # sums that no reset cuts off
    matched = population.matched and long and 0 < word < DECAY_ONE
    return ChipDecay(exact, word, (1 - word / DECAY_ONE) / (1 - exact) if matched else 1.0)
