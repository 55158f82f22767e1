"""The traces of the axons: Q, P and the learning factor Pq."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import CoreConfig
from axonloop.models.golden.arithmetic import (
    Int64Array,
    decay_unsigned,
    per_axon,
    saturate_unsigned,
)


class Traces:
    """State arrays `(axons,)`, unsigned: `trace_q`, `trace_p` (trace_bits), `trace_pq`, `trace_qq`
    (pq_bits), `mark`.

    `trace_qq` and `mark` are for terms; in a build without terms they stay 0.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.geometry = config.geometry
        self.clear()
        self.configure(config)

    def clear(self) -> None:
        """Zero all state."""
        count = self.geometry.axons
        self.trace_q: Int64Array = np.zeros(count, dtype=np.int64)
        self.trace_p: Int64Array = np.zeros(count, dtype=np.int64)
        self.trace_pq: Int64Array = np.zeros(count, dtype=np.int64)
        self.trace_qq: Int64Array = np.zeros(count, dtype=np.int64)
        self.mark: Int64Array = np.zeros(count, dtype=np.int64)

    def configure(self, config: CoreConfig) -> None:
        """Take over the rows' parameter sets and whether they learn."""
        self.alpha_p = per_axon(config, "alpha_p")
        self.beta_p = per_axon(config, "beta_p")
        self.q_inc = per_axon(config, "q_inc")
        self.p_shift = per_axon(config, "p_shift")
        self.pq_shift = per_axon(config, "pq_shift")
        self.qq_shift = per_axon(config, "qq_shift")
        self.plastic = plastic = np.array([row.plastic for row in config.rows])
        always_on = np.array([row.always_on for row in config.rows])
        self._follows = plastic & ~always_on
        self._fixed_pq = np.where(plastic & always_on, per_axon(config, "pq_on"), 0)

    def step(self, spikes: NDArray[np.bool_]) -> int:
        """Run one tick with the axons' `spikes`, bool `(axons,)`; return the words clipped."""
        limit = self.geometry.trace_max
        raised = decay_unsigned(self.trace_q, self.beta_p) + self.q_inc * spikes
        self.trace_q, clipped_q = saturate_unsigned(raised, limit)
        raised = decay_unsigned(self.trace_p, self.alpha_p) + (self.trace_q >> self.p_shift)
        self.trace_p, clipped_p = saturate_unsigned(raised, limit)
        self.trace_pq = self._factor(self.trace_p >> self.pq_shift)
        if self.geometry.terms:
            self.trace_qq = self._factor(self.trace_q >> self.qq_shift)
            self.mark = self.plastic * (1 + 2 * spikes.astype(np.int64))
        return clipped_q + clipped_p

    def _factor(self, trace: Int64Array) -> Int64Array:
        """Pq or Qq, int64 `(axons,)`: the shifted `trace`, clipped, or 0 or pq_on by the row."""
        return np.where(self._follows, np.minimum(trace, self.geometry.pq_max), self._fixed_pq)
