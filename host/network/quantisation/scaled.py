"""One population while its scales are chosen; everything here is in thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from axonloop.host.network.quantisation.chip_decay import ChipDecay, chip_decay
from axonloop.host.network.quantisation.float_population import FloatPopulation, FloatReset, Floats

_USUAL_REACH = dict.fromkeys(FloatReset, 4096.0) | {FloatReset.ZERO: 64.0}
"""Thresholds that a membrane is given room for at least, where the worst case asks for more."""
_FINE = 4096
"""Units per threshold that are enough, where nothing leaks slowly: the rest is room."""


@dataclass(frozen=True, eq=False)
class Scaled:
    """A population's weights, biases and drives, matched to its decays on the chip."""

    population: FloatPopulation
    state_max: int
    ticks: int
    alpha: ChipDecay
    beta: ChipDecay
    weights: tuple[Floats, ...]
    biases: Floats
    drives: Floats

    @property
    def inputs(self) -> tuple[Floats, ...]:
        """Weights, and biases as if one more neuron spiked in every tick."""
        return (*self.weights, self.biases[None])

    @property
    def largest(self) -> float:
        """The largest weight or bias."""
        sizes = [float(np.abs(array).max()) for array in self.inputs if array.size]
        return max(sizes, default=0.0)


def scaled(population: FloatPopulation, state_bits: int, ticks: int) -> Scaled:
    """A population in thresholds, for state words of `state_bits` and runs of `ticks`."""
    alpha = chip_decay(population, "membrane_decay")
    beta = chip_decay(population, "current_decay")
    both = alpha.match * beta.match
    return Scaled(
        population,
        (1 << (state_bits - 1)) - 1,
        ticks,
        alpha,
        beta,
        tuple(population.in_thresholds(array) * both for array in population.weights),
        population.in_thresholds(population.biases) * both,
        population.in_thresholds(population.drives) * alpha.match,
    )


@dataclass(frozen=True)
class Reach:
    """The largest values that any inputs can make of a population, in thresholds.

    `inputs`: of a tick; `reset`: what late resets leave in R; `need`: the membrane that a state
    word must hold at least.
    """

    inputs: float
    current: float
    membrane: float
    reset: float
    need: float


def reach_of(own: Scaled) -> Reach:
    """How far inputs can drive a population whose decays are the chip's."""
    reset = own.population.reset
    rises = [np.maximum(array, 0).sum(axis=0) for array in own.inputs]
    falls = [np.maximum(-array, 0).sum(axis=0) for array in own.inputs]
    memory, keep = own.beta.sum(own.ticks), own.alpha.sum(own.ticks)
    rise, fall = sum(rises) * memory, sum(falls) * memory
    up, down = rise + np.maximum(own.drives, 0), fall + np.maximum(-own.drives, 0)
    top = 1 + up if reset is FloatReset.ZERO else up * keep
    late = own.population.taken * keep if reset is FloatReset.LATE else 0.0
    membrane = float(max(top.max(), (down * keep).max(), late))
    slow = max(1.0, keep / 32) if own.alpha.truncation else 1.0
    room = max(_USUAL_REACH[reset], own.state_max / (_FINE * slow), 1 + float(up.max()))
    return Reach(
        inputs=float(max(sum(rises).max(), sum(falls).max())),
        current=float(max(rise.max(), fall.max())),
        membrane=membrane,
        reset=late,
        need=min(membrane, room),
    )
