"""Learning: W -= round(c * a), where a factor of the neuron and one of the axon are not 0.

The plain, error-triggered rule has c = E and a = Pq; a parameter set with terms has theirs instead.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import CoreConfig, Purpose, Rounding
from axonloop.models.golden.arithmetic import (
    Int64Array,
    Moment,
    Rounder,
    codewords,
    per_neuron,
    saturate,
    wrap,
)
from axonloop.models.golden.learning.memristor import MemristorTerm
from axonloop.models.golden.learning.terms import Factors, NumberedTerm, is_plain
from axonloop.models.golden.neurons import Neurons, NeuronTrace
from axonloop.models.golden.synapses import Synapses, Traces


class Learning:
    """`gated`, `ungated`: error sums int64 `(neurons,)`, wrapping in error_bits + 8 bits.

    `modulation`: M, which terms may take.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.geometry = config.geometry
        self._codes = codewords(np.arange(self.geometry.axons))
        self.clear()
        self.configure(config)

    def clear(self) -> None:
        """Forget all errors; no modulation."""
        self.forget()
        self.modulation = 0

    def forget(self) -> None:
        """Forget all errors."""
        self.gated: Int64Array = np.zeros(self.geometry.neurons, dtype=np.int64)
        self.ungated: Int64Array = np.zeros(self.geometry.neurons, dtype=np.int64)

    def configure(self, config: CoreConfig) -> None:
        """Take over terms, eta_shift and rounding of the groups' parameter sets."""
        self.core = config.core
        nearest = per_neuron(config, "rounding") == Rounding.NEAREST
        self._plain = Rounder(per_neuron(config, "eta_shift"), nearest, self._codes, Purpose.TERM)
        plain = [is_plain(config.parameter_sets[group.parameter_set]) for group in config.groups]
        self._is_plain = np.repeat(plain, config.geometry.lanes)
        numbered = [NumberedTerm(config, k) for k in range(config.geometry.terms)]
        self._terms = [
            (term, Rounder(term.shift, nearest, self._codes, Purpose.TERM + k))
            for k, term in enumerate(numbered)
            if term.kinds
        ]
        self._seeing = {
            term.number: MemristorTerm(config, term, nearest, self._codes)
            for term, _ in self._terms
            if (term.weighted | term.pulsed).any()
        }

    def add(self, neurons: Int64Array, values: Int64Array, ungated: bool) -> None:
        """Add error events; a neuron may have several."""
        sums = self.ungated if ungated else self.gated
        np.add.at(sums, neurons, values)
        sums[neurons] = wrap(sums[neurons], self.geometry.error_sum_bits)

    def errors(self, box: NDArray[np.bool_]) -> Int64Array:
        """E of every neuron from the sums and the boxcar: int64 `(neurons,)`."""
        limit = self.geometry.error_max
        gated, _ = saturate(self.gated, limit)
        ungated, _ = saturate(self.ungated, limit)
        return saturate(gated * box + ungated, limit)[0]

    def apply(
        self,
        synapses: Synapses,
        neurons: Neurons,
        trace: NeuronTrace,
        traces: Traces,
        seed: int,
        tick: int,
    ) -> tuple[int, int, int]:
        """Learn once and zero the sums; return visits, updates and writes.

        `tick` is the tick that the state belongs to. Only the rows and columns with a factor
        that is not 0 are touched; a synapse counts once for every term that touches it.
        """
        errors, when = self.errors(neurons.box), (seed, tick, self.core)
        self.forget()
        plain = errors * self._is_plain
        counts = [synapses.subtract(plain, traces.trace_pq, self._plain, when)]
        writes = 0
        if self._terms:
            factors = self._factors(errors, neurons, trace, traces)
            for term, rounder in self._terms:
                for kind in term.kinds:
                    column, row = term.decrease(factors, kind), factors.axon[kind]
                    if seeing := self._seeing.get(term.number):
                        sees = term.weighted | term.pulsed
                        *seen, written = self._change(synapses, column * sees, row, seeing, when)
                        counts.append((seen[0], seen[1]))
                        writes += written
                        column = column * ~sees
                    counts.append(synapses.subtract(column, row, rounder, when))
        visits, updates = zip(*counts, strict=True)
        return sum(visits), sum(updates), writes

    def _factors(
        self, errors: Int64Array, neurons: Neurons, trace: NeuronTrace, traces: Traces
    ) -> Factors:
        one, mark = np.ones_like(errors), traces.mark
        return Factors(
            neuron=np.stack([one, neurons.spike, neurons.box, trace.factor()]),
            third=np.stack([one, errors, one * self.modulation]),
            axon=np.stack([0 * mark, mark & 1, mark >> 1, traces.trace_qq, traces.trace_pq]),
        )

    def _change(
        self,
        synapses: Synapses,
        column: Int64Array,
        row: Int64Array,
        term: MemristorTerm,
        when: Moment,
    ) -> tuple[int, int, int]:
        """A term that sees its weights: how many were visited, changed and written by pulses."""
        neurons, axons = np.flatnonzero(column), np.flatnonzero(row)
        if not len(neurons) or not len(axons):
            return 0, 0, 0
        old = synapses.weights[np.ix_(axons, neurons)]
        present = old != synapses.no_synapse
        there = np.where(present, old, 0)
        found, written = term.change(there, column[neurons], row[axons], (axons, neurons), when)
        new = np.where(present, found, old).astype(np.int32)
        synapses.replace(axons, neurons, new)
        synapses.wrote(axons, neurons, written & present)
        counted = (present, new != old, written & present)
        visits, updates, writes = (int(np.count_nonzero(each)) for each in counted)
        return visits, updates, writes
