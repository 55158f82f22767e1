"""How often memristors were written: by population, beside what they bear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.network import Program
from axonloop.models.arrays import Int32Array

Counts = NDArray[np.int32]
BINS = 30
"""Bars of a histogram."""


@dataclass(frozen=True)
class WriteAccount:
    """The writes of the memristors of a run.

    `total` is the chip's counter, over `memristors` plastic synapses. `populations` has those of
    each synapse onto a population, int32 `(n,)`, None where the device counts their sum alone.
    `kind` is the memristors' name, which bear `bears` writes (None: unknown or without end);
    `endurance` is after how many the run held them as stuck (None: never), and `worn` how many it
    held.
    """

    total: int
    memristors: int
    populations: Mapping[str, Counts] | None
    kind: str | None = None
    bears: float | None = None
    endurance: float | None = None
    worn: int = 0

    @property
    def limit(self) -> float | None:
        """The writes after which they are stuck, or would be; None: there is no such number."""
        return self.bears if self.endurance is None else self.endurance

    @property
    def beyond(self) -> int:
        """The memristors that are known to have had as many writes as that, or more."""
        limit = np.inf if self.limit is None else self.limit
        every = () if self.populations is None else self.populations.values()
        return sum(int(np.count_nonzero(own >= limit)) for own in every)

    @property
    def warning(self) -> str:
        """What to say where memristors bore more than their kind does; "" where none did."""
        if self.endurance is not None or not self.beyond:
            return ""
        share = f"{self.beyond:,} of {self.memristors:,} memristors"
        how = f"with endurance = {self.bears:g} in [network] they would be stuck"
        return f"{share} had more writes than {self.kind} bears, {self.bears:,.0f}; {how}"

    def metrics(self) -> dict[str, Any]:
        """What metrics.json holds of it."""
        every = self.populations or {}
        found = {
            "total": self.total,
            "memristors": self.memristors,
            "per_memristor": self.total / max(1, self.memristors),
            "by_synapse": self.populations is not None,
            "bears": self.bears,
            "endurance": self.endurance,
            "worn": self.worn,
        }
        if not every:
            return found
        most = max(int(own.max()) for own in every.values())
        own = {name: _summary(counts) for name, counts in every.items()}
        return found | {"most": most, "beyond": self.beyond, "populations": own}


def _summary(own: Counts) -> dict[str, Any]:
    counts, edges = np.histogram(own, BINS)
    return {
        "memristors": own.size,
        "mean": float(own.mean()),
        "median": float(np.median(own)),
        "most": int(own.max()),
        "never": int(np.count_nonzero(own == 0)),
        "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
    }


def by_population(
    program: Program, weights: Int32Array, values: Int32Array
) -> dict[str, Int32Array]:
    """Values of synapses, as `weights` of a device: for each population those of its plastic ones.

    Both are int32 `(axons, neurons of a core)`. Populations that nothing plastic reaches are left
    out.
    """
    geometry, cores = program.geometry, program.config.cores
    shape = (len(cores), geometry.axons, geometry.neurons)
    plastic = np.array([row.plastic for core in cores for row in core.rows])
    there = ((weights != geometry.no_synapse) & plastic[:, None]).reshape(shape)
    found = {}
    for name, neurons in program.neurons.items():
        core, column = np.divmod(neurons, geometry.neurons)
        own = there[core, :, column]
        if own.any():
            found[name] = values.reshape(shape)[core, :, column][own]
    return found
