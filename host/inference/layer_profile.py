"""What one population did over samples: its ranges, its spikes, its work, its distance to float."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from axonloop.host.network import Program
from axonloop.host.nir import LayerComparison
from axonloop.host.processing import BUSY
from axonloop.host.recorder import Rasters, StateRecord
from axonloop.models.arrays import Int32Array
from axonloop.models.config import Geometry
from axonloop.models.protocol import Region

OF_NEURONS, OF_AXONS = ("current", "membrane", "reset"), ("trace_q", "trace_p")


@dataclass(frozen=True)
class ValueRange:
    """The smallest and largest value that was seen, and the `limit` of the word.

    Signed words end at +-limit. `at_limit`: how many of the values that were seen stood there.
    """

    low: int
    high: int
    limit: int
    at_limit: int = 0

    @property
    def used(self) -> float:
        """The share of the range that was used, 0..1."""
        return max(abs(self.low), abs(self.high)) / self.limit

    def __or__(self, other: ValueRange) -> ValueRange:
        low, high = min(self.low, other.low), max(self.high, other.high)
        return ValueRange(low, high, self.limit, self.at_limit + other.at_limit)


@dataclass
class LayerProfile:
    """One population over `ticks` ticks of all samples.

    `counts`: spikes of every neuron. `ranges` by state, as "membrane", and "weight". `synops`:
    synaptic operations of the axons that end on it. Where there is a float twin: `agreement`, the
    share of neuron-ticks with the same spike on both sides, each on its own; `beside`, the same
    where the float layer hears the chip's spikes, `membrane` the largest distance of V - R then, in
    thresholds, and `bound` what it cannot exceed, if that is known; `parts_at`: sample, tick and
    neuron at which they part first, None if they never do. Populations that are one node of a NIR
    graph share what is said of the node.
    """

    name: str
    neurons: int
    ticks: int = 0
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    ranges: dict[str, ValueRange] = field(default_factory=dict)
    synops: int = 0
    agreement: float | None = None
    beside: float | None = None
    membrane: float | None = None
    bound: float | None = None
    parts_at: tuple[int, int, int] | None = None

    @property
    def spikes(self) -> int:
        """All spikes."""
        return int(self.counts.sum())

    @property
    def rate(self) -> float:
        """Spikes per neuron and tick."""
        return self.spikes / (self.ticks * self.neurons)

    @property
    def silent(self) -> int:
        """Neurons that never spiked."""
        return int((self.counts == 0).sum())

    @property
    def always_on(self) -> int:
        """Neurons that spiked in more than 90 % of the ticks."""
        return int((self.counts > BUSY * self.ticks).sum())

    @property
    def at_limits(self) -> int:
        """State words that stood at the end of their range after a tick."""
        return sum(own.at_limit for name, own in self.ranges.items() if name != "weight")

    def add(self, program: Program, record: StateRecord, rasters: Rasters) -> None:
        """Add a sample, recorded in every tick."""
        spikes = record.of(self.name, "spike")
        self.ticks += len(spikes)
        self.counts = spikes.sum(axis=0) + (self.counts if len(self.counts) else 0)
        for state in OF_NEURONS:
            self._widen(state, record.of(self.name, state), program.geometry)
        ends = [own for name, own in record.projections.items() if _ends_on(name, self.name)]
        for state in OF_AXONS:
            found = [record[state][:, own] for own in ends]
            if found:
                self._widen(state, np.concatenate(found, axis=1), program.geometry)
        self.synops += synops_of(program, self.name, record, rasters)

    def _widen(self, name: str, values: Int32Array, geometry: Geometry) -> None:
        limit = (1 << Region[name.upper()].width(geometry)) - 1
        if Region[name.upper()].signed:
            limit >>= 1
        at = int((np.abs(values) >= limit).sum())
        own = ValueRange(int(values.min()), int(values.max()), limit, at)
        self.ranges[name] = self.ranges[name] | own if name in self.ranges else own

    def take_weights(self, program: Program, weights: Int32Array) -> None:
        """Note the range of the synapses that lead to it."""
        geometry, found = program.geometry, []
        for each in program.plan.network.projections:
            if each.target == self.name:
                found.append(program.weights_of(each, weights).ravel())
        if program.plan.network.population(self.name).bias:
            found.append(program.bias_of(self.name, weights))
        every = np.concatenate(found)
        every = every[every != geometry.no_synapse]
        limit = geometry.weight_max
        at = int((np.abs(every) >= limit).sum())
        self.ranges["weight"] = ValueRange(int(every.min()), int(every.max()), limit, at)

    def compare(self, compared: LayerComparison, sample: int, samples: int) -> None:
        """Add how far from float it was in one of `samples` samples, all of as many ticks."""
        self.agreement = (self.agreement or 0.0) + compared.agreement / samples
        self.beside = (self.beside or 0.0) + compared.beside / samples
        self.membrane = max(self.membrane or 0.0, compared.membrane)
        self.bound = compared.bound if np.isfinite(compared.bound) else None
        if self.parts_at is None and compared.first is not None:
            self.parts_at = (sample, *compared.first)


def _ends_on(group: str, population: str) -> bool:
    """Does a projection, as "a -> b (delay 1)" or "b bias", end on a population?"""
    end = group.partition(" -> ")[2].partition(" (delay ")[0]
    return population in (end, group.removesuffix(" bias"))


def synops_of(program: Program, name: str, record: StateRecord, rasters: Rasters) -> int:
    """Synaptic operations of a population's axons in a recorded sample, as the chip counts them."""
    total, ticks, lanes = 0, len(record.ticks), program.geometry.lanes
    for wire in program.plan.wires:
        if wire.part.population.name != name:
            continue
        work = lanes * wire.groups
        if wire.projection is None:
            total += ticks * int(work.sum())
            continue
        source, delay = wire.projection.source, wire.projection.delay
        host = source in rasters
        sent = rasters[source] if host else record.of(source, "spike").astype(np.bool_)
        if not host:
            sent = np.logical_or.reduce(sent[:, program.plan.units_of(source)], axis=-1)
        arrived = sent[: max(0, ticks - delay - (not host)), wire.channels]
        total += int((arrived.sum(axis=0) * work).sum())
    return total
