"""The terms of the learning rules: the factors of each neuron's term, and their product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from axonloop.models.config import AxonFactor, CoreConfig, ParameterSet, Term
from axonloop.models.golden.arithmetic import Int64Array, saturate

_OFF = Term(AxonFactor.OFF)


def is_plain(parameters: ParameterSet) -> bool:
    """Say whether neurons of a set learn by the plain rule: no term of it is on."""
    return parameters.rule is not parameters.terms


@dataclass(frozen=True)
class Factors:
    """The factors of terms: rows by the numbers of `NeuronFactor`, `ThirdFactor`, `AxonFactor`.

    `neuron`: int64 `(4, neurons)`; `third`: int64 `(3, neurons)`; `axon`: int64 `(5, axons)`.
    """

    neuron: Int64Array
    third: Int64Array
    axon: Int64Array


class NumberedTerm:
    """Term number `number` of every neuron's set, off where the set has none.

    `shift`: int64 `(neurons,)`; `weighted`, `pulsed`: bool `(neurons,)`; `kinds`: the axon factors
    that are used.
    """

    def __init__(self, config: CoreConfig, number: int) -> None:
        sets = [config.parameter_sets[group.parameter_set] for group in config.groups]
        terms = [each.terms[number] if number < len(each.terms) else _OFF for each in sets]
        self._limit = config.geometry.error_max
        self._every = np.arange(config.geometry.neurons)

        def spread(name: str) -> Int64Array:
            values = np.array([int(getattr(term, name)) for term in terms], dtype=np.int64)
            return np.repeat(values, config.geometry.lanes)

        self.shift, self._axon = spread("shift"), spread("axon")
        self._neuron, self._third = spread("neuron"), spread("third")
        self._sign, self._scale = spread("sign"), spread("scale")
        self.number = number
        self.weighted, self.pulsed = spread("weighted") == 1, spread("pulsed") == 1
        self.kinds = [kind for kind in np.unique(self._axon).tolist() if kind != AxonFactor.OFF]

    def decrease(self, factors: Factors, kind: int) -> Int64Array:
        """c of every neuron whose term takes the axon factor `kind`, else 0: int64 `(neurons,)`."""
        n = factors.neuron[self._neuron, self._every]
        x = n * factors.third[self._third, self._every]
        size, _ = saturate(np.sign(x) * (np.abs(x) >> self._scale), self._limit)
        return np.where(self._axon == kind, -self._sign * size, 0)
