"""Scoring: samples go through the chip without learning, and the readout votes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from axonloop.host.chain import SpikeChain
from axonloop.host.data.digits import Part
from axonloop.host.device import STATE_REGIONS, Array, Device
from axonloop.host.hashes import TraceHash
from axonloop.host.processing import ProcessingCore
from axonloop.host.spikes import SCORING, SpikeEncoder, generator

TRACED = 20
"""Samples whose whole state goes into trace_hash."""


@dataclass(frozen=True)
class Score:
    """`accuracy` in 0..1 over `samples`; `trace_hash` over the state of the traced ones.

    `wrong` are the places in the part of the samples that were read wrongly.
    """

    accuracy: float
    samples: int
    trace_hash: str
    wrong: tuple[int, ...]


@dataclass
class Scorer:
    """Scores parts of the data on a device; each sample's spikes depend on `seed` alone."""

    device: Device
    core: ProcessingCore
    encoder: SpikeEncoder
    seed: int
    chain: SpikeChain

    def score(
        self, part: Part, traced: int = 0, progress: Callable[[int], None] | None = None
    ) -> Score:
        """Run all of `part`; the first `traced` samples are read out tick by tick."""
        wrong, trace = [], TraceHash()
        for place in range(len(part)):
            trains = self.trains(part, place)
            self.device.clear()
            spikes = self._traced(trains, trace) if place < traced else self.device.run(trains)
            self.chain.add(spikes)
            if self.core.votes(spikes).argmax() != part.labels[place]:
                wrong.append(place)
            if progress is not None:
                progress(place + 1)
        samples = len(part)
        return Score((samples - len(wrong)) / samples, samples, trace.hexdigest(), tuple(wrong))

    def trains(self, part: Part, place: int) -> list[Array]:
        """The spikes of one sample of a part: axons of each tick."""
        random = generator(self.seed, SCORING, int(part.indices[place]))
        return self.encoder.encode(part.images[place], random)

    def _traced(self, trains: list[Array], trace: TraceHash) -> list[Array]:
        spikes = []
        for axons in trains:
            spikes.append(self.device.tick(axons))
            trace.update(self.device.read(region) for region in STATE_REGIONS)
        return spikes
