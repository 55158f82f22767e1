"""Scoring: samples go through the chip without learning, and the readout votes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from axonloop.host.data import SCORING, Part, SpikeEncoder, generator
from axonloop.host.devices import Device, SpikeChain, TraceHash
from axonloop.host.network import Program
from axonloop.host.processing import Layers
from axonloop.host.training.from_settings import INPUT
from axonloop.models.arrays import Int32Array
from axonloop.models.protocol import state_regions

TRACED = 20
"""Samples whose whole state goes into trace_hash."""


@dataclass(frozen=True)
class Score:
    """`layers`: accuracy in 0..1 of every readout, over `samples`; the last one is `accuracy`.

    `trace_hash` is over the state of the traced samples; `wrong` are the places in the part of
    the samples that the last readout read wrongly.
    """

    layers: tuple[float, ...]
    samples: int
    trace_hash: str
    wrong: tuple[int, ...]

    @property
    def accuracy(self) -> float:
        """That of the last readout."""
        return self.layers[-1]


@dataclass
class Scorer:
    """Scores parts of the data on a device; each sample's spikes depend on `seed` alone."""

    device: Device
    layers: Layers
    program: Program
    encoder: SpikeEncoder
    seed: int
    chain: SpikeChain

    def score(
        self, part: Part, traced: int = 0, progress: Callable[[int], None] | None = None
    ) -> Score:
        """Run all of `part`; the first `traced` samples are read out tick by tick."""
        right, trace = [], TraceHash()
        for place in range(len(part)):
            trains = self.trains(part, place)
            self.device.clear()
            spikes = self._traced(trains, trace) if place < traced else self.device.run(trains)
            self.chain.add(spikes)
            answers = np.array([votes.argmax() for votes in self.layers.votes(spikes)])
            right.append(answers == part.labels[place])
            if progress is not None:
                progress(place + 1)
        accuracies = np.mean(right, axis=0).tolist()
        wrong = [place for place, good in enumerate(right) if not good[-1]]
        return Score(tuple(accuracies), len(part), trace.hexdigest(), tuple(wrong))

    def trains(self, part: Part, place: int) -> list[Int32Array]:
        """The spikes of one sample of a part: axons of each tick."""
        random = generator(self.seed, SCORING, int(part.indices[place]))
        return self.to_axons(self.encoder.encode(part.images[place], random))

    def to_axons(self, trains: list[Int32Array]) -> list[Int32Array]:
        """The axons of the chip that pixels feed, tick by tick."""
        table = self.program.axons[INPUT]
        if np.array_equal(table[:, 0], np.arange(len(table))) and table.shape[1] == 1:
            return trains
        return [table.take(pixels, axis=0).ravel() for pixels in trains]

    def _traced(self, trains: list[Int32Array], trace: TraceHash) -> list[Int32Array]:
        regions = state_regions(self.device.config.geometry)
        for axons in trains:
            self.device.send_tick(axons)
            self.device.send_read(regions)
        spikes = []
        for _ in trains:
            spikes.append(self.device.take_tick())
            trace.update(self.device.take_read())
        return spikes
